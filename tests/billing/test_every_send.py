"""G07 without hooks: the process is killed at its Nth send, to the database or to the channel, whatever it sends there.

`strace` counts and kills. The suite tries some N of each path, spread over all; every one of them:

    CRASH_POINTS=all ./dev test tests/billing/test_every_send.py
"""

import ctypes
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from django.db import connection, transaction

from billing import errors, services
from billing.models import Charge, Payment, Refund
from billing.services import intents
from billing.states import RefundStatus
from tests.appointments.conftest import broken_invariants
from tests.billing import alipay as alipay_door
from tests.billing import conftest
from tests.billing import unionpay as unionpay_door
from tests.billing.alipay import alipay, alipay_keys
from tests.billing.conftest import House, ring
from tests.billing.unionpay import unionpay, unionpay_keys
from tests.cast import actor_of_person
from tests.waiting import wait_until

__all__ = ["alipay", "alipay_keys", "unionpay", "unionpay_keys"]
_PR_SET_PTRACER, _ANYBODY = 0x59616D61, ctypes.c_ulong(-1)

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("services"), pytest.mark.django_db(transaction=True)]


def _child(step: Callable[[], Any], gate: int) -> None:
    """In the forked process: wait for the tracer, then do the step over connections of one's own."""
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANYBODY, 0, 0, 0)
    kept = connection.connection  # the parent's: not to be closed, not even by the collector
    connection.connection = None
    try:
        os.read(gate, 1)
        step()
        os._exit(0)
    except BaseException:
        os._exit(1 if kept is None else 2)


def _traced(pid: int) -> bool:
    return "TracerPid:\t0" not in Path(f"/proc/{pid}/status").read_text(encoding="ascii")


