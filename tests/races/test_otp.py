"""G20, G21: limits of codes hold when 200 callers come at once; a control shows that the race is real."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.db.models import F

from hospital.kit import clock
from hospital.kit.actor import ANONYMOUS
from hospital.kit.problems import Problem
from hospital.people.models import CodePurpose, LoginCode, OutgoingCode
from hospital.people.services import code_prove, code_send

pytestmark = pytest.mark.django_db(transaction=True)

CALLERS, AT_ONCE = 200, 40
PHONE = "13800138000"


def _all_at_once(call) -> list[object]:
    """Each caller on a database connection of its own; answers what each met."""

    def one(number: int) -> object:
        try:
            return call(number)
        except Problem as problem:
            return problem.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(CALLERS)))


@pytest.fixture
def gateway(settings) -> None:
    """Set up, never reached: codes wait in the table."""
    settings.SMS_BASE_URL = "http://127.0.0.1:9/sms"


def _send(number: int) -> object:
    return code_send(actor=ANONYMOUS, phone=PHONE, purpose=CodePurpose.SIGN_IN, binding=f"b{number}", at=clock.now())


def _guess(binding: str, wrong: str):
    return lambda number: code_prove(
        phone=PHONE, purpose=CodePurpose.SIGN_IN, binding=binding, code=wrong, at=clock.now()
    )


def test_one_code_leaves_of_200_asked_for_at_once(gateway) -> None:
    outcomes = _all_at_once(_send)
    assert outcomes.count(PHONE) == 1
    assert outcomes.count("SEC-01-code-limit") == CALLERS - 1
    assert OutgoingCode.objects.count() == 1


def test_at_most_five_of_200_guesses_are_looked_at(gateway) -> None:
    _send(0)
    code = OutgoingCode.objects.get().code
    outcomes = _all_at_once(_guess("b0", f"{(int(code) + 1) % 1_000_000:06d}"))
    assert PHONE not in outcomes
    assert LoginCode.objects.get().tries == 5
    with pytest.raises(Problem):
        _guess("b0", code)(0)


def test_a_right_code_opens_once_for_200_at_once(gateway) -> None:
    _send(0)
    outcomes = _all_at_once(_guess("b0", OutgoingCode.objects.get().code))
    assert outcomes.count(PHONE) == 1


def test_control_reading_before_writing_lets_more_through(gateway) -> None:
    """The same guesses against a counter that is read, compared and then written: more than five get in."""
    _send(0)
    looked_at = []
    read_by_many = threading.Barrier(20)

    def naive(number: int) -> object:
        row = LoginCode.objects.get()
        if row.tries < 5:
            with contextlib.suppress(threading.BrokenBarrierError):
                read_by_many.wait(timeout=10)  # looking at a guess takes long enough for others to have read as well
            LoginCode.objects.filter(pk=row.pk).update(tries=F("tries") + 1)
            looked_at.append(number)
        return None

    _all_at_once(naive)
    assert len(looked_at) > 5
