"""The house through a real PgBouncer in transaction mode, behind a real nginx, as the application's own role.

Four server connections for all processes: whoever keeps something in a session (a lock, a setting, a cursor) loses it to
a neighbour here.
"""

import re
import ssl
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg2
import pytest
import requests
from websockets.sync.client import connect

from appointments.models import Booking
from appointments.states import BookingStatus
from billing.models import Payment
from hospital.audit.models import Entry
from hospital.kit import clock
from hospital.messaging.models import Message
from hospital.operations.house.environment import python
from hospital.operations.house.layout import PROJECT
from hospital.people.models import OutgoingCode
from tests.appointments.conftest import Clinic, broken_invariants, prices
from tests.cast import Cast
from tests.operations.phones import Phone
from tests.operations.production import POOL, Pool, Production, open_folder, program
from tests.waiting import wait_until

PATIENTS, AT_ONCE = 12, 8

pytestmark = pytest.mark.xdist_group("services")  # each grants rights to one role of the whole cluster

# What a session would have to remember between two transactions. `SET LOCAL`, `SET TRANSACTION`, tables ON COMMIT DROP and
# locks of a transaction end with it; the seed runs past the pool.
_SESSION_STATE = re.compile(
    r"pg_(try_)?advisory_lock|\bLISTEN\b|\bUNLISTEN\b|CREATE TEMP\w* TABLE \w+ (?!ON COMMIT DROP)|\bDECLARE \w+ CURSOR|WITH HOLD"
    r"|execute\(\s*f?['\"]+\s*(SET (?!LOCAL|TRANSACTION|CONSTRAINTS)|PREPARE )"
)
_PAST_THE_POOL = {"hospital/operations/management/commands/seed.py"}


def test_nothing_of_ours_keeps_state_in_a_session() -> None:
    found = {}
    for app in ("hospital", "appointments", "billing", "consult", "emr", "treatment"):
        for path in (PROJECT / app).rglob("*.py"):
            name = str(path.relative_to(PROJECT))
            if "migrations" not in path.parts and name not in _PAST_THE_POOL:
                hits = [hit[0] for hit in _SESSION_STATE.finditer(path.read_text(encoding="utf-8"))]
                if hits:
                    found[name] = hits
    assert not found
    seed = (PROJECT / min(_PAST_THE_POOL)).read_text(encoding="utf-8")
    assert _SESSION_STATE.search(seed), "the pattern finds nothing where there is something"


@pytest.fixture
def pool(transactional_db: None) -> Iterator[Pool]:
    program("pgbouncer")
    made = Pool(open_folder())
    try:
        made.start()
        yield made
    finally:
        made.stop()
        made.remove()


def test_control_a_session_lock_through_the_pool_is_lost(pool: Pool) -> None:
    """Why there are none: two clients both hold "the one" session lock, since they share a connection of the server."""
    first, second = pool.connect(), pool.connect()
    taken = []
    for client in (first, second):
        client.autocommit = True
        with client.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(42), pg_backend_pid()")
            taken.append(cursor.fetchone())
    assert taken[0] == taken[1] == (True, taken[0][1])
    with second.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock_all()")
    first.close()
    second.close()


def test_settings_of_the_role_hold_through_the_pool(pool: Pool) -> None:
    """The limits come with the role, not with a SET of the client: a wait in the database ends (G32)."""
    with pool.connect() as client, client.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("3s",)
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("30s",)


