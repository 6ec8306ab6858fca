"""PAY-12, PAY-13, G06: insurance by its HTTP doors, as somebody who wants to be treated for another's money, or for none.

Whatever is tried, it ends in truth: both halves or none, a security event for what was forged, and never a bill that counts
as paid by it. Doors: the consent that comes back, the parts, the agreement, the insurer's bell and WeChat's, and what the
centre answers to 6201, 6202, 6203, 6301 and 6401.
"""

import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from billing import services
from billing.channels.insurance.wire import Side
from billing.models import ChannelEvent, Charge, Entry, Insured, Payment, PaymentSplit, PayOrder, Refund
from billing.states import ChargeStatus, PayOrderStatus, RefundStatus
from hospital.audit.models import Entry as AuditLine
from tests.appointments.conftest import broken_invariants
from tests.billing.conftest import Bank, House, ring
from tests.billing.insurer import Insurer, ring_insurer
from tests.cast import Person, client_for

pytestmark = pytest.mark.django_db


class Street:
    """The pages of insured orders as a browser of somebody's meets them."""

    def __init__(self, insurer: Insurer) -> None:
        self.insurer, self.house = insurer, insurer.house
        self.minutes = 0

    def order(self, person: Person, *lines: tuple[str, int]) -> tuple[Charge, PayOrder]:
        """A bill of the person's, for which they chose to pay with insurance."""
        charge = self.house.owe(person, *(lines or [("TRT-1", 1)]))
        answer = client_for(person).post("/pay/", {"charge": [charge.pk], "method": "insurance:code"})
        assert answer.status_code == 302
        return charge, PayOrder.objects.order_by("-pk")[0]

    def back(self, person: Person, order: PayOrder, code: str) -> str:
        """What the person reads after coming back with a code: a refusal, or "" when the parts are next."""
        answer = client_for(person).get(f"/pay/orders/{order.number}/insured/", {"authCode": code}, follow=True)
        told = re.search(r'alert--danger.*?alert__body">(.*?)</div>', answer.content.decode(), re.DOTALL)
        return told.group(1) if told else "" if answer.status_code == 200 else str(answer.status_code)

    def agree(self, person: Person, order: PayOrder, **more: Any) -> int:
        return client_for(person).post(f"/pay/orders/{order.number}/insured/settle/", more).status_code

    def time_goes_by(self, rounds: int = 2, *, step: int = 6) -> None:
        """Sweeps every so many minutes, longer apart than a question is put off, and whatever a channel still has to do."""
        for _ in range(rounds):
            self.minutes += step
            PayOrder.objects.update(asked_at=None)
            services.intents_resolve(at=self.house.at + timedelta(minutes=self.minutes))
            self.insurer.bank.refunds_done()

    def nothing_was_paid(self, charge: Charge, order: PayOrder) -> None:
        charge.refresh_from_db()
        assert charge.status == ChargeStatus.OPEN and not Payment.objects.filter(order=order).exists()
        assert self.insurer.holds_nothing(order.number), "neither half lies with anybody"
        assert not Entry.objects.exists() and not broken_invariants()

    def both_halves(self, charge: Charge, order: PayOrder) -> None:
        charge.refresh_from_db()
        split, theirs, cash = (
            PaymentSplit.objects.get(payment__order=order),
            self.insurer.row(order.number),
            self.insurer.cash(order.number),
        )
        assert charge.status == ChargeStatus.PAID and split.total == charge.amount
        assert split.total == split.fund + split.personal + split.own_cash + split.other
        assert (theirs["state"], theirs["fund"], theirs["personal"], theirs["own"]) == (
            "6",
            split.fund,
            split.personal,
            split.own_cash,
        )
        assert cash is None or cash["paid_total"] == split.own_cash
        assert not broken_invariants()


@pytest.fixture
def street(insurer: Insurer) -> Street:
    return Street(insurer)


