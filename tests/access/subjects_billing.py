"""Whose bills and pay orders: one's own, of the mother whom one acts for, of the stranger."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction

from billing import kinds, services
from billing.channels.cash.services import cash_take
from billing.channels.cash.shifts import shift_count
from billing.models import Category, DeskShift, Invoice, PriceItem, ReconCase
from hospital.kit.actor import Role
from hospital.organisation.models import PolicyParameter
from tests.access.subjects import Case, subject
from tests.cast import Cast, Person, actor_of_person

KIND = "tests.access"


def _owe(cast: Cast, person: Person, subject_id: int) -> Any:
    if KIND not in kinds.registered():
        kinds.register(
            kinds.ChargeKind(KIND, "挂号费", "registration", kinds.nothing, kinds.nothing, lambda charge, at: True)
        )
    if not PriceItem.objects.filter(code="ACCESS").exists():
        PriceItem.objects.create(
            code="ACCESS", name="门诊检查 CANARY", category=Category.EXAM, price=12345, unit="次",
            effective_from=cast.at - timedelta(days=1),
        )  # fmt: skip
    payer = person if person.account else cast.wang_fang
    with transaction.atomic():
        return services.charge_create(
            actor=actor_of_person(payer), patient_id=person.patient_id, kind=KIND, subject_id=subject_id,
            lines=[services.LineSpec("ACCESS")], at=cast.at, expires_at=cast.at + timedelta(hours=1),
        )  # fmt: skip


SECRETS = ["CANARY", "123.45"]


@subject("charge")
def charge(cast: Cast, rule: str) -> Sequence[Case]:
    mine, mothers, theirs = (_owe(cast, p, n) for n, p in enumerate([cast.wang_fang, cast.mother, cast.stranger]))
    cases = []
    for relation, row, may in [
        ("own", mine, "wang_fang"),
        ("mother's", mothers, "wang_fang"),
        ("other's", theirs, "stranger"),
    ]:
        data = {"charge": [row.pk], "method": "none"} if rule.endswith("_start") else None
        success = {422} if rule.endswith("_start") else {200}
        cases.append(Case(relation, {"charge_ids": row.pk}, may={may}, data=data, success=success, secrets=SECRETS))
    return cases


@subject("bill")
def bill(cast: Cast, rule: str) -> Sequence[Case]:
    mine, mothers, theirs = (_owe(cast, p, n) for n, p in enumerate([cast.wang_fang, cast.mother, cast.stranger]))
    return [
        Case("own", {"number": mine.number}, may={"wang_fang"}, secrets=SECRETS),
        Case("mother's", {"number": mothers.number}, may={"wang_fang"}, secrets=SECRETS),
        Case("other's", {"number": theirs.number}, may={"stranger"}, secrets=SECRETS),
    ]


@subject("pay_order")
def pay_order(cast: Cast, rule: str) -> Sequence[Case]:
    cases = []
    for number, (relation, person, may) in enumerate(
        [("own", cast.wang_fang, "wang_fang"), ("other's", cast.stranger, "stranger")]
    ):
        owed = _owe(cast, person, 100 + number)
        with transaction.atomic():
            order = services.pay_order_open(
                actor=actor_of_person(person), charge_ids=[owed.pk], channel="cash", method="desk", at=cast.at
            )
            order.status = "closed"
            order.save(update_fields=["status"])
        # Not an insured order, and closed: those who may are told so, the others that there is none.
        success = {409} if rule in {"billing.insured_again", "billing.insured_settle"} else {200, 302}
        cases.append(Case(relation, {"number": order.number}, may={may}, secrets=SECRETS, success=success))
    return cases


@subject("wechat_notice")
def wechat_notice(cast: Cast, rule: str) -> Sequence[Case]:
    """Anybody may ring, and without WeChat's signature nobody gets further than 401."""
    return [Case("forged", {}, may={"anonymous"}, data={"resource": {}}, json=True, success={401})]


@subject("alipay_notice")
def alipay_notice(cast: Cast, rule: str) -> Sequence[Case]:
    """Anybody may ring, and without Alipay's signature nobody gets further than 401."""
    return [Case("forged", {}, may={"anonymous"}, data={"out_trade_no": "P1"}, success={401})]


@subject("unionpay_notice")
def unionpay_notice(cast: Cast, rule: str) -> Sequence[Case]:
    """Anybody may ring, and without UnionPay's signature nobody gets further than 401."""
    return [Case("forged", {}, may={"anonymous"}, data={"orderId": "P1"}, success={401})]


@subject("insurance_notice")
def insurance_notice(cast: Cast, rule: str) -> Sequence[Case]:
    """Anybody may ring, and without the centre's sealed envelope nobody gets further than 401."""
    return [Case("forged", {}, may={"anonymous"}, data={"appId": "x"}, json=True, success={401})]


@subject("desk_patient")
def desk_patient(cast: Cast, rule: str) -> Sequence[Case]:
    """The cash desk serves whoever stands before it; nobody else opens this page."""
    _owe(cast, cast.wang_fang, 200)
    return [Case("any patient", {"patient_id": cast.wang_fang.patient_id}, may={"cashier"}, secrets=SECRETS)]


@subject("desk_patient_take")
def desk_patient_take(cast: Cast, rule: str) -> Sequence[Case]:
    owed = _owe(cast, cast.wang_fang, 201)
    data = {"charge": [owed.pk]}
    return [Case("any patient", {"patient_id": cast.wang_fang.patient_id}, may={"cashier"}, data=data)]


def _paid_in_cash(cast: Cast, subject_id: int) -> Any:
    owed = _owe(cast, cast.wang_fang, subject_id)
    cash_take(
        actor=actor_of_person(cast.cashier), patient_id=cast.wang_fang.patient_id, charge_ids=[owed.pk], at=cast.at
    )
    return owed


