"""What must always hold of the outbox."""

from hospital.kit.invariants import register


def wire() -> None:
    register(
        "messaging.finished_message_has_no_waiting_delivery",
        "G04",
        """SELECT m.id FROM messaging_message m JOIN messaging_delivery d ON d.message_id = m.id
           WHERE m.status IN ('done', 'withdrawn') AND d.status = 'waiting'""",
    )
    register(
        "messaging.sent_delivery_has_time",
        "G04",
        "SELECT id FROM messaging_delivery WHERE (status = 'sent') <> (sent_at IS NOT NULL)",
    )
