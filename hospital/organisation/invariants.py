"""Truths that must hold after every story, race and drill; each query finds what breaks one."""

from hospital.kit.invariants import register


def register_all() -> None:
    """Called once, from wiring."""
    register(
        "organisation.code_can_be_found",
        "H1 search",
        "SELECT id, system, code FROM organisation_concept WHERE folded = '' AND display ~ '[[:alnum:]]'",
    )
    register(
        "organisation.care_relation_ends",
        "MR-12",
        "SELECT id, starts_at, ends_at FROM organisation_carerelation WHERE ends_at <= starts_at",
    )
    register(
        "organisation.post_ends_after_it_begins",
        "SEC-05",
        "SELECT id, effective_from, effective_to FROM organisation_post WHERE effective_to < effective_from",
    )
    register(
        "organisation.staff_account_is_staff",
        "H6",
        "SELECT staff.id, staff.number FROM organisation_staff AS staff "
        "JOIN people_account AS account ON account.id = staff.account_id WHERE NOT account.is_staff",
    )
    register(
        "organisation.only_administrators_administer",
        "SEC-05",
        "SELECT account.id FROM people_account AS account WHERE account.is_superuser AND NOT EXISTS ("
        "SELECT 1 FROM organisation_staff AS staff JOIN organisation_post AS post ON post.staff_id = staff.id "
        "WHERE staff.account_id = account.id AND post.role = 'admin')",
    )