def _refund(cast: Cast, actor: Person, subject_id: int) -> Any:
    owed = _paid_in_cash(cast, subject_id)
    with transaction.atomic():
        return services.refund_request(
            actor=actor_of_person(actor), charge_id=owed.pk, at=cast.at, reason="退号", key=f"access:{subject_id}"
        )


@subject("cash_refund")
def cash_refund(cast: Cast, rule: str) -> Sequence[Case]:
    return [Case("approved", {"refund_id": _refund(cast, cast.wang_fang, 300).pk}, may={"cashier"})]


@subject("own_shift")
def own_shift(cast: Cast, rule: str) -> Sequence[Case]:
    """Each cashier counts the own drawer."""
    _paid_in_cash(cast, 310)
    shift = DeskShift.objects.get()
    return [Case("own", {"shift_id": shift.pk}, may={"cashier"}, data={"cash": "123.45", "card": "0", "reason": ""})]


@subject("counted_shift")
def counted_shift(cast: Cast, rule: str) -> Sequence[Case]:
    """A difference is checked by another person than the one who counted."""
    other = actor_of_person(cast.new_staff("钱收", cast.office, Role.CASHIER))
    owed = _owe(cast, cast.wang_fang, 311)
    cash_take(actor=other, patient_id=cast.wang_fang.patient_id, charge_ids=[owed.pk], at=cast.at)
    shift = shift_count(
        actor=other, shift_id=DeskShift.objects.get().pk, counted_cash=1, counted_card=0, reason="CANARY", at=cast.at
    )
    return [Case("counted", {"shift_id": shift.pk}, may={"cashier", "finance", "second_finance"}, secrets=SECRETS)]


def _invoice(cast: Cast, subject_id: int, status: str = "issued") -> Invoice:
    owed = _paid_in_cash(cast, subject_id)
    made = Invoice.objects.get(charge=owed)
    given = {"code": "11060126", "ticket": f"{subject_id:010d}", "check_code": "abc123", "issued_at": cast.at}
    Invoice.objects.filter(pk=made.pk).update(status=status, **(given if status == "issued" else {}))
    made.refresh_from_db()
    return made


@subject("receipt")
def receipt(cast: Cast, rule: str) -> Sequence[Case]:
    return [Case("own", {"number": _invoice(cast, 320).number}, may={"wang_fang"}, secrets=SECRETS)]


@subject("receipt_check")
def receipt_check(cast: Cast, rule: str) -> Sequence[Case]:
    """Whoever holds the receipt has its three numbers; with others there is no such receipt."""
    made = _invoice(cast, 321)
    url = {"code": made.code, "ticket": made.ticket, "check_code": made.check_code}
    return [Case("in hand", url, may={"anonymous"}), Case("guessed", {**url, "check_code": "000000"}, may=set())]


@subject("receipt_refused")
def receipt_refused(cast: Cast, rule: str) -> Sequence[Case]:
    made = _invoice(cast, 322, "refused")
    return [Case("refused", {"invoice_id": made.pk}, may={"finance", "second_finance"})]


@subject("big_refund")
def big_refund(cast: Cast, rule: str) -> Sequence[Case]:
    PolicyParameter.objects.create(
        name="billing.refund_approval_fen", value=1, source="test", effective_from=cast.at - timedelta(days=1)
    )
    waiting = _refund(cast, cast.doctor_li, 400)
    data = {"decision": "approve"}
    return [Case("waiting", {"refund_id": waiting.pk}, may={"finance", "second_finance"}, data=data)]


def _case(cast: Cast, **columns: Any) -> ReconCase:
    return ReconCase.objects.create(
        channel="wechat", day=cast.at.date(), key="pay:PCANARY", difference="D2", reason="not-in-bill",
        found_at=cast.at, platform=12345, **columns,
    )  # fmt: skip


@subject("recon_case")
def recon_case(cast: Cast, rule: str) -> Sequence[Case]:
    row = _case(cast)
    return [Case("open", {"case_id": row.pk}, may={"finance", "second_finance"}, secrets=SECRETS)]


@subject("recon_case_work")
def recon_case_work(cast: Cast, rule: str) -> Sequence[Case]:
    if rule.endswith("propose"):
        row, data = _case(cast), {"action": "explain", "note": "已致电"}
    else:
        row = _case(cast, status="proposed", action="explain", proposed_by_account_id=cast.admin.account.pk)
        data = {"decision": "approve"}
    return [Case("one", {"case_id": row.pk}, may={"finance", "second_finance"}, data=data)]


@subject("room_charge")
def room_charge(cast: Cast, rule: str) -> Sequence[Case]:
    """The doctor in care of the patient, and no other; the channel isn't there in this test, and that is said."""
    cast.care_begins(cast.doctor_li, cast.wang_fang)
    mine, theirs = _owe(cast, cast.wang_fang, 500), _owe(cast, cast.stranger, 501)
    return [
        Case("own patient", {"charge_ids": mine.pk}, may={"doctor_li"}, secrets=SECRETS),
        Case("other's patient", {"charge_ids": theirs.pk}, may=set(), secrets=SECRETS),
    ]


@subject("room_order")
def room_order(cast: Cast, rule: str) -> Sequence[Case]:
    owed = _owe(cast, cast.wang_fang, 502)
    with transaction.atomic():
        order = services.pay_order_open(
            actor=actor_of_person(cast.doctor_li), charge_ids=[owed.pk], channel="cash", method="desk", at=cast.at
        )
        order.status = "closed"
        order.save(update_fields=["status"])
    return [Case("own", {"number": order.number}, may={"doctor_li"}, secrets=SECRETS)]
