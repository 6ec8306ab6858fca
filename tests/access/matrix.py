"""The matrix: each door, by each verb, as each person, on each relation. Test helpers, no tests (G12, G14)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from unittest import mock

from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from channels.layers import InMemoryChannelLayer, channel_layers
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from hospital.kit.access import Rule
from hospital.kit.actor import Role
from hospital.kit.doors import Route
from hospital.people import sessions
from hospital.people.services import service_token_create
from hospital.sockets import socket_application
from tests.access.subjects import OK, Case
from tests.cast import HOUSE, Cast, Person, actor_of_person, client_for

ABSENT = 9_000_000_000  # an id that no object has
REFUSED = frozenset({401, 403, 404})
# Tables that a refusal may write to: its own security line, and when a session or a program was last seen.
MAY_CHANGE = frozenset({"audit_entry", "django_session", "people_servicetoken"})


@dataclass
class Visitor:
    name: str
    client: Client
    roles: frozenset[Role]
    patient: Any = None


def visitors(cast: Cast) -> list[Visitor]:
    """Everybody of the cast, a stranger without an account, a disabled and an idle one, and a program."""
    found = [Visitor("anonymous", client_for(None), frozenset({Role.ANONYMOUS}))]
    for name, person in vars(cast).items():
        if isinstance(person, Person) and person.account is not None:
            found.append(Visitor(name, client_for(person), actor_of_person(person).roles, person.patient))
    anonymous = frozenset({Role.ANONYMOUS})
    disabled = cast.new_patient("钱停")
    found.append(Visitor("disabled", client_for(disabled), anonymous))
    disabled.account.is_active = False
    disabled.account.save(update_fields=["is_active"])
    idle = client_for(cast.new_patient("周闲"))
    session = idle.session
    session[sessions._SEEN] -= timedelta(hours=2).total_seconds()
    session.save()
    found.append(Visitor("idle", idle, anonymous))
    token = service_token_create(actor=HOUSE, name="tests.matrix", scopes=[""], days=1, at=cast.at)
    program = Client(headers={"authorization": f"Bearer {token}"})
    found.append(Visitor("service", program, frozenset({Role.SERVICE})))
    return found


@dataclass
class Outcome:
    status: int
    body: bytes
    headers: str
    changed: dict[str, int]
    lines: int  # security lines written


def counters() -> dict[str, int]:
    """Rows written so far in this transaction, by table; PostgreSQL counts them even when a savepoint rolls back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables"
            " WHERE n_tup_ins + n_tup_upd + n_tup_del > 0"
        )
        return dict(cursor.fetchall())


def knock(visitor: Visitor, path: str, verb: str, case: Case) -> Outcome:
    """One request; whatever it did is rolled back, so that each cell starts from the same house."""
    before = counters()
    response, body = ask(visitor, path, verb, case)
    moved = moved_since(before)
    lines = moved.get("audit_entry", 0)
    headers = "\n".join(f"{key}: {value}" for key, value in response.items())
    return Outcome(response.status_code, body, headers, {t: n for t, n in moved.items() if t not in MAY_CHANGE}, lines)


def ask(visitor: Visitor, path: str, verb: str, case: Case) -> tuple[Any, bytes]:
    """The answer to one request, and its body; what it wrote is rolled back."""
    savepoint = transaction.atomic()
    savepoint._from_testcase = True  # lets the product's durable transactions run inside
    visitor.client.raise_request_exception = False
    cookies = visitor.client.cookies.output()
    with savepoint:
        options: dict[str, Any] = {"headers": dict(case.headers)}
        data: Any = dict(case.data or {})
        if verb == "GET":
            data = dict(case.query or {})
        elif case.json or verb != "POST":
            options["content_type"] = "application/json"
        response = getattr(visitor.client, verb.lower())(path, data, **options)
        body = b"".join(response.streaming_content) if response.streaming else response.content
        transaction.set_rollback(True)
    if visitor.client.cookies.output() != cookies:
        visitor.client.cookies.clear()  # a cookie that is new, e.g. of messages, would show on the next page
        visitor.client.cookies.load(cookies.replace("Set-Cookie: ", ""))
    return response, body


def moved_since(before: dict[str, int]) -> dict[str, int]:
    """Rows written since then in each table, rolled back or not."""
    after = counters()
    return {table: after[table] - before.get(table, 0) for table in after if after[table] != before.get(table, 0)}


_NOISE = [
    re.compile(rb'nonce="[^"]*"'),
    re.compile(rb'data-now="[^"]*"'),
    re.compile(rb'name="next" value="[^"]*"'),
    re.compile(rb"next=[^\"]*"),
    re.compile(rb'name="csrfmiddlewaretoken" value="[^"]*"'),
    re.compile(rb'"X-CSRFToken": "[^"]*"'),
    re.compile(rb"&quot;X-CSRFToken&quot;: &quot;[^&]*&quot;"),
]


def plain(body: bytes, path: str) -> bytes:
    """The body without what differs between any two answers."""
    for noise in _NOISE:
        body = noise.sub(b"", body)
    return body.replace(path.encode(), b"/path/")


def canaries(patient: Any) -> list[str]:
    """What belongs to one patient alone and must never reach another."""
    return [patient.document_no, patient.phone, patient.record_no]


@dataclass
class Verdict:
    faults: list[str] = field(default_factory=list)
    succeeded: set[str] = field(default_factory=set)
    cells: int = 0


def cases_of(route: Route, rule: Rule, cast: Cast, factories: dict[str, Any], everyone: list[Visitor]) -> list[Case]:
    if rule.subject:
        return list(factories[rule.subject](cast, rule.name))
    # Without a subject: whoever has the role comes in; a write without data may be refused as incomplete.
    # A public door answers everybody in its own words (a callback refuses a bad signature), but never breaks.
    answers = OK if rule.methods == {"GET"} else OK | {400, 409, 422}
    if rule.is_public:
        answers = frozenset(range(200, 500))
    return [Case("any", {}, may=[visitor.name for visitor in everyone], success=answers)]


