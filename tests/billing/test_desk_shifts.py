"""The cash desk's shift: what came and went by hand, counted by one, checked by another (PAY-01, PAY-05, PAY-09)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from billing import errors, services
from billing.channels.cash.services import card_take, cash_take, desk_give_back
from billing.channels.cash.shifts import shift_check, shift_count
from billing.models import DeskEntry, DeskShift, Entry, Payment, Refund
from billing.states import ShiftStatus
from hospital.kit.actor import Actor
from hospital.kit.problems import NotFound
from tests.billing.conftest import House
from tests.cast import actor_of_person, client_for

pytestmark = pytest.mark.django_db

SLIP, TERMINAL = "012345678901", "A0000007"


@pytest.fixture
def cashier(house: House) -> Actor:
    return actor_of_person(house.cast.cashier)


@pytest.fixture
def desk(house: House) -> Client:
    return client_for(house.cast.cashier)


def takes(house: House, cashier: Actor, **by: str) -> Payment:
    charge = house.owe(house.cast.wang_fang)
    verb: Any = card_take if by else cash_take
    paid: Payment = verb(
        actor=cashier, patient_id=charge.patient_id, charge_ids=[charge.pk], at=house.at, **by
    )  # fmt: skip
    return paid


def count(house: House, cashier: Actor, cash: int, card: int = 0, reason: str = "") -> DeskShift:
    shift = DeskShift.objects.latest("pk")
    return shift_count(
        actor=cashier, shift_id=shift.pk, counted_cash=cash, counted_card=card, reason=reason,
        at=house.at + timedelta(hours=8),
    )  # fmt: skip


def balance(code: str) -> int:
    return sum(Entry.objects.filter(account__code=code).values_list("amount", flat=True))


def test_the_first_money_opens_the_shift_and_an_equal_count_closes_it(house: House, cashier: Actor) -> None:
    takes(house, cashier)
    takes(house, cashier)
    takes(house, cashier, slip=SLIP, terminal=TERMINAL)
    assert DeskShift.objects.count() == 1 and DeskEntry.objects.count() == 3
    shift = count(house, cashier, 10000, 5000)
    assert shift.status == ShiftStatus.CLOSED and shift.checked_by_account_id is None
    takes(house, cashier)
    assert DeskShift.objects.count() == 2  # money after the count belongs to the next shift


def test_a_card_payment_is_the_slip_and_a_slip_pays_once(house: House, cashier: Actor) -> None:
    payment = takes(house, cashier, slip=SLIP, terminal=TERMINAL.lower())
    assert payment.channel == "pos" and payment.transaction_id.endswith(f"{TERMINAL}-{SLIP}")
    assert balance("channel.pos") == 5000
    with pytest.raises(errors.SlipUsed):
        takes(house, cashier, slip=SLIP, terminal=TERMINAL)
    assert Payment.objects.count() == 1
    for slip, terminal in [("1", TERMINAL), (SLIP, "7"), ("", ""), ("01234567890x", TERMINAL)]:
        with pytest.raises(errors.SlipWrong):
            takes(house, cashier, slip=slip, terminal=terminal)


def test_digital_yuan_of_the_terminal_has_its_own_account_and_the_terminals_count(
    house: House, cashier: Actor, desk: Client
) -> None:
    charge = house.owe(house.cast.wang_fang)
    data = {"charge": [charge.pk], "by": "card", "slip": SLIP, "terminal": TERMINAL, "terminal_channel": "ecny"}
    assert desk.post(f"/staff/cash/{charge.patient_id}/take/", data).status_code == 302
    payment = Payment.objects.get()
    assert payment.channel == "ecny" and balance("channel.ecny") == 5000 and balance("channel.pos") == 0
    with pytest.raises(errors.SlipUsed):  # the same slip, entered again as a card's
        takes(house, cashier, slip=SLIP, terminal=TERMINAL)
    takes(house, cashier, slip="9" * 12, terminal=TERMINAL)
    with transaction.atomic():
        refund = services.refund_request(
            actor=actor_of_person(house.cast.wang_fang), charge_id=charge.pk, at=house.at, reason="退号", key="e"
        )
    assert desk.post(f"/staff/cash/refunds/{refund.pk}/", {"slip": "1" * 12, "terminal": TERMINAL}).status_code == 302
    assert balance("channel.ecny") == 0
    assert count(house, cashier, 0, 5000).status == ShiftStatus.CLOSED  # the terminal adds up both
    with pytest.raises(NotFound):
        card_take(
            actor=cashier, patient_id=charge.patient_id, charge_ids=[charge.pk], slip="2" * 12, terminal=TERMINAL,
            at=house.at, channel="wechat",
        )  # fmt: skip


def test_a_refund_of_a_card_goes_back_by_the_terminal_with_its_own_slip(house: House, cashier: Actor) -> None:
    payment = takes(house, cashier, slip=SLIP, terminal=TERMINAL)
    with transaction.atomic():
        refund = services.refund_request(
            actor=actor_of_person(house.cast.wang_fang), charge_id=payment.settlements.get().charge_id, at=house.at,
            reason="退号", key="k",
        )  # fmt: skip
    assert services.intents_resolve(at=house.at + timedelta(days=1)) == 0  # no network is asked about a card
    with pytest.raises(errors.SlipWrong):
        desk_give_back(actor=cashier, refund_id=refund.pk, at=house.at)
    desk_give_back(actor=cashier, refund_id=refund.pk, at=house.at, slip="999999999999", terminal=TERMINAL)
    assert balance("channel.pos") == 0
    assert count(house, cashier, 0, 0).status == ShiftStatus.CLOSED
    assert Refund.objects.get().channel_refund_id == "999999999999"


def test_a_difference_needs_a_reason_and_a_second_person_and_is_booked(house: House, cashier: Actor) -> None:
    takes(house, cashier)
    with pytest.raises(errors.ReasonMissing):
        count(house, cashier, 4900)
    shift = count(house, cashier, 4900, reason="找零多给")
    assert shift.status == ShiftStatus.COUNTED and balance("channel.cash") == 5000
    with pytest.raises(errors.SamePerson):
        shift_check(actor=cashier, shift_id=shift.pk, at=house.at)
    with pytest.raises(NotFound):
        shift_check(actor=actor_of_person(house.cast.doctor_li), shift_id=shift.pk, at=house.at)
    shift_check(actor=actor_of_person(house.cast.finance), shift_id=shift.pk, at=house.at)
    assert (balance("channel.cash"), balance("desk.difference")) == (4900, 100)
    with pytest.raises(errors.ShiftClosed):
        shift_check(actor=actor_of_person(house.cast.second_finance), shift_id=shift.pk, at=house.at)


def test_found_by_counting_again_the_difference_is_gone(house: House, cashier: Actor) -> None:
    takes(house, cashier)
    count(house, cashier, 4900, reason="?")
    assert count(house, cashier, 5000).status == ShiftStatus.CLOSED
    assert balance("desk.difference") == 0


def test_nobody_counts_the_drawer_of_another(house: House, cashier: Actor) -> None:
    takes(house, cashier)
    with pytest.raises(NotFound):
        count(house, actor_of_person(house.cast.finance), 5000)


def test_the_desk_from_opening_to_the_second_signature_by_its_pages(house: House, desk: Client) -> None:
    assert desk.post("/staff/cash/shift/", {"float_yuan": "gold"}).status_code == 422
    desk.post("/staff/cash/shift/", {"float_yuan": "200.00"})
    assert desk.post("/staff/cash/shift/", {"float_yuan": "1"}).status_code == 409
    charge = house.owe(house.cast.wang_fang)
    url = f"/staff/cash/{house.cast.wang_fang.patient_id}/take/"
    wrong = desk.post(url, {"charge": [charge.pk], "by": "card", "slip": "1", "terminal": "x"})
    assert wrong.status_code == 422 and "12" in wrong.content.decode()
    desk.post(url, {"charge": [charge.pk], "by": "cash"})
    page = desk.get("/staff/cash/").content.decode()
    assert "¥250.00" in page  # 200 of change and 50 taken
    shift = DeskShift.objects.get()
    missing = desk.post(f"/staff/cash/shift/{shift.pk}/count/", {"cash": "249.00", "card": "0"})
    assert missing.status_code == 422
    desk.post(f"/staff/cash/shift/{shift.pk}/count/", {"cash": "249.00", "card": "0", "reason": "少一元"})
    office = client_for(house.cast.finance)
    waiting = office.get("/staff/cash/shifts/").content.decode()
    assert "少一元" in waiting and "现金少 ¥1.00" in waiting
    assert office.post(f"/staff/cash/shifts/{shift.pk}/check/").status_code == 302
    assert "少一元" not in office.get("/staff/cash/shifts/").content.decode()