@pytest.fixture
def house(tmp_path: Path, transactional_db: None) -> Iterator[Production]:
    for name in ("pgbouncer", "nginx"):
        program(name)
    made = Production(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.mark.services
def test_a_day_of_the_house_through_the_pool(house: Production, cast: Cast) -> None:
    """Booking, payment, worker, outbox, sockets, codes, repeated requests and the audit (G01, G06, G20, G35, SEC-04)."""
    prices(cast)
    clinic = Clinic(cast, clock.now())
    session = clinic.open(clinic.roster(cast.doctor_li, clinic.day, "09:00", "12:00"))
    periods = list(session.periods.order_by("starts_at").values_list("pk", flat=True))
    door = {"web": house.nginx.url, "channel": house.channel, "verify": str(house.nginx.trusted)}
    phones = [Phone(cast.new_patient(f"赵{number}"), **door) for number in range(PATIENTS)]
    with ThreadPoolExecutor(AT_ONCE) as callers:
        list(callers.map(lambda pair: pair[0].book_and_pay(session, pair[1]), zip(phones, periods, strict=False)))

    booked = Booking.objects.filter(session=session, status=BookingStatus.BOOKED)
    wait_until(lambda: booked.count() == PATIENTS, "every paid visit is booked by the worker")
    told = Message.objects.filter(kind="booking.booked", status="done")
    wait_until(lambda: told.count() == PATIENTS, "every patient is told")
    assert Payment.objects.count() == PATIENTS

    _the_same_key_is_one_booking(house, Phone(cast.wang_fang, **door), periods[PATIENTS])
    _one_code_for_many_askers(house, door)
    _a_socket_is_opened(house, Phone(cast.stranger, **door))
    _the_audit_is_sealed_and_closed_to_the_application(house)

    servers = house.pool.console("SHOW SERVERS")
    clients = [one for one in house.pool.console("SHOW CLIENTS") if one["database"] == "hospital"]
    assert len(servers) <= POOL < len(clients), (len(servers), len(clients))
    assert all(
        one["pool_mode"] == "transaction" for one in house.pool.console("SHOW POOLS") if one["database"] == "hospital"
    )
    log = (house.folder / "pgbouncer.log").read_text(encoding="utf-8")
    assert "unexpected response" not in log and "query_wait_timeout" not in log
    assert not broken_invariants()


def _the_same_key_is_one_booking(house: Production, phone: Phone, period_id: int) -> None:
    """reply_once lines callers up by an advisory lock of the transaction."""
    body = {"patient_id": phone.person.patient_id, "period_id": period_id}
    headers = {"Idempotency-Key": "of-the-pool", "X-CSRFToken": phone.token}
    gate = threading.Barrier(6)

    def ask(_: int) -> tuple[int, int]:
        gate.wait(30)
        answer = requests.post(
            f"{phone.web}/api/v1/bookings/", json=body, headers=headers | {"Referer": f"{phone.web}/"},
            cookies=phone.http.cookies, verify=phone.http.verify, timeout=30,
        )  # fmt: skip
        return answer.status_code, answer.json().get("id", 0)

    with ThreadPoolExecutor(6) as callers:
        answers = set(callers.map(ask, range(6)))
    assert len(answers) == 1 and min(answers)[0] == 201, answers


def _one_code_for_many_askers(house: Production, door: dict[str, str]) -> None:
    """The limit counts behind an advisory lock of the transaction: of six at once, one code leaves (G21)."""
    gate = threading.Barrier(6)
    before = OutgoingCode.objects.count()

    def ask(_: int) -> int:
        with requests.Session() as http:
            http.verify, http.trust_env, http.headers["Referer"] = door["verify"], False, f"{door['web']}/"
            page = http.get(f"{door['web']}/sign-in/", timeout=30)
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
            assert token is not None
            gate.wait(30)
            form = {"phone": "13800138000", "csrfmiddlewaretoken": token[1]}
            return http.post(f"{door['web']}/sign-in/code/", form, timeout=30).status_code

    with ThreadPoolExecutor(6) as callers:
        answers = Counter(callers.map(ask, range(6)))
    assert answers == {200: 1, 429: 5}
    assert OutgoingCode.objects.count() == before + 1


def _a_socket_is_opened(house: Production, phone: Phone) -> None:
    """As far as the rule of the talk: a stranger is closed with its code, by `realtime`, through nginx and the pool."""
    trust = ssl.create_default_context(cafile=str(house.nginx.trusted))
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in phone.http.cookies)
    url = f"{house.nginx.url.replace('https', 'wss')}/ws/talk/1/"
    try:
        with connect(url, ssl=trust, origin=house.nginx.url, additional_headers={"Cookie": cookies}) as line:
            line.recv(timeout=10)
    except Exception as refused:
        assert "403" in str(refused) or "4404" in str(refused), refused
    else:
        pytest.fail("a stranger was let into a talk")


def _the_audit_is_sealed_and_closed_to_the_application(house: Production) -> None:
    wait_until(lambda: Entry.objects.exists(), "lines of the audit")
    env = house.supervisor.env
    for words in (["tick", "--json"], ["verify_audit", "--json"], ["check_invariants", "--json"]):
        done = subprocess.run(
            [python(), "manage.py", *words], cwd=PROJECT, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{words[0]}:\n{done.stdout}\n{done.stderr}"
    with house.pool.connect() as client, client.cursor() as cursor:
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("UPDATE audit_entry SET action = 'x'")
        client.rollback()
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("CREATE TABLE mine (id int)")
