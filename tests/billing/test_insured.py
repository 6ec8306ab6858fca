"""Medical insurance over real HTTP, SM4, SM2 and WeChat's mixed order: both halves or neither, to the fen (PAY-12, PAY-13)."""

from datetime import timedelta
from typing import Any

import gmalg
import pytest
import requests
from django.db import transaction

from billing import errors, selectors, services
from billing.channels.base import Split
from billing.channels.wechat import mixed
from billing.channels.wechat.sandbox.mixed import flaw_of
from billing.models import Channel, ChannelEvent, Entry, Insured, Payment, PaymentSplit, PayOrder, Refund
from billing.reporting.daily import daily_report
from billing.services import insured as verbs
from billing.services.bills import bill_import
from billing.services.credit import bank_credit_record
from billing.services.recon import recon_run
from billing.states import PayOrderStatus, RefundStatus
from hospital.audit.models import Entry as AuditLine
from hospital.kit import clock
from hospital.kit.actor import system
from hospital.kit.gm import PrivateKey, PublicKey
from tests.appointments.conftest import broken_invariants
from tests.billing.conftest import Bank, House, ring
from tests.billing.insurer import Insurer, ring_insurer
from tests.cast import actor_of_person, client_for

pytestmark = pytest.mark.django_db
ROBOT = system("tests")


def ledger() -> dict[str, int]:
    sums: dict[str, int] = {}
    for code, fen in Entry.objects.values_list("account__code", "amount"):
        sums[code] = sums.get(code, 0) + fen
    return {code: fen for code, fen in sums.items() if fen}


def later(house: House, order: PayOrder, **span: int) -> PayOrder:
    PayOrder.objects.filter(pk=order.pk).update(asked_at=None)
    services.intents_resolve(at=house.at + timedelta(**span))
    return PayOrder.objects.get(pk=order.pk)