def alarms(action: str = "security.pay_notice_refused") -> int:
    return AuditLine.objects.filter(action=action).count()


# --- The patient's doors --------------------------------------------------------------------------------------------
def test_nobody_else_comes_near_the_order(street: Street, insurer: Insurer, house: House) -> None:
    wang, stranger = house.cast.wang_fang, house.cast.stranger
    charge, order = street.order(wang)
    for person in (stranger, house.cast.finance):
        assert street.back(person, order, insurer.code(wang)) in {"403", "404"}
        assert street.agree(person, order) in {403, 404}
        assert client_for(person).post(f"/pay/orders/{order.number}/insured/again/").status_code in {403, 404}
    assert insurer.sandbox.store.all("SELECT * FROM uploads") == [] and not Insured.objects.exists()
    assert client_for(stranger).post("/pay/", {"charge": [charge.pk], "method": "insurance:code"}).status_code == 404
    street.time_goes_by(3, step=16)
    street.nothing_was_paid(charge, order)


def test_the_consent_of_another_person_is_refused_and_the_right_one_still_works(
    street: Street, insurer: Insurer, house: House
) -> None:
    wang = house.cast.wang_fang
    charge, order = street.order(wang)
    patient = wang.patient
    assert patient is not None
    for name, document in [
        (house.cast.stranger.patient.name, house.cast.stranger.patient.document_no),  # a friend's better insurance
        (patient.name, house.cast.stranger.patient.document_no), (house.cast.stranger.patient.name, patient.document_no),
    ]:  # fmt: skip
        assert "不是就诊人本人的" in street.back(wang, order, insurer.sandbox.consents(name, document))
    assert "AUTH_CODE" in street.back(wang, order, "made-up-" + secrets.token_hex(8))
    assert alarms("security.insurance_of_another") == 3 and insurer.sandbox.store.all("SELECT * FROM uploads") == []
    assert street.agree(wang, order) == 409, "there is nothing to agree to"
    assert street.back(wang, order, insurer.code()) == ""
    assert street.agree(wang, order) == 302
    insurer.pays(Insured.objects.get(order=order))
    street.time_goes_by()
    street.both_halves(charge, order)


def test_a_consent_is_for_one_bill_pay_13(street: Street, insurer: Insurer, house: House) -> None:
    """Whoever finds the address of the way back in a browser's history can't have another bill paid by it."""
    wang = house.cast.wang_fang
    charge, first = street.order(wang)
    code = insurer.code()
    assert street.back(wang, first, code) == street.back(wang, first, code) == "", "coming back twice does no harm"
    other, second = street.order(wang, ("LAB-1", 3))
    assert "另一张账单" in street.back(wang, second, code)
    assert alarms("security.insurance_consent_replayed") == 1
    assert len(insurer.sandbox.store.all("SELECT * FROM uploads")) == 1
    with pytest.raises(IntegrityError, match="billing_insured_consent_once"), transaction.atomic():
        index = Insured.objects.get(order=first).consent_index
        Insured.objects.filter(order=second).update(consent_index=index)
    assert street.back(wang, second, insurer.code()) == "", "with a consent of its own it goes on"
    street.time_goes_by(3, step=16)
    for bill, order in ((charge, first), (other, second)):
        street.nothing_was_paid(bill, order)


def test_what_a_browser_sends_decides_nothing_about_the_parts(street: Street, insurer: Insurer, house: House) -> None:
    wang = house.cast.wang_fang
    charge, order = street.order(wang)
    street.back(wang, order, insurer.code())
    lies = {"own_cash": "0", "ownPayAmt": "0.00", "amount": "1", "fund": "80000", "total": "1", "order_id": "1"}
    assert street.agree(wang, order, **lies) == 302
    row = Insured.objects.get(order=order)
    assert (row.total, row.fund, row.personal, row.own_cash) == (80000, 48000, 20000, 12000)
    assert insurer.cash(order.number)["total"] == 12000
    insurer.pays(row)
    street.time_goes_by()
    street.both_halves(charge, order)