def absent_cases(case: Case) -> Iterator[Case]:
    """The same request with each id alone replaced by one that no object has."""
    for key, value in case.url.items():
        if isinstance(value, int):
            yield Case(f"absent {key}", {**case.url, key: ABSENT}, may=(), data=case.data, query=case.query,
                       json=case.json, headers=case.headers)  # fmt: skip


async def ring(visitor: Visitor, path: str) -> int:
    """Open a socket as a browser would: 0 when it was accepted, else the code by which it was refused."""
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in visitor.client.cookies.items())
    headers = [(b"origin", b"http://127.0.0.1"), (b"cookie", cookies.encode())]
    scope = {"type": "websocket", "path": path, "query_string": b"", "headers": headers, "subprotocols": []}
    line = ApplicationCommunicator(socket_application, scope)
    await line.send_input({"type": "websocket.connect"})
    answer = await line.receive_output(timeout=30)
    await line.send_input({"type": "websocket.disconnect", "code": 1000})  # the server says so after a refusal too
    await line.wait(timeout=30)
    return 0 if answer["type"] == "websocket.accept" else int(answer.get("code", 0))


def try_socket(route: Route, rule: Rule, cases: list[Case], everyone: list[Visitor]) -> Verdict:
    """Every person on every case of one socket."""
    verdict = Verdict()

    async def all_of_them() -> None:
        for case in [*cases, *absent_cases(cases[0])]:
            path = "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found, case=case: str(case.url[found[1]]), route.path)
            for visitor in everyone:
                verdict.cells += 1
                allowed = visitor.name in case.may and not visitor.roles.isdisjoint(rule.roles)
                nobody = Role.ANONYMOUS in visitor.roles or Role.SERVICE in visitor.roles  # sockets take no tokens
                wanted = 0 if allowed else 4401 if nobody else 4404
                code = await ring(visitor, path)
                if code != wanted:
                    where = f"{route.name} [{case.relation}] as {visitor.name}"
                    verdict.faults.append(f"{where}: answered {code}, must be {wanted}")
                elif allowed:
                    verdict.succeeded.add(visitor.name)

    # Inside a transaction of a test the connection must stay, as Django's own test client sees to for requests.
    # A layer in memory: hanging up would else wait for Redis, and who may come in doesn't depend on it.
    memory = mock.patch.dict(channel_layers.backends, {"default": InMemoryChannelLayer()})
    with mock.patch("channels.db.close_old_connections"), memory:
        async_to_sync(all_of_them)()
    if not verdict.succeeded:
        verdict.faults.append(f"{route.name}: nobody of {sorted(rule.roles)} ever came in")
    return verdict


def try_door(route: Route, verb: str, rule: Rule, cases: list[Case], everyone: list[Visitor]) -> Verdict:
    """Every person on every case of one route and verb."""
    verdict = Verdict()
    absent = list(absent_cases(cases[0]))
    refusals: dict[str, set[tuple[int, bytes]]] = {}
    for case in [*cases, *absent]:
        path = reverse(route.name, kwargs=dict(case.url))
        for visitor in everyone:
            verdict.cells += 1
            allowed = not visitor.roles.isdisjoint(rule.roles) and (
                visitor.name in case.may or (rule.is_public and bool(case.may))
            )
            outcome = knock(visitor, path, verb, case)
            where = f"{verb} {route.name} [{case.relation}] as {visitor.name}"
            if allowed:
                _judge_allowed(verdict, where, visitor, case, outcome, everyone)
                continue
            _judge_refused(verdict, where, visitor, rule, case, outcome)
            if not rule.is_public:
                refusals.setdefault(visitor.name, set()).add((outcome.status, plain(outcome.body, path)))
    for name, answers in refusals.items():
        if len(answers) > 1:
            verdict.faults.append(f"{verb} {route.name}: {name} can tell refused objects apart by the answer")
    if not verdict.succeeded:
        verdict.faults.append(f"{verb} {route.name}: nobody of {sorted(rule.roles)} ever succeeded")
    return verdict


def _judge_allowed(
    verdict: Verdict, where: str, visitor: Visitor, case: Case, outcome: Outcome, everyone: list[Visitor]
) -> None:
    if outcome.status not in case.success:
        verdict.faults.append(f"{where}: answered {outcome.status}, must succeed")
        return
    verdict.succeeded.add(visitor.name)
    if visitor.patient is not None:
        for other in everyone:
            if other.patient is not None and other.patient.pk != visitor.patient.pk:
                for canary in canaries(other.patient):
                    if canary.encode() in outcome.body or canary in outcome.headers:
                        verdict.faults.append(f"{where}: shows data of {other.name}")


def _judge_refused(verdict: Verdict, where: str, visitor: Visitor, rule: Rule, case: Case, outcome: Outcome) -> None:
    signed_in = Role.ANONYMOUS not in visitor.roles
    wanted = {404} if signed_in or rule.is_public else {401}
    if outcome.status not in wanted:
        verdict.faults.append(f"{where}: answered {outcome.status}, must be refused with {wanted}")
    if outcome.changed:
        verdict.faults.append(f"{where}: was refused, yet changed {outcome.changed}")
    if signed_in and not rule.is_public and outcome.lines != 1:
        verdict.faults.append(f"{where}: left {outcome.lines} security lines, must be 1")
    for secret in case.secrets:
        if secret.encode() in outcome.body or secret in outcome.headers:
            verdict.faults.append(f"{where}: the refusal shows {secret!r}")
