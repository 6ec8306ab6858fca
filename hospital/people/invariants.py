"""Truths of people that must hold after every story, race and drill (kit/invariants.py)."""

from hospital.kit.invariants import register


def register_all() -> None:
    """Called once, from wiring."""
    register(
        "people.verified_has_document", "IH-04",
        "SELECT id FROM people_patient WHERE verified_at IS NOT NULL AND (document_no = '' OR document_index IS NULL)",
    )  # fmt: skip
    # A value without its index is lost to every search; an index without its value finds what is gone (SEC-06).
    for table, columns in (("people_patient", ("name", "phone")), ("people_account", ("phone",))):
        for column in columns:
            register(
                f"{table.replace('_', '.')}_{column}_is_indexed", "SEC-06",
                f"SELECT id FROM {table} WHERE ({column} = '') <> ({column}_index IS NULL)",  # noqa: S608 - names of ours
            )  # fmt: skip
    register(
        "people.staff_act_for_nobody", "SEC-07",
        "SELECT l.id, l.account_id FROM people_familylink l JOIN people_account a ON a.id = l.account_id "
        "WHERE a.is_staff AND l.revoked_at IS NULL",
    )  # fmt: skip
    register(
        "people.code_used_in_time", "G20",
        "SELECT id FROM people_logincode WHERE used_at > expires_at OR used_at < created_at",
    )  # fmt: skip
    register(
        "people.sent_code_is_wiped", "G27",
        "SELECT id FROM people_outgoingcode WHERE (sent_at IS NOT NULL OR dropped_at IS NOT NULL) "
        "AND (phone <> '' OR code <> '')",
    )  # fmt: skip