# --- What the centre answers ----------------------------------------------------------------------------------------
def lying(
    insurer: Insurer, monkeypatch: pytest.MonkeyPatch, verb: str, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    """The centre signs something else than what it did: its keys are stolen, or it is broken."""
    honest = insurer.sandbox._answer

    def answer(said: str, asked: dict[str, Any], *, late: bool) -> dict[str, Any]:
        data = honest(said, asked, late=late)
        return data | change(data) if said == verb else data

    monkeypatch.setattr(insurer.sandbox, "_answer", answer)


PARTS: list[tuple[str, dict[str, str]]] = [
    ("one fen too much of the fund", {"fundPay": "480.01"}),
    ("another total, parts adding up", {"feeSumamt": "799.99", "ownPayAmt": "119.99"}),
    ("a larger bill", {"feeSumamt": "900.00", "fundPay": "580.00"}), ("nothing left to the patient", {"ownPayAmt": "0.00"}),
    ("more than the bill and a negative rest", {"fundPay": "900.00", "ownPayAmt": "-300.00"}),
    ("a part of others that nobody has", {"othFeeAmt": "0.01"}), ("no number", {"fundPay": "NaN"}),
    ("full-width digits", {"fundPay": "４８０.00"}),
    ("another order", {"medOrgOrd": "P20991231000001"}), ("no number of its own", {"payOrdId": ""}),
]  # fmt: skip


@pytest.mark.parametrize("change", [change for _why, change in PARTS], ids=[why for why, _change in PARTS])
def test_parts_that_do_not_make_the_bill_are_never_agreed_to(
    street: Street, insurer: Insurer, house: House, monkeypatch: pytest.MonkeyPatch, change: dict[str, str]
) -> None:
    """PAY-12: feeSumamt = fundPay + psnAcctPay + ownPayAmt (+ others) = the bill, or nothing is shown as payable."""
    lying(insurer, monkeypatch, "6201", lambda data: change)
    wang = house.cast.wang_fang
    charge, order = street.order(wang)
    street.back(wang, order, insurer.code())
    assert street.agree(wang, order) == 409
    row = Insured.objects.get(order=order)
    assert row.split_at is None and row.settle_at is None and insurer.cash(order.number) is None
    monkeypatch.undo()
    street.time_goes_by(3, step=16)
    order.refresh_from_db()
    assert order.status == PayOrderStatus.CLOSED and insurer.row(order.number)["state"] == "7", (
        "the upload is taken back"
    )
    street.nothing_was_paid(charge, order)


SETTLED: list[dict[str, str]] = [
    {"fundPay": "480.01", "psnAcctPay": "199.99"}, {"ownPayAmt": "119.99"}, {"medOrgOrd": "P20991231000001"},
    {"payOrdId": "ORD00000000"}, {"ordStas": "99"},
]  # fmt: skip


@pytest.mark.parametrize("change", SETTLED, ids=lambda change: ",".join(change))
def test_a_settlement_that_is_told_otherwise_than_agreed_is_not_booked(
    street: Street, insurer: Insurer, house: House, monkeypatch: pytest.MonkeyPatch, change: dict[str, str]
) -> None:
    """6301 says something else than what the patient saw: nothing is booked until every side says the same."""
    wang = house.cast.wang_fang
    charge, order = street.order(wang)
    street.back(wang, order, insurer.code())
    street.agree(wang, order)
    insurer.pays(Insured.objects.get(order=order))
    lying(insurer, monkeypatch, "6301", lambda data: change)
    street.time_goes_by()
    order.refresh_from_db()
    assert order.status == PayOrderStatus.WAITING and order.last_error and not Payment.objects.exists()
    monkeypatch.undo()
    street.time_goes_by()
    street.both_halves(charge, order)


def test_a_centre_that_says_settled_before_anybody_paid_is_not_believed_alone(
    street: Street, insurer: Insurer, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a success by word only: WeChat, which has the other half, doesn't say so."""
    wang = house.cast.wang_fang
    charge, order = street.order(wang)
    street.back(wang, order, insurer.code())
    street.agree(wang, order)
    lying(insurer, monkeypatch, "6301", lambda data: {"ordStas": "6", "traceTime": "20261122120000"})
    street.time_goes_by(2)
    assert not Payment.objects.exists()
    monkeypatch.undo()
    street.time_goes_by(3, step=16)
    street.nothing_was_paid(charge, order)


# --- The bells ------------------------------------------------------------------------------------------------------
def test_no_bell_pays_at_any_step(street: Street, insurer: Insurer, bank: Bank, house: House) -> None:
    """Forged and misdirected notices before the consent, after the parts, after the agreement: each refused, each told of."""
    wang = house.cast.wang_fang
    paid_charge, paid = street.order(wang, ("LAB-1", 2))
    street.back(wang, paid, insurer.code())
    street.agree(wang, paid)
    insurer.pays(Insured.objects.get(order=paid), tell=True)
    assert bank.rings() == 1
    street.time_goes_by()
    street.both_halves(paid_charge, paid)
    kept = insurer.sandbox.notice(paid.number)
    known, entries = Payment.objects.count(), Entry.objects.count()
    charge, order = street.order(wang)
    keys = insurer.sandbox.side
    thief = Side(keys.app_id, keys.secret, _another_key(), keys.their_public_key)

    def bells() -> list[Any]:
        """One's own key over the right words; a genuine envelope with other words; a genuine notice of another order."""
        words = {"payOrdId": "ORD1", "medOrgOrd": order.number, "ordStas": "6", "feeSumamt": "800.00", "fundPay": "800.00",
                 "psnAcctPay": "0.00", "ownPayAmt": "0.00", "callType": "02"}  # fmt: skip
        now = int(insurer.sandbox.clock() * 1000)
        return [
            thief.seal(words, stamp=now, transType="6302"),
            kept | {"encData": thief.seal(words, stamp=now)["encData"]},
            kept | {"timestamp": str(now + 1)}, kept | {"signType": "NONE", "signData": ""},
            keys.seal(words | {"medOrgOrd": order.number, "payOrdId": insurer.row(paid.number)["pay_ord_id"]}, stamp=now, transType="6302"),
            keys.seal(words, stamp=now, transType="6201"), [], "null", {"appId": keys.app_id},
        ]  # fmt: skip

    steps: list[Callable[[], object]] = [
        lambda: None, lambda: street.back(wang, order, insurer.code()), lambda: street.agree(wang, order),
    ]  # fmt: skip
    before = alarms()
    for number, step in enumerate(steps, 1):
        step()
        for bell in bells():
            assert 400 <= ring_insurer(bell).status_code < 500, bell
        assert alarms() == before + number * len(bells())
        assert ring(*bank.sent[-1]).status_code == 204, "a genuine one again is taken, and pays nothing"
        street.time_goes_by(1)
        assert (Payment.objects.count(), Entry.objects.count()) == (known, entries)
    street.time_goes_by(3, step=16)
    charge.refresh_from_db()
    assert charge.status == ChargeStatus.OPEN and insurer.holds_nothing(order.number)
    street.both_halves(paid_charge, paid)


def _another_key() -> str:
    import base64

    from hospital.kit.gm import PrivateKey

    return base64.b64encode(PrivateKey.fresh().raw).decode()


@pytest.mark.parametrize("half", ["half-cash", "half-insurer"])
def test_half_a_success_with_a_genuine_bell_is_given_back(
    street: Street, insurer: Insurer, bank: Bank, house: House, half: str
) -> None:
    """WeChat's own notice says "both", only one was: the sides are asked, and the one half goes back."""
    wang = house.cast.wang_fang
    charge, order = street.order(wang)
    street.back(wang, order, insurer.code())
    street.agree(wang, order)
    row = Insured.objects.get(order=order)
    bank.sandbox.break_at("mix", half)
    insurer.pays(row)
    bank.sandbox.mixed.tell(
        bank.sandbox.mixed.row("mix_trade_no", row.mix_trade_no),
        mix_pay_status="MIX_PAY_SUCCESS", self_pay_status="SELF_PAY_SUCCESS", med_ins_pay_status="MED_INS_PAY_SUCCESS",
    )  # fmt: skip
    bank.rings()
    assert not Payment.objects.exists(), "a bell books nothing"
    street.time_goes_by(3)
    order.refresh_from_db()
    assert order.status == PayOrderStatus.CLOSED
    street.nothing_was_paid(charge, order)


def test_a_genuine_bell_rung_again_after_the_money_went_back_pays_nothing(
    street: Street, insurer: Insurer, bank: Bank, house: House
) -> None:
    wang = house.cast.wang_fang
    charge, order = street.order(wang)
    street.back(wang, order, insurer.code())
    street.agree(wang, order)
    insurer.pays(Insured.objects.get(order=order), tell=True)
    assert bank.rings() == 1
    street.time_goes_by()
    house.asked_back(charge)
    street.time_goes_by()
    assert Refund.objects.get().status == RefundStatus.SUCCEEDED
    entries = Entry.objects.count()
    assert ring(*bank.sent[-1]).status_code == 204
    assert ring_insurer(insurer.sandbox.notice(order.number)).status_code == 200
    street.time_goes_by()
    charge.refresh_from_db()
    assert charge.status == ChargeStatus.REFUNDED and (Payment.objects.count(), Entry.objects.count()) == (1, entries)
    assert insurer.holds_nothing(order.number) and not broken_invariants()


# --- Money back -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("change", [{"appRefdSn": "R20991231000001"}, {"refStatus": ""}],
                         ids=lambda change: ",".join(change))  # fmt: skip
def test_a_refund_that_is_told_otherwise_than_asked_isnt_done_yet(
    street: Street, insurer: Insurer, house: House, monkeypatch: pytest.MonkeyPatch, change: dict[str, str]
) -> None:
    """6203: half of it is said to have gone back, or another one: asked for again under the same number, paid out once."""
    wang = house.cast.wang_fang
    charge, order = street.order(wang)
    street.back(wang, order, insurer.code())
    street.agree(wang, order)
    insurer.pays(Insured.objects.get(order=order))
    street.time_goes_by()
    house.asked_back(charge)
    lying(insurer, monkeypatch, "6203", lambda data: change)
    street.time_goes_by()
    refund = Refund.objects.get()
    assert refund.status == RefundStatus.UNKNOWN and refund.last_error
    monkeypatch.undo()
    street.time_goes_by()
    refund.refresh_from_db()
    assert refund.status == RefundStatus.SUCCEEDED and insurer.holds_nothing(order.number)
    assert len(insurer.sandbox.store.all("SELECT * FROM refunds")) == 1 and not broken_invariants()


@pytest.mark.parametrize("what", ["badsign", "refuse", "busy"])
def test_an_upload_counts_as_taken_back_only_when_the_centre_says_so(
    street: Street, insurer: Insurer, house: House, what: str
) -> None:
    """6401 without a proved answer: the order stays unfinished, and is asked about until it is true."""
    wang = house.cast.wang_fang
    charge, order = street.order(wang)
    street.back(wang, order, insurer.code())
    insurer.sandbox.store.break_at("6401", what, times=2)
    street.time_goes_by(2, step=17)
    order.refresh_from_db()
    assert order.status == PayOrderStatus.WAITING and order.last_error
    street.time_goes_by(3)
    order.refresh_from_db()
    assert order.status == PayOrderStatus.CLOSED and insurer.row(order.number)["state"] == "7"
    street.nothing_was_paid(charge, order)
    assert not ChannelEvent.objects.exists()