def test_sm2_verifies_as_the_standard_shows() -> None:
    """The example of GB/T 32918.5, digit for digit."""
    key = PrivateKey.of(bytes.fromhex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"))
    assert key.public.raw.hex().startswith("0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020")
    signature = bytes.fromhex(
        "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
        "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
    )
    assert key.public.verifies(signature, b"message digest", b"1234567812345678")
    fresh = key.sign(b"message digest", b"1234567812345678")
    assert fresh != signature and key.public.verifies(fresh, b"message digest", b"1234567812345678")
    assert not key.public.verifies(fresh, b"message digesu", b"1234567812345678")
    assert not key.public.verifies(fresh, b"message digest", b"another identity")
    assert not PrivateKey.fresh().public.verifies(fresh, b"message digest", b"1234567812345678")
    with pytest.raises(ValueError, match="public key"):
        PublicKey.of(b"\x04" + b"\x01" * 64)


def test_short_numbers_of_sm2_keep_their_length(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key, an r or an s that begins with a zero byte is 32 bytes all the same."""
    short = b"\x07" * 31
    monkeypatch.setattr(gmalg.SM2, "generate_keypair", lambda self: (short, b""))
    key = PrivateKey.of(PrivateKey.fresh().raw)
    assert key.raw == b"\0" + short and key.public == PublicKey.of(key.public.raw)
    monkeypatch.setattr(gmalg.SM2, "sign", lambda self, message: (short, short))
    assert key.sign(b"m", b"id") == (b"\0" + short) * 2


def test_the_digest_of_an_identity_card_is_the_interfaces_own() -> None:
    assert mixed.id_digest("44030019000101123x") == "09eb26e839ff3a2e3980352ae45ef09e"


SAMPLE: dict[str, Any] = {
    "mix_pay_type": "CASH_AND_INSURANCE", "order_type": "REG_PAY", "appid": "a", "openid": "o", "payer": {"name": "x"},
    "out_trade_no": "202204022005169952975171534816", "serial_no": "1", "pay_order_id": "ORD", "pay_auth_no": "AUTH",
    "geo_location": "1,2", "city_id": "530100", "med_inst_name": "m", "med_inst_no": "n", "callback_url": "u",
    "med_ins_order_create_time": "t", "prepay_id": "wx", "total_fee": 202000, "med_ins_gov_fee": 100000,
    "med_ins_self_fee": 45000, "med_ins_other_fee": 5000, "med_ins_cash_fee": 50000, "wechat_pay_cash_fee": 42000,
    "cash_add_detail": [{"cash_add_fee": 2000}], "cash_reduce_detail": [{"cash_reduce_fee": 10000}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "kept"),
    [({}, True), ({"total_fee": 202001}, False), ({"wechat_pay_cash_fee": 42001}, False), ({"med_ins_gov_fee": 99999}, False),
     ({"cash_add_detail": []}, False), ({"prepay_id": ""}, False), ({"pay_order_id": ""}, False), ({"total_fee": 202000.0}, False),
     ({"mix_pay_type": "INSURANCE_ONLY"}, False), ({"pay_for_relatives": True}, False), ({"med_ins_self_fee": -1}, False)],
)  # fmt: skip
def test_the_stand_in_keeps_the_identities_of_the_official_sample(change: dict[str, Any], kept: bool) -> None:
    """data/README 1.3: the published sample satisfies both identities, every change of it breaks one."""
    assert (flaw_of(SAMPLE | change) == "") is kept


@pytest.mark.parametrize(
    ("split", "believed"),
    [(Split("310", 100, 60, 25, 15), True), (Split("310", 100, 60, 25, 16), False), (Split("310", 99, 60, 25, 14), False),
     (Split("310", 100, 60, 20, 15, 5), True), (Split("310", 100, 120, 0, -20), False)],
)  # fmt: skip
def test_a_split_is_believed_only_when_it_makes_the_bill(split: Split, believed: bool) -> None:
    assert (split.flaw(100) == "") is believed


def test_the_whole_way_through_the_pages(insurer: Insurer, house: House) -> None:
    """Choose, consent, see the parts, one password: paid by both halves, and every account says so."""
    charge = house.owe(house.cast.wang_fang, ("TRT-1", 1), ("LAB-1", 1))
    phone = client_for(house.cast.wang_fang)
    assert "医保" in phone.get("/pay/").content.decode()
    page = phone.post("/pay/", {"charge": [charge.pk], "method": "insurance:code"})["Location"]
    order = PayOrder.objects.get()
    assert "authorize?orgCodg=H44010000001" in phone.get(page).content.decode().replace("&amp;", "&")
    consent = requests.post(
        order.prepared["authorize_url"], timeout=5, allow_redirects=False,
        data={"name": house.cast.wang_fang.patient.name, "id_no": house.cast.wang_fang.patient.document_no},
    )  # fmt: skip
    back = consent.headers["Location"]
    phone.get(back[back.index("/pay/") :])
    shown = phone.get(page).content.decode()
    assert all(part in shown for part in ("492.30", "205.12", "123.08"))  # 60 %, 25 % and the rest of 820.50
    phone.post(f"{page}insured/settle/")
    shown = phone.get(page).content.decode()
    assert "requestMedicalInsurancePay" in shown and not Payment.objects.exists()
    row = Insured.objects.get()
    insurer.pays(row, tell=True)
    assert insurer.bank.rings() == 1 and ChannelEvent.objects.get().event_type == "MEDICAL_INSURANCE.SUCCESS"
    assert later(house, order, seconds=5).status == PayOrderStatus.PAID
    assert selectors.charge_is_paid(charge.pk)
    split = PaymentSplit.objects.get()
    assert (split.total, split.fund, split.personal, split.own_cash) == (82050, 49230, 20512, 12308)
    cash = insurer.cash(order.number)
    assert cash is not None and split.cash_transaction_id == cash["transaction_id"] and cash["paid_total"] == 12308
    assert ledger() == {"insurer.310": 69742, "channel.wechat": 12308, "income.registration": -82050}
    assert "123.08" in phone.get(page).content.decode()
    assert not broken_invariants()


def test_what_needs_no_cash_the_insurer_settles_alone(insurer: Insurer) -> None:
    """6202, no order at WeChat; the insurer's notice makes us ask, and books nothing by itself."""
    insurer.plan(70, 30, "390")
    charge, order, row = insurer.ready()
    assert row.mix_trade_no == "" and insurer.cash(order.number) is None
    assert insurer.sandbox.deliver_due() == 1 and not Payment.objects.exists()
    assert later(insurer.house, order, seconds=3).status == PayOrderStatus.PAID
    assert selectors.charge_is_paid(charge.pk) and ledger() == {"insurer.390": 80000, "income.registration": -80000}
    assert not broken_invariants()


def test_the_code_of_somebody_else_is_refused(insurer: Insurer, house: House) -> None:
    """PAY-13: the insured person's own certificate, each time; a security event tells of it."""
    _charge, order = insurer.charge()
    with pytest.raises(errors.InsuredOther):
        verbs.insured_authorise(
            actor=actor_of_person(house.cast.wang_fang),
            order_id=order.pk,
            code=insurer.code(house.cast.stranger),
            at=house.at,
        )
    assert AuditLine.objects.filter(action="security.insurance_of_another").count() == 1
    assert insurer.sandbox.store.all("SELECT * FROM uploads") == []


def test_a_family_member_pays_with_the_patients_code(insurer: Insurer, house: House) -> None:
    """The mother's bill by the mother's insurance, the cash by the daughter's WeChat: both persons are named."""
    charge = house.owe(house.cast.mother, ("TRT-1", 1))
    order = house.order(charge, channel="insurance", method="code")
    services.order_prepare(order.pk, at=house.at)
    actor = actor_of_person(house.cast.wang_fang)
    verbs.insured_authorise(actor=actor, order_id=order.pk, code=insurer.code(house.cast.mother), at=house.at)
    insurer.pays(insurer.agreed(order))
    body = insurer.bank.sandbox.mixed.row("number", order.number)["body"]
    assert body["pay_for_relatives"] is True and body["relative"]["card_type"] == "ID_CARD"
    assert "mother" not in str(body) and house.cast.mother.patient.document_no not in str(body)  # digests, encrypted
    assert later(house, order, seconds=3).status == PayOrderStatus.PAID


def test_one_bill_at_a_time(insurer: Insurer, house: House) -> None:
    bills = [house.owe(house.cast.wang_fang).pk for _ in range(2)]
    answer = client_for(house.cast.wang_fang).post("/pay/", {"charge": bills, "method": "insurance:code"})
    assert answer.status_code == 422 and "PAY-12-one-bill" in answer.content.decode()


def test_figures_that_do_not_add_up_are_refused_and_taken_back(insurer: Insurer, house: House) -> None:
    """Forged or mistaken: the reason is kept, the upload is revoked by 6401, nothing is paid."""
    insurer.sandbox.store.break_at("6201", "wrong-amount")
    charge, order = insurer.charge()
    row = insurer.authorised(order)
    assert "add up to" in row.refusal and row.split_at is None
    with pytest.raises(errors.NotPayable):
        insurer.agreed(order)
    assert later(house, order, seconds=3).status == PayOrderStatus.CLOSED
    assert insurer.row(order.number)["state"] == "7" and not selectors.charge_is_paid(charge.pk)


@pytest.mark.parametrize("what", ["refuse", "lose", "badsign", "busy", "other-order"])
@pytest.mark.parametrize("place", ["authorisation", "6201"])
def test_silence_before_the_money_is_asked_about_again(insurer: Insurer, place: str, what: str) -> None:
    if (place, what) == ("authorisation", "other-order"):
        pytest.skip("a consent names no order")
    insurer.sandbox.store.break_at(place, what)
    _charge, order = insurer.charge()
    with pytest.raises(errors.ChannelSilent):
        insurer.authorised(order)
    row = insurer.authorised(order)
    assert row.split_at is not None and len(insurer.sandbox.store.all("SELECT * FROM uploads")) == 1


@pytest.mark.parametrize("place", ["prepay", "med-order"])
@pytest.mark.parametrize("what", ["refuse", "lose", "badsign"])
def test_silence_at_the_money_is_repeated_under_the_same_number(insurer: Insurer, place: str, what: str) -> None:
    charge, order = insurer.charge()
    insurer.authorised(order)
    insurer.bank.sandbox.break_at(place, what)
    with pytest.raises(errors.ChannelSilent):
        insurer.agreed(order)
    insurer.pays(insurer.agreed(order))
    assert later(insurer.house, order, seconds=5).status == PayOrderStatus.PAID
    assert selectors.charge_is_paid(charge.pk) and Payment.objects.count() == 1
    assert len(insurer.bank.sandbox.store.all("SELECT * FROM mixed")) == 1


@pytest.mark.parametrize("what", ["refuse", "lose"])
def test_a_settlement_without_an_answer_is_found(insurer: Insurer, what: str) -> None:
    """6202 was sent and nobody answered: 6301 tells what became of it, whichever it was."""
    insurer.plan(100, 0)
    charge, order = insurer.charge()
    insurer.authorised(order)
    insurer.sandbox.store.break_at("6202", what)
    with pytest.raises(errors.ChannelSilent):
        insurer.agreed(order)
    found = later(insurer.house, order, seconds=5)
    if what == "lose":
        assert found.status == PayOrderStatus.PAID and selectors.charge_is_paid(charge.pk)
    else:
        assert found.status == PayOrderStatus.WAITING
        insurer.agreed(order)  # the patient presses again
        assert later(insurer.house, order, seconds=30).status == PayOrderStatus.PAID
    assert not broken_invariants()


def test_a_late_settlement_is_waited_for(insurer: Insurer) -> None:
    """Both halves are needed: WeChat says paid, the insurer still works on it, so that nothing is booked yet."""
    charge, order, row = insurer.ready()
    insurer.sandbox.store.break_at("settle", "late")
    insurer.pays(row)
    assert later(insurer.house, order, seconds=5).status == PayOrderStatus.WAITING
    insurer.sandbox.finish(order.number)
    assert later(insurer.house, order, seconds=60).status == PayOrderStatus.PAID and selectors.charge_is_paid(charge.pk)


@pytest.mark.parametrize("what", ["half-cash", "half-insurer"])
def test_half_a_payment_is_given_back(insurer: Insurer, what: str) -> None:
    """Neither: whichever half was taken goes back by its own route, and the bill stays open."""
    charge, order, row = insurer.ready()
    insurer.bank.sandbox.break_at("mix", what)
    insurer.pays(row)
    later(insurer.house, order, seconds=5)
    insurer.bank.refunds_done()
    assert later(insurer.house, order, minutes=2).status == PayOrderStatus.CLOSED
    assert insurer.holds_nothing(order.number) and not Payment.objects.exists()
    charge.refresh_from_db()
    assert charge.status == "open" and ledger() == {}


def test_the_insurer_refuses_and_no_cash_was_taken(insurer: Insurer) -> None:
    _charge, order, row = insurer.ready()
    insurer.sandbox.store.break_at("settle", "no")
    assert insurer.pays(row)["state"] == "MIX_PAY_FAIL"
    assert later(insurer.house, order, seconds=5).status == PayOrderStatus.CLOSED
    cash = insurer.cash(order.number)
    assert cash is not None and cash["state"] == "CLOSED" and not Payment.objects.exists()


@pytest.mark.parametrize("place", ["6301", "med-query", "query"])
@pytest.mark.parametrize("what", ["wrong-amount", "refuse", "badsign"])
def test_unequal_or_unproved_answers_book_nothing(insurer: Insurer, place: str, what: str) -> None:
    _charge, order, row = insurer.ready()
    insurer.pays(row)
    (insurer.sandbox.store if place == "6301" else insurer.bank.sandbox.store).break_at(place, what)
    asked = later(insurer.house, order, seconds=5)
    assert asked.status == PayOrderStatus.WAITING and asked.last_error and not Payment.objects.exists()
    assert later(insurer.house, order, minutes=3).status == PayOrderStatus.PAID


def test_what_nobody_pays_is_revoked_at_its_end(insurer: Insurer) -> None:
    """6401 and the close of the patient's half, also when the answer to the upload was lost."""
    _charge, order, _row = insurer.ready()
    insurer.sandbox.store.break_at("6201", "lose")
    _other, lost = insurer.charge()
    with pytest.raises(errors.ChannelSilent):
        insurer.authorised(lost)
    for minutes in (31, 33, 36):
        services.intents_resolve(at=insurer.house.at + timedelta(minutes=minutes))
    assert {row.status for row in PayOrder.objects.all()} == {PayOrderStatus.CLOSED}
    assert {row["state"] for row in insurer.sandbox.store.all("SELECT state FROM uploads")} == {"7"}
    cash = insurer.cash(order.number)
    assert cash is not None and cash["state"] == "CLOSED" and lost.pk != order.pk


def test_the_last_second_is_booked(insurer: Insurer) -> None:
    """G02: the payer's password and the closing of the order cross; the money came first and counts."""
    charge, order, row = insurer.ready()
    insurer.pays(row)
    assert later(insurer.house, order, minutes=31).status == PayOrderStatus.PAID and selectors.charge_is_paid(charge.pk)


# --- Notices --------------------------------------------------------------------------------------------------------
def test_notices_of_the_insurer_prove_themselves(insurer: Insurer) -> None:
    """G06: forged, of another order, of another amount, old: refused with a security event, and nothing is booked."""
    insurer.plan(100, 0)
    _charge, order, _row = insurer.ready()
    _c, other, _r = insurer.ready(("LAB-1", 1))
    good = insurer.sandbox.notice(order.number)
    forged = good | {"signData": insurer.sandbox.notice(other.number)["signData"]}
    foreign = good | {"appId": "F" * 32}
    old = insurer.sandbox.side.seal({}, stamp=int(insurer.sandbox.clock() - 400) * 1000, transType="6302")
    changed = insurer.sandbox.notice(order.number, fundPay="0.01")
    elsewhere = insurer.sandbox.notice(order.number, payOrdId=insurer.row(other.number)["pay_ord_id"])
    statuses = [ring_insurer(one).status_code for one in (forged, foreign, old, {}, changed, elsewhere)]
    assert statuses == [401, 401, 401, 401, 409, 409]
    assert AuditLine.objects.filter(action="security.pay_notice_refused").count() == 6
    assert not Payment.objects.exists() and not ChannelEvent.objects.exists()
    assert [ring_insurer(good).status_code for _ in range(15)] == [200] * 15
    assert ChannelEvent.objects.count() == 1 and not Payment.objects.exists()


@pytest.mark.parametrize("change", [{"total_fee": 79999}, {"med_ins_gov_fee": 47999}, {"pay_order_id": "ORD0"},
                                    {"mix_pay_status": "MIX_PAY_CREATED"}, {"appid": "wx-other"}, {"mchid": "1"},
                                    {"out_trade_no": "P20991231000001"}, {"self_pay_status": "SELF_PAY_CREATED"}])  # fmt: skip
def test_genuine_notices_of_wechat_that_do_not_fit_are_refused(
    insurer: Insurer, bank: Bank, change: dict[str, Any]
) -> None:
    _charge, _order, row = insurer.ready()
    insurer.pays(row)
    bank.sandbox.mixed.tell(bank.sandbox.mixed.row("mix_trade_no", row.mix_trade_no), **change)
    assert bank.rings() == 0 and AuditLine.objects.filter(action="security.pay_notice_refused").count() == 1
    assert not Payment.objects.exists() and not ChannelEvent.objects.exists()
    assert ring(*bank.sent[-1]).status_code == 409


# --- Refunds and books ----------------------------------------------------------------------------------------------
def refunded(insurer: Insurer, charge: Any, key: str = "k") -> Refund:
    with transaction.atomic():
        return services.refund_request(
            actor=actor_of_person(insurer.house.cast.wang_fang),
            charge_id=charge.pk,
            at=insurer.house.at,
            reason="退号",
            key=key,
        )


def test_each_half_goes_back_the_way_it_came(insurer: Insurer) -> None:
    """6203 and WeChat's refund under one number, and WeChat is told of the insurer's half (PAY-09, PAY-10)."""
    charge, order, row = insurer.paid()
    refund = refunded(insurer, charge)
    services.intents_resolve(at=insurer.house.at + timedelta(seconds=5))
    insurer.bank.refunds_done()
    services.intents_resolve(at=insurer.house.at + timedelta(minutes=2))
    refund.refresh_from_db()
    charge.refresh_from_db()
    assert refund.status == RefundStatus.SUCCEEDED and charge.status == "refunded"
    assert insurer.holds_nothing(order.number) and ledger() == {}
    assert insurer.bank.sandbox.mixed.row("mix_trade_no", row.mix_trade_no)["state"] == "MIX_PAY_REFUND"
    cash = insurer.bank.sandbox.store.all("SELECT number, amount FROM refunds")
    assert [(one["number"], one["amount"]) for one in cash] == [(refund.number, 12000)]
    assert not broken_invariants()


@pytest.mark.parametrize(("place", "what"), [("6203", "lose"), ("6203", "refuse"), ("refund", "lose"), ("refund", "refuse"),
                                             ("med-refund", "lose"), ("med-refund", "refuse"), ("6203", "badsign")])  # fmt: skip
def test_a_refund_without_an_answer_is_asked_for_again_and_paid_once(insurer: Insurer, place: str, what: str) -> None:
    charge, order, _row = insurer.paid()
    refund = refunded(insurer, charge)
    (insurer.sandbox.store if place == "6203" else insurer.bank.sandbox.store).break_at(place, what)
    services.intents_resolve(at=insurer.house.at + timedelta(seconds=5))
    refund.refresh_from_db()
    assert refund.status == RefundStatus.UNKNOWN
    for minutes in (2, 4, 8):
        services.intents_resolve(at=insurer.house.at + timedelta(minutes=minutes))
        insurer.bank.refunds_done()
    refund.refresh_from_db()
    assert refund.status == RefundStatus.SUCCEEDED and insurer.holds_nothing(order.number) and not broken_invariants()


def test_an_insured_bill_goes_back_whole_or_not_at_all(insurer: Insurer) -> None:
    """PAY-10: what remains is settled anew, never half a settlement taken back."""
    charge, _order, _row = insurer.paid(("TRT-1", 1), ("LAB-1", 1))
    with pytest.raises(errors.InsuredWhole), transaction.atomic():
        services.refund_request(
            actor=actor_of_person(insurer.house.cast.wang_fang), charge_id=charge.pk, at=insurer.house.at, reason="退项",
            key="part", lines=[services.LineSpec("LAB-1")],
        )  # fmt: skip


def test_both_bills_agree_with_the_books(insurer: Insurer, house: House) -> None:
    """Hospital = platform = channel, for the insurer's statement and for WeChat's bill, payments and refunds."""
    charge, _order, _row = insurer.paid()
    insurer.paid(("LAB-1", 2))
    refunded(insurer, charge)
    insurer.plan(100, 0)
    insurer.paid(("REG-1", 1))
    services.intents_resolve(at=house.at + timedelta(seconds=5))
    insurer.bank.refunds_done()
    services.intents_resolve(at=house.at + timedelta(minutes=2))
    day = clock.business_day(clock.now())
    start = clock.day_bounds(day)[0]
    statement = insurer.sandbox.statement(start).encode()
    from billing.channels.wechat.sandbox import bills as wire

    rows = insurer.bank.sandbox.bill_rows(f"{day}")
    for channel, raw, figures in [
        (Channel.INSURANCE, statement, (68000 + 3485 + 5000, 68000)),
        (Channel.WECHAT, wire.render(rows), (12000 + 615, 12000)),
    ]:
        file, _new = bill_import(actor=ROBOT, channel=channel, raw=raw, name="t.csv", at=house.at, day=day)
        run = recon_run(actor=ROBOT, channel=channel, day=day, at=house.at, file_id=file.pk)
        for side in ("hospital", "platform", "channel"):
            assert (run.totals[f"{side}_paid"], run.totals[f"{side}_refunded"]) == figures, (channel, side)
        assert set(run.differences) <= {"D6"} and run.matched >= 2, run.differences


def test_the_bank_credits_each_insurer_and_the_days_report_ties(insurer: Insurer, house: House) -> None:
    """PAY-08: the report's halves are what the books say of each channel; the insurers' accounts are cleared by the bank."""
    insurer.paid()
    insurer.plan(80, 20, "390")
    insurer.paid(("REG-1", 1))
    day, office = clock.business_day(house.at), actor_of_person(house.cast.finance)
    report = daily_report(office, day, at=house.at)
    rows = {row.channel: (row.gross, row.fund, row.personal, row.cash) for row in report.rows}
    assert rows == {"微信支付": (12000, 0, 0, 12000), "医保": (73000, 52000, 21000, 0)}
    assert all(tie.in_books for tie in report.ties) and len(report.ties) == 2
    bank_credit_record(
        actor=office, channel="insurance", day=day, amount=73000, reference="B1", credited_on=day, at=house.at
    )
    assert ledger() == {"bank": 73000, "channel.wechat": 12000, "income.registration": -85000}


def test_a_statement_with_another_split_is_d9(insurer: Insurer, house: House) -> None:
    """The sum is right and the parts aren't: fund and personal account changed places by one fen (PAY-04)."""
    _charge, order, _row = insurer.paid()
    insurer.sandbox.store.run(
        "UPDATE uploads SET fund = fund - 1, personal = personal + 1 WHERE number = ?", order.number
    )
    day = clock.business_day(clock.now())
    raw = insurer.sandbox.statement(clock.day_bounds(day)[0]).encode()
    bill_import(actor=ROBOT, channel="insurance", raw=raw, name="t.csv", at=house.at, day=day)
    run = recon_run(actor=ROBOT, channel="insurance", day=day, at=house.at)
    assert run.differences == {"D9": 1}
