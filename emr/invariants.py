"""Truths of emr that must hold after every story (kit/invariants.py)."""

from hospital.kit.invariants import register


def register_all() -> None:
    register(
        "emr.signed_has_version", "MR-02",
        "SELECT n.id FROM emr_note n WHERE n.status <> 'draft' AND NOT EXISTS (SELECT 1 FROM emr_signedversion s "
        "WHERE s.kind = 'note' AND s.document_id = n.id)",
    )  # fmt: skip
    register(
        "emr.chain_gapless",
        "G10",
        "SELECT count(*), max(sequence) FROM emr_signedversion HAVING count(*) <> coalesce(max(sequence), 0)",
    )
    register(
        "emr.paid_order_is_charged", "PAY-09",
        "SELECT o.id FROM emr_order o JOIN billing_charge c ON c.id = o.charge_id WHERE o.status IN "
        "('scheduled', 'collected', 'reported', 'closed') AND c.status NOT IN ('paid', 'part_refunded', 'refunded')",
    )  # fmt: skip
    register(
        "emr.no_dispensing_without_pay", "IH-08",
        "SELECT p.id FROM emr_prescription p LEFT JOIN billing_charge c ON c.id = p.charge_id WHERE p.status IN "
        "('paid', 'dispensed', 'delivered') AND (c.id IS NULL OR c.paid_at IS NULL)",
    )  # fmt: skip
    register(
        "emr.report_of_its_orders_patient",
        "E4",
        "SELECT r.id FROM emr_report r JOIN emr_order o ON o.id = r.order_id WHERE o.patient_id <> r.patient_id",
    )
    register(
        "emr.released_was_seen_by_a_doctor",
        "E4",
        "SELECT id FROM emr_report WHERE status = 'released' AND reviewed_at IS NULL",
    )
    register(
        "emr.critical_was_answered_before_release", "Q23",
        "SELECT a.id FROM emr_criticalalert a JOIN emr_observation o ON o.id = a.observation_id JOIN emr_report r ON "
        "r.id = o.report_id WHERE r.status = 'released' AND a.acknowledged_at IS NULL",
    )  # fmt: skip
    register(
        "emr.dispensed_by_ten_matches", "RX-10",
        "SELECT p.id FROM emr_prescription p LEFT JOIN emr_dispensecheck d ON d.prescription_id = p.id WHERE p.status "
        "IN ('dispensed', 'delivered') AND (d.id IS NULL OR jsonb_array_length(d.matches) <> 10)",
    )  # fmt: skip
    register(
        "emr.encounter_has_care_relation", "MR-12",
        "SELECT e.id FROM emr_encounter e WHERE NOT EXISTS (SELECT 1 FROM organisation_carerelation c WHERE "
        "c.patient_id = e.patient_id AND c.because = 'emr.encounter' AND c.because_id = e.id)",
    )  # fmt: skip
