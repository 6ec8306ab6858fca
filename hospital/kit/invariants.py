"""Invariants: truths that must hold after every story, race and drill, each an SQL query that finds offenders.

An app registers its own in wiring.py; `manage.py check_invariants` runs them all and prints what breaks them.
"""

from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True, slots=True)
class Invariant:
    name: str  # "billing.ledger_balanced"
    source: str  # rule or guarantee id
    sql: str  # selects offending rows; no row means that the invariant holds


_invariants: dict[str, Invariant] = {}


def register(name: str, source: str, sql: str) -> None:
    if name in _invariants:
        raise ValueError(f"two invariants are named {name}")
    _invariants[name] = Invariant(name, source, sql)


def registered() -> list[Invariant]:
    return list(_invariants.values())


def offenders(invariant: Invariant, limit: int = 20) -> list[tuple[object, ...]]:
    """Up to `limit` rows that break the invariant."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM ({invariant.sql}) AS broken LIMIT %s", [limit])  # noqa: S608 - SQL of our own
        rows: list[tuple[object, ...]] = cursor.fetchall()
        return rows