def sends(step: Callable[[], Any], log: Path, *, die_at: int | None = None) -> int:
    """Do the step in a process that dies at its `die_at`th send; answers how many it sent."""
    gate, let_go = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(let_go)
        _child(step, gate)
    os.close(gate)
    inject = ["-e", f"inject=sendto:signal=KILL:when={die_at}"] if die_at else []
    tracer = subprocess.Popen(
        ["strace", "-q", "-e", "trace=sendto", "-e", "signal=none", *inject, "-o", log, "-p", str(pid)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        wait_until(lambda: _traced(pid) or tracer.poll() is not None, "strace looks on")
        assert tracer.poll() is None, tracer.stderr and tracer.stderr.read()
        os.write(let_go, b"x")
        _, status = os.waitpid(pid, 0)
    finally:
        os.close(let_go)
        tracer.wait(timeout=30)
        if tracer.stderr is not None:
            tracer.stderr.close()
    sent = sum(line.startswith("sendto(") for line in log.read_text(encoding="utf-8", errors="replace").splitlines())
    if die_at and sent >= die_at:
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, f"send {die_at}: status {status}"
    else:  # a walk may be some sends shorter than the first, whose connections were new
        assert status == 0, f"the step itself failed ({status})"
    return sent


def points(last: int, sample: int) -> list[int]:
    """Which sends to die at: some, from the first to the last, or all of them."""
    if os.environ.get("CRASH_POINTS") == "all" or last <= sample:
        return list(range(1, last + 1))
    return sorted({1 + round(turn * (last - 1) / (sample - 1)) for turn in range(sample)})


class Street:
    """Many payers, one after the other: each path is walked once whole, then again with a death at each point."""

    channel, method = "wechat", "h5"
    sample = 5  # points of each path, first and last included

    def __init__(self, house: House, bank: Any, log: Path) -> None:
        if shutil.which("strace") is None:
            pytest.skip("strace isn't installed; `./dev setup test` installs it")
        self.house, self.bank, self.log = house, bank, log

    def order(self) -> Any:
        charge = self.house.owe(self.house.cast.wang_fang)
        return self.house.order(charge, channel=self.channel, method=self.method)

    def prepare(self, order: Any) -> Any:
        return services.order_prepare(order.pk, at=self.house.at, payer_ip="10.0.0.1")

    def pressed_again(self, order: Any) -> Any:
        """The payer presses the button once more."""
        return self.prepare(order)

    def walk(self, make: Callable[[], Any], step: Callable[[Any], Any], after: Callable[[Any], Any]) -> int:
        """Answers at how many points the process died."""
        whole = make()
        last = sends(lambda: step(whole), self.log)
        after(whole)
        assert last > 5, "strace saw too little to be a payment"
        chosen = points(last, self.sample)
        for number in chosen:
            one = make()
            sends(lambda one=one: step(one), self.log, die_at=number)
            after(one)
        return len(chosen)

    def ticks(self) -> None:
        """Half an hour of background work, in five minutes of which nothing may stay unknown."""
        for minutes in (1, 3, 6, 12, 18, 24):
            at = self.house.at + timedelta(minutes=minutes)
            services.intents_resolve(at=at)
            services.charges_expire(at=at)
            services.notices_deliver(at=at)
            self.refunds_done()

    def books_agree(self) -> None:
        theirs = self.taken()
        ours = set(Payment.objects.values_list("transaction_id", "amount"))
        assert set(theirs) == ours
        assert len(theirs) == len(ours) == Payment.objects.count()
        assert not broken_invariants()

    # --- The channel's side ---------------------------------------------------------------------------------------
    def pays(self, order: Any, *, tell: bool = True) -> None:
        self.bank.pays(order, tell=tell)

    def rings(self) -> Any:
        """Deliver what waits; answers what was sent last."""
        self.bank.rings()
        return self.bank.sent[-1]

    def takes(self, notice: Any) -> Any:
        return ring(*notice)

    def nobody_there(self, away: pytest.MonkeyPatch) -> None:
        """From now on a notice goes out and finds nobody."""
        away.setattr(conftest, "ring", lambda headers, body: SimpleNamespace(status_code=502))

    def refunds_done(self) -> None:
        self.bank.refunds_done()

    def taken(self) -> list[tuple[str, int]]:
        rows = self.bank.sandbox.store.all("SELECT transaction_id, paid_total FROM orders WHERE paid_total > 0")
        return [(row["transaction_id"], row["paid_total"]) for row in rows]

    def given_back(self) -> list[tuple[str, int]]:
        rows = self.bank.sandbox.store.all("SELECT number, amount FROM refunds WHERE status = 'SUCCESS'")
        return [(row["number"], row["amount"]) for row in rows]


class FormStreet(Street):
    """A channel whose notices are forms, posted through its door's module."""

    method, sample = "native", 3
    door: ClassVar[Any]
    no_answer: ClassVar[Any]  # of a hospital that isn't there
    taken_sql: ClassVar[str]
    given_sql: ClassVar[str]

    def __init__(self, house: House, bank: Any, log: Path) -> None:
        super().__init__(house, bank, log)
        self.sent: list[str] = []

    def pays(self, order: Any, *, tell: bool = True) -> None:
        self.bank.pay(order.number, tell=tell)

    def rings(self) -> Any:
        self.bank.notifier.deliver_due(everything=True)
        return self.sent[-1] if self.sent else None

    def takes(self, notice: Any) -> Any:
        return self.door.post(notice)

    def nobody_there(self, away: pytest.MonkeyPatch) -> None:
        def lost(body: str) -> Any:
            self.sent.append(body)
            return self.no_answer

        away.setattr(self.door, "post", lost)

    def refunds_done(self) -> None:
        """Nothing to do where a refund is done with its answer."""

    def taken(self) -> list[tuple[str, int]]:
        return [tuple(row.values()) for row in self.bank.store.all(self.taken_sql)]

    def given_back(self) -> list[tuple[str, int]]:
        return [tuple(row.values()) for row in self.bank.store.all(self.given_sql)]


class AlipayStreet(FormStreet):
    channel, door = "alipay", alipay_door
    no_answer = SimpleNamespace(content=b"")
    taken_sql = "SELECT trade_no, paid_total FROM orders WHERE paid_total > 0"
    given_sql = "SELECT number, amount FROM refunds"


class UnionPayStreet(FormStreet):
    channel, door = "unionpay", unionpay_door
    no_answer = SimpleNamespace(status_code=502)
    taken_sql = "SELECT query_id, paid_total FROM orders WHERE paid_total > 0"
    given_sql = "SELECT number, amount FROM refunds WHERE state = 'done'"

    def pressed_again(self, order: Any) -> Any:
        """UnionPay gives the code of an order once: when that answer was lost, the payer gets another order's."""
        try:
            return self.prepare(order)
        except errors.ChannelSaysNo:
            again = self.house.order(order.parts.get().charge, channel=self.channel, method=self.method)
            return self.prepare(again)

    def refunds_done(self) -> None:
        for row in self.bank.store.all("SELECT number FROM refunds WHERE state = 'undecided'"):
            self.bank.finish_refund(row["number"])


STREETS = {"bank": Street, "alipay": AlipayStreet, "unionpay": UnionPayStreet}


@pytest.fixture(params=STREETS)
def street(request: pytest.FixtureRequest, house: House, tmp_path: Path) -> Street:
    return STREETS[request.param](house, request.getfixturevalue(request.param), tmp_path / "strace.log")


def test_death_at_any_send_of_the_start(street: Street) -> None:
    def again(order: Any) -> None:
        street.pays(street.pressed_again(order), tell=False)

    died = street.walk(street.order, street.prepare, again)
    street.ticks()
    assert Charge.objects.filter(status="paid").count() == Charge.objects.count() == died + 1
    assert sorted(street.house.thing.told) == sorted(("paid", pk) for pk in Charge.objects.values_list("pk", flat=True))
    street.books_agree()


def test_death_at_any_send_of_the_notice(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    def paid() -> Any:
        order = street.prepare(street.order())
        street.pays(order)
        with monkeypatch.context() as away:  # the notice goes out and finds nobody
            street.nobody_there(away)
            return street.rings()

    def take(notice: Any) -> None:
        assert street.takes(notice).status_code < 300

    died = street.walk(paid, take, lambda notice: street.rings())  # the channel rings again
    street.ticks()
    assert Charge.objects.filter(status="paid").count() == Charge.objects.count() == died + 1
    assert sorted(street.house.thing.told) == sorted(("paid", pk) for pk in Charge.objects.values_list("pk", flat=True))
    street.books_agree()


def test_death_at_any_send_of_the_refund(street: Street) -> None:
    payer = actor_of_person(street.house.cast.wang_fang)

    def owed_back() -> Any:
        order = street.prepare(street.order())
        street.pays(order)
        street.rings()
        charge = Charge.objects.latest("pk")
        with transaction.atomic():
            return services.refund_request(
                actor=payer, charge_id=charge.pk, at=street.house.at, reason="退号", key=f"k{charge.pk}"
            )

    at = street.house.at + timedelta(seconds=30)
    died = street.walk(owed_back, lambda refund: intents.refund_push(refund.pk, at=at), lambda refund: None)
    street.ticks()
    refunds = list(Refund.objects.values_list("number", "amount", "status"))
    assert len(refunds) == died + 1 and {status for _, _, status in refunds} == {RefundStatus.SUCCEEDED}
    assert sorted(street.given_back()) == sorted((number, amount) for number, amount, _ in refunds)
    street.books_agree()
