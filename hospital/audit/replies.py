"""The same write sent twice has one effect: `Idempotency-Key` of the HTTP API.

    answer = reply_once(actor=actor, route="bookings.create", key=key, body=request.body, at=at, act=act)

`act` runs in the transaction that stores its answer and so must be made of @within verbs. A refusal stores nothing and
has changed nothing: it may be tried again under the same key.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from hospital.kit.actor import Actor
from hospital.kit.parameters import Parameter
from hospital.kit.problems import Problem
from hospital.kit.transactions import entry

from .models import IdempotentReply
from .services import refusals_keep

KEEP_HOURS = Parameter(
    "audit.reply_hours", int, 48, source="G06", title=_("Hours for which a repeated request gets its first answer"),
    unit="h",
)  # fmt: skip


class KeyNeeded(Problem):
    code = "idempotency-key-needed"
    status = 400
    audited = False
    title = _("This request needs the header Idempotency-Key")
    next_step = _("Send a new random key with each new request, and the same key when you repeat one.")


class KeyReused(Problem):
    code = "idempotency-key-reused"
    status = 422
    title = _("This Idempotency-Key belongs to another request")
    next_step = _("Send a new key with a new request.")


# Two of the same at once: the second waits and reads what the first stored. Two statements in one journey; the second
# sees what was committed while the first waited, because each has a snapshot of its own.
_STORED = """
SELECT pg_advisory_xact_lock(hashtextextended(%(lock)s, 0));
SELECT body_hash, status, body FROM audit_idempotentreply WHERE who = %(who)s AND route = %(route)s AND key = %(key)s
"""
_STORE = """
INSERT INTO audit_idempotentreply (who, route, key, body_hash, status, headers, body, created_at)
VALUES (%(who)s, %(route)s, %(key)s, %(digest)s, %(status)s, '{}', %(body)s, %(at)s)
"""


# The same for many at once. Nobody is waited for: a key that another transaction has is left to `reply_once`.
_LOCK_MANY = """
SELECT turn FROM unnest(%(turns)s::int[], %(locks)s::text[]) AS asked (turn, lock)
WHERE pg_try_advisory_xact_lock(hashtextextended(lock, 0))
"""
_STORED_MANY = """
SELECT asked.turn, body_hash, status, body
FROM unnest(%(turns)s::int[], %(whos)s::text[], %(keys)s::text[]) AS asked (turn, who, key)
JOIN audit_idempotentreply AS stored ON stored.who = asked.who AND stored.route = %(route)s AND stored.key = asked.key
"""
_STORE_MANY = """
INSERT INTO audit_idempotentreply (who, route, key, body_hash, status, headers, body, created_at)
SELECT new.who, %(route)s, new.key, new.digest, new.status, '{}', new.body, %(at)s
FROM unnest(%(whos)s::text[], %(keys)s::text[], %(digests)s::text[], %(statuses)s::int[], %(bodies)s::text[])
    AS new (who, key, digest, status, body)
"""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: Mapping[str, Any]
    repeated: bool = False


def _who(actor: Actor) -> str:
    return f"service:{actor.service}" if actor.is_system else f"account:{actor.account_id}"


@entry
def reply_once(
    *, actor: Actor, route: str, key: str, body: bytes, at: datetime, act: Callable[[], tuple[int, Mapping[str, Any]]]
) -> Reply:
    """Run `act` unless this caller sent the key before; then its first answer. Raises KeyNeeded, KeyReused."""
    if not key or len(key) > 80:
        raise KeyNeeded
    who, digest = _who(actor), hashlib.sha256(body).hexdigest()
    asked: dict[str, Any] = {"who": who, "route": route, "key": key, "digest": digest, "at": at}
    with connection.cursor() as cursor:
        cursor.execute(_STORED, asked | {"lock": f"{who} {route} {key}"})
        stored = cursor.fetchone()
    if stored is not None:
        first_digest, status, first_answer = stored
        if first_digest != digest:
            raise KeyReused
        return Reply(status, json.loads(first_answer), repeated=True)
    status, answer = act()
    with connection.cursor() as cursor:
        cursor.execute(_STORE, asked | {"status": status, "body": json.dumps(answer)})
    return Reply(status, answer)


@dataclass(frozen=True, slots=True)
class Once:
    """One of many who ask together, each by an account of their own."""

    actor: Actor
    key: str
    body: bytes


Acted = tuple[int, Mapping[str, Any]] | Problem | None


@entry
def replies_once(
    *, asked: Sequence[Once], route: str, at: datetime, act: Callable[[Sequence[int]], Mapping[int, Acted]]
) -> list[Reply | Problem | None]:
    """`reply_once` for many, in one transaction: `act` is given the turns that weren't answered before.

    A refusal is an answer here, not an exception, and leaves its line in the same transaction. None: nothing was done
    for this one, whom `reply_once` must answer by itself (its key is in use or belongs to another request).
    """
    whos, digests = [_who(one.actor) for one in asked], [hashlib.sha256(one.body).hexdigest() for one in asked]
    found: list[Reply | Problem | None] = [None] * len(asked)
    with connection.cursor() as cursor:
        locks = [f"{who} {route} {one.key}" for who, one in zip(whos, asked, strict=True)]
        cursor.execute(_LOCK_MANY, {"turns": list(range(len(asked))), "locks": locks})
        turns = sorted(turn for (turn,) in cursor.fetchall())
        keys = [asked[turn].key for turn in turns]
        cursor.execute(
            _STORED_MANY, {"turns": turns, "whos": [whos[turn] for turn in turns], "keys": keys, "route": route}
        )
        for turn, first_digest, status, first_answer in cursor.fetchall():
            turns.remove(turn)
            if first_digest == digests[turn]:
                found[turn] = Reply(status, json.loads(first_answer), repeated=True)
    new, refused = [], []
    for turn, acted in act(turns).items() if turns else ():
        if isinstance(acted, Problem):
            refused.append((asked[turn].actor, acted))
            found[turn] = acted
        elif acted is not None:
            new.append(turn)
            found[turn] = Reply(*acted)
    if new:
        made = [found[turn] for turn in new]
        rows: dict[str, Any] = {
            "whos": [whos[turn] for turn in new], "keys": [asked[turn].key for turn in new],
            "digests": [digests[turn] for turn in new], "route": route, "at": at,
            "statuses": [reply.status for reply in made if isinstance(reply, Reply)],
            "bodies": [json.dumps(reply.body) for reply in made if isinstance(reply, Reply)],
        }  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(_STORE_MANY, rows)
    refusals_keep(refused, route=route, at=at)
    return found


def replies_forget(*, at: datetime) -> int:
    """The sweep: answers that nobody may ask for again are deleted."""
    old = IdempotentReply.objects.filter(created_at__lt=at - timedelta(hours=KEEP_HOURS.at(at)))
    return old.delete()[0]
