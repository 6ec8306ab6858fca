"""Who acts in a crowd: the sessions, accounts and limits that a page asks, for many requests with a few statements.

Only a patient's plain session is known here. Everybody else (no session, an ended one, staff, a password changed since) is
None, and the ordinary middleware says what becomes of them.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django_otp import DEVICE_ID_SESSION_KEY

from hospital.kit.actor import Actor
from hospital.people import sessions
from hospital.people.models import session_hash
from hospital.people.parameters import IDLE_MINUTES_PATIENT
from hospital.people.session_store import SessionStore

from . import selectors
from .middleware import client_ip, device_mark

_SESSIONS = "SELECT session_key, session_data FROM django_session WHERE session_key = ANY(%s) AND expire_date > %s"
_ACCOUNTS = """
SELECT account.id, account.password, account.epoch, link.patient_id, link.relation, patient.verified_at
FROM people_account AS account
LEFT JOIN people_familylink AS link ON link.account_id = account.id AND link.revoked_at IS NULL
LEFT JOIN people_patient AS patient ON patient.id = link.patient_id
WHERE account.id = ANY(%s) AND account.is_active AND NOT account.is_staff
"""
# A session that another request writes at this moment is left to it: both write that it was used just now.
_TOUCH = """
WITH free AS (SELECT session_key FROM django_session WHERE session_key = ANY(%(keys)s) FOR NO KEY UPDATE SKIP LOCKED)
UPDATE django_session AS session SET session_data = used.data, expire_date = used.ends
FROM unnest(%(keys)s::text[], %(data)s::text[], %(ends)s::timestamptz[]) AS used (key, data, ends)
WHERE session.session_key = used.key AND used.key IN (SELECT session_key FROM free)
"""


def actors_of_crowd(requests: Sequence[HttpRequest], *, at: datetime) -> list[Actor | None]:
    """The patient who acts in each request, with the session on it as the middleware would put it there."""
    held = _sessions(requests)
    accounts: dict[int, tuple[str, int]] = {}
    links: dict[int, list[tuple[int, str, Any]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_ACCOUNTS, [[account_id for account_id in map(_account_id, held.values()) if account_id]])
        for account_id, password, epoch, patient_id, relation, verified_at in cursor.fetchall():
            accounts[account_id] = password, epoch
            if patient_id is not None:
                links[account_id].append((patient_id, relation, verified_at))

    @cache
    def idle_minutes() -> int:
        return IDLE_MINUTES_PATIENT.at(at)

    def actor(request: HttpRequest) -> Actor | None:
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
        session = held.get(key, {})
        account_id = _account_id(session)
        if account_id is None or account_id not in accounts:
            return None
        if not constant_time_compare(session.get(HASH_SESSION_KEY, ""), session_hash(*accounts[account_id])):
            return None
        store = SessionStore(key)
        store._session_cache = session  # type: ignore[attr-defined]
        request.session = store
        if sessions.left_alone(request, idle_minutes, at=at):
            return None
        sessions.touch(request, at=at)
        return selectors.patient_actor(
            account_id, links[account_id], ip=client_ip(request), device=device_mark(request),
            request_id=getattr(request, "request_id", ""),
        )  # fmt: skip

    return [actor(request) for request in requests]


def _sessions(requests: Sequence[HttpRequest]) -> dict[str, dict[str, Any]]:
    keys = [request.COOKIES.get(settings.SESSION_COOKIE_NAME, "") for request in requests]
    with connection.cursor() as cursor:
        cursor.execute(_SESSIONS, [keys, timezone.now()])
        rows = cursor.fetchall()
    store = SessionStore()
    return {key: store.decode(data) for key, data in rows}


def _account_id(session: dict[str, Any]) -> int | None:
    """Whose plain session this is; a device of a second factor makes it staff's."""
    if session.get(BACKEND_SESSION_KEY) != sessions.BACKEND or DEVICE_ID_SESSION_KEY in session:
        return None
    account = str(session.get(SESSION_KEY, ""))
    return int(account) if account.isdecimal() and account.isascii() else None


def sessions_save(requests: Sequence[HttpRequest]) -> None:
    """Write the sessions that were touched, as the session middleware does after an answer."""
    used = {str(one.session.session_key): one.session for one in requests if one.session.modified}
    if not used:
        return
    stores = list(used.values())
    rows: dict[str, Any] = {
        "keys": list(used),
        "data": [store.encode(store._session) for store in stores],  # type: ignore[attr-defined]
        "ends": [store.get_expiry_date() for store in stores],
    }
    with connection.cursor() as cursor:
        cursor.execute(_TOUCH, rows)
