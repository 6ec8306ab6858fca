"""Invariants: truths that must hold after every story, race and drill, each an SQL query that finds offenders.

An app registers its own in wiring.py; `manage.py check_invariants` runs them all and prints what breaks them.
"""

from dataclasses import dataclass

from django.db import connection, transaction


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
    with transaction.atomic(), connection.cursor() as cursor:
        # Whole tables are held against each other. After a great deletion the planner takes them for empty and would
        # go through every pair: a quarter of an hour instead of milliseconds.
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(f"SELECT * FROM ({invariant.sql}) AS broken LIMIT %s", [limit])  # noqa: S608 - SQL of our own
        rows: list[tuple[object, ...]] = cursor.fetchall()
        cursor.execute("SET LOCAL enable_nestloop TO DEFAULT")  # where this is part of another transaction
        return rows
