"""Truths of consult that hold after every story, race and drill."""

from hospital.kit import invariants


def register_all() -> None:
    invariants.register(
        "consult.talk_gapless",
        "G35: the lines of a talk count 1, 2, 3 without gaps, and the visit knows the last",
        """SELECT v.id FROM consult_onlinevisit v LEFT JOIN consult_talkmessage m ON m.visit_id = v.id
           GROUP BY v.id, v.last_seq HAVING count(m.id) <> v.last_seq OR coalesce(max(m.seq), 0) <> v.last_seq""",
    )
    invariants.register(
        "consult.paid_or_given_back",
        "IH-19, G02: a visit that came to nothing keeps no place",
        """SELECT v.id FROM consult_onlinevisit v JOIN appointments_booking b ON b.id = v.booking_id
           WHERE v.status IN ('cancelled', 'expired') AND b.status IN ('held', 'booked', 'checked_in', 'seen')""",
    )
    invariants.register(
        "consult.evidence_before_talk",
        "IH-01: no return visit was begun without proved evidence",
        """SELECT v.id FROM consult_onlinevisit v WHERE v.service = 'return' AND v.started_at IS NOT NULL
           AND v.status <> 'waiting' AND NOT EXISTS (SELECT 1 FROM consult_evidence e WHERE e.visit_id = v.id
           AND (e.kind = 'own' OR e.confirmed_at IS NOT NULL))""",
    )
    invariants.register(
        "consult.consent_before_talk",
        "IH-10: consent was signed before the talk, to the words it names",
        """SELECT v.id FROM consult_onlinevisit v WHERE v.started_at IS NOT NULL AND NOT EXISTS
           (SELECT 1 FROM consult_consentsignature s JOIN consult_consenttext t ON t.id = s.text_id
            WHERE s.visit_id = v.id AND s.at <= v.started_at AND s.digest = t.digest)""",
    )
