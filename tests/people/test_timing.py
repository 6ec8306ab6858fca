"""G20: nothing in the time of an answer tells whether a phone or a name is known here."""

import random
import time
from collections.abc import Callable
from math import erfc, sqrt

import pytest

from hospital.kit import clock
from hospital.kit.actor import Actor, Role
from hospital.kit.problems import Problem
from hospital.people.models import CodePurpose
from hospital.people.services import code_prove, code_send, sign_in_by_password
from tests.cast import give_password

ROUNDS = 3  # a true difference shows in each; a busy machine spoils one


def rank_test(first: list[float], second: list[float]) -> float:
    """Two-sided p of the rank-sum test (normal approximation): how likely such ranks are without a difference."""
    pairs = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    total = sum(rank for rank, (_value, group) in enumerate(pairs, 1) if group == 0)
    n, m = len(first), len(second)
    z = abs(total - n * (n + m + 1) / 2) / sqrt(n * m * (n + m + 1) / 12)
    return erfc(z / sqrt(2))


def smallest_doubt(known: Callable[[int], None], unknown: Callable[[int], None], samples: int) -> float:
    """The best p of some rounds; each asks both kinds in a shuffled order, so that load falls on both alike."""
    best, number = 0.0, 0
    for _ in range(ROUNDS):
        times: dict[int, list[float]] = {0: [], 1: []}
        kinds = [0, 1] * samples
        random.shuffle(kinds)
        for kind in kinds:
            number += 1
            started = time.perf_counter()
            (known, unknown)[kind](number)
            times[kind].append(time.perf_counter() - started)
        best = max(best, rank_test(times[0], times[1]))
        if best > 0.01:
            break
    return best


def _stranger(number: int) -> Actor:
    return Actor(roles=frozenset({Role.ANONYMOUS}), ip=f"10.{number // 65536}.{number // 256 % 256}.{number % 256}")


@pytest.fixture
def gateway(settings) -> None:
    settings.SMS_BASE_URL = "http://127.0.0.1:9/sms"  # set up, never reached


def test_asking_for_a_code_takes_the_same_time(cast, gateway, monkeypatch) -> None:
    for name in ("CODES_OF_ALL", "CODES_PER_MINUTE", "CODES_PER_HOUR", "CODES_PER_DAY"):
        monkeypatch.setattr(f"hospital.people.parameters.{name}.default", 10**6)
    people = [cast.new_patient("王某").phone for _ in range(50)] * ROUNDS

    def known(number: int) -> None:
        code_send(actor=_stranger(number), phone=people.pop(), purpose=CodePurpose.SIGN_IN, binding="b", at=clock.now())

    def unknown(number: int) -> None:
        phone = f"139{number:08d}"
        code_send(actor=_stranger(number), phone=phone, purpose=CodePurpose.SIGN_IN, binding="b", at=clock.now())

    assert smallest_doubt(known, unknown, 50) > 0.01


def test_a_wrong_code_takes_the_same_time(cast, gateway) -> None:
    def guess(phone: str) -> None:
        with pytest.raises(Problem):
            code_prove(phone=phone, purpose=CodePurpose.SIGN_IN, binding="b", code="000000", at=clock.now())

    doubt = smallest_doubt(lambda _: guess(cast.wang_fang.phone), lambda n: guess(f"139{n:08d}"), 50)
    assert doubt > 0.01


def test_a_wrong_password_takes_the_same_time(cast, monkeypatch) -> None:
    """Limits are lifted, so that each password is looked at."""
    for name in ("FAILURES_PER_ACCOUNT", "FAILURES_PER_ADDRESS"):
        monkeypatch.setattr(f"hospital.people.parameters.{name}.default", 10**6)
    give_password(cast.doctor_li, "clinic-of-lanterns-7")

    def sign_in(name: str, number: int) -> None:
        with pytest.raises(Problem):
            sign_in_by_password(actor=_stranger(number), name=name, password="wrong", staff=True, at=clock.now())

    login = cast.doctor_li.account.login
    assert smallest_doubt(lambda n: sign_in(login, n), lambda n: sign_in("S99999", n), 8) > 0.01


def test_control_a_look_at_the_account_would_show() -> None:
    """The test sees a difference of a fifth of a millisecond in 60 answers."""

    def spin(seconds: float) -> None:
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            pass

    assert smallest_doubt(lambda _: spin(0.0006), lambda _: spin(0.0004), 60) < 0.001
