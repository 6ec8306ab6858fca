"""Writing the audit trail: always in the transaction of what it speaks of, so that neither exists alone (SEC-04)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, models, transaction

from hospital.kit.actor import Actor
from hospital.kit.lifecycle import Move
from hospital.kit.problems import Problem
from hospital.kit.transactions import within

# Written out, because every hold, read and move writes such lines and the ORM takes longer to build an INSERT than
# PostgreSQL to do it. The line knows its transaction by itself.
_LINE = """
INSERT INTO audit_entry (
    at, account_id, staff_id, roles, service, action, subject_type, subject_id, patient_id, outcome, reason, ip, device,
    request_id, xid
) VALUES (
    %(at)s, %(account_id)s, %(staff_id)s, %(roles)s, %(service)s, %(action)s, %(subject_type)s, %(subject_id)s,
    %(patient_id)s, %(outcome)s, %(reason)s, %(ip)s, %(device)s, %(request_id)s, pg_current_xact_id()::text::bigint
)
"""
_MOVES = """
INSERT INTO audit_statuschange (lifecycle, row_id, old, new, at, account_id, staff_id, service, reason) VALUES
"""
_MOVES_AT_ONCE = 1000


@within
def record(
    actor: Actor,
    action: str,
    *,
    at: datetime,
    subject: models.Model | None = None,
    patient_id: int | None = None,
    outcome: str = "ok",
    reason: str = "",
) -> None:
    """Write one line. A failing insert fails the caller: no read and no write goes without its line (G15)."""
    line = {
        "at": at, "account_id": actor.account_id, "staff_id": actor.staff_id, "roles": ",".join(sorted(actor.roles)),
        "service": actor.service, "action": action,
        "subject_type": subject._meta.label_lower if subject is not None else "",
        "subject_id": str(subject.pk) if subject is not None else "",
        "patient_id": patient_id, "outcome": outcome, "reason": str(reason), "ip": actor.ip or None,
        "device": actor.device, "request_id": actor.request_id,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_LINE, line)


RULE_REFUSED = "rule.refused"
_REFUSALS = """
INSERT INTO audit_entry (
    at, account_id, staff_id, roles, service, action, subject_type, subject_id, patient_id, outcome, reason, ip, device,
    request_id, xid
) SELECT
    %(at)s, told.account_id, NULL, told.roles, '', %(action)s, '', '', NULL, told.outcome, told.reason, told.ip, told.device,
    told.request_id, pg_current_xact_id()::text::bigint
FROM unnest(
    %(account_id)s::bigint[], %(roles)s::text[], %(outcome)s::text[], %(reason)s::text[], %(ip)s::inet[],
    %(device)s::text[], %(request_id)s::text[]
) AS told (account_id, roles, outcome, reason, ip, device, request_id)
"""


def refusal_keep(verb: str, given: Mapping[str, Any], problem: Problem) -> None:
    """G-2: what a rule refused leaves its line, in a transaction of its own: the verb's is rolled back already.

    Of a person only: a sweep that is refused tries again by itself, and would fill a table that never shrinks.
    """
    actor, at = given.get("actor"), given.get("at")
    if not isinstance(actor, Actor) or actor.account_id is None or not isinstance(at, datetime):
        return
    ids = {name: value for name, value in given.items() if name.endswith("_id") and isinstance(value, int)}
    route = given.get("route")
    said = " ".join(
        [problem.code, route if isinstance(route, str) else verb, *(f"{name}={value}" for name, value in ids.items())]
    )
    with transaction.atomic():
        record(
            actor, RULE_REFUSED, at=at, patient_id=ids.get("patient_id"), outcome=problem.code[:20], reason=said[:500]
        )


@within
def refusals_keep(told: Sequence[tuple[Actor, Problem]], *, route: str, at: datetime) -> None:
    """`refusal_keep` for many patients who are refused at once by one route: in the transaction of the others' answers."""
    if not told:
        return
    rows: dict[str, Any] = {
        "account_id": [actor.account_id for actor, _ in told],
        "roles": [",".join(sorted(actor.roles)) for actor, _ in told],
        "outcome": [problem.code[:20] for _, problem in told],
        "reason": [f"{problem.code} {route}"[:500] for _, problem in told],
        "ip": [actor.ip or None for actor, _ in told],
        "device": [actor.device for actor, _ in told],
        "request_id": [actor.request_id for actor, _ in told],
    }
    with connection.cursor() as cursor:
        cursor.execute(_REFUSALS, rows | {"at": at, "action": RULE_REFUSED})


@within
def journal_moves(moves: Sequence[Move]) -> None:
    """The journal of every Lifecycle, registered in wiring.py."""
    with connection.cursor() as cursor:
        for first in range(0, len(moves), _MOVES_AT_ONCE):
            some = moves[first : first + _MOVES_AT_ONCE]
            rows = [
                (
                    move.lifecycle, move.pk, move.old, move.new, move.at, move.actor.account_id, move.actor.staff_id,
                    move.actor.service, str(move.reason),
                )
                for move in some
            ]  # fmt: skip
            cursor.execute(_MOVES + ", ".join(["%s"] * len(rows)), rows)  # each row adapts as (…, …)
