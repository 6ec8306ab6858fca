"""The demo's price list, and yesterday's payments with WeChat's bill of them; a second run changes nothing.

Yesterday goes through the same verbs as every day. Its bill has three honest differences, so that the finance page
shows what it is for: a payment of 23:59 the evening before that the channel counted after midnight, one of another till,
and a wrong commission.
"""

import random
from datetime import datetime, time, timedelta

from django.conf import settings
from django.db import transaction

from hospital.kit import clock
from hospital.kit.actor import system
from hospital.organisation.models import CodeSystem, Concept
from hospital.people.models import Patient

from . import services
from .channels.wechat.sandbox import bills as wire
from .kinds import COUNTER
from .models import BillFetch, Category, Channel, Charge, Payment, PayMethod, PriceItem, ReconRun, Refund
from .services.bills import bill_import
from .services.payments import payment_take
from .services.recon import recon_run
from .services.refunds import refund_finish

_ROBOT = system("billing.seed")

# The categories of the catalogues, which are those of the national receipt (PAY-14).
_CATEGORIES = {
    "诊察费": Category.CONSULTATION, "检查费": Category.EXAM, "化验费": Category.LAB, "治疗费": Category.TREATMENT,
    "手术费": Category.SURGERY, "卫生材料费": Category.MATERIAL, "西药费": Category.WESTERN_DRUG,
    "中药饮片": Category.HERBAL, "中成药费": Category.PATENT_DRUG, "一般诊疗费": Category.GENERAL,
    "挂号费": Category.REGISTRATION,
}  # fmt: skip
_DRUG_KINDS = {"西药": Category.WESTERN_DRUG, "中成药": Category.PATENT_DRUG, "中草药": Category.HERBAL}


def seed(*, size: str, rng: random.Random, at: datetime) -> None:
    _prices(at)
    if size != "large":
        _yesterday(rng, at)


def _yesterday(rng: random.Random, at: datetime) -> None:
    day = clock.business_day(at) - timedelta(days=1)
    patients = list(Patient.objects.order_by("pk").values_list("pk", flat=True)[2:40])
    if not patients or ReconRun.objects.filter(channel=Channel.WECHAT, day=day).exists():
        return
    moments = sorted(
        clock.at_local(day, time(rng.randint(8, 16), rng.randint(0, 59), rng.randint(0, 59))) for _ in range(36)
    )
    with transaction.atomic():
        paid = [_paid(rng, rng.choice(patients), when, number) for number, when in enumerate(moments, start=1)]
        late = _paid(rng, patients[0], clock.at_local(day - timedelta(days=1), time(23, 59, 12)), 37)
        refunds = [_refunded(payment, clock.at_local(day, time(17, number))) for number, payment in enumerate(paid[:3])]
    rows = [_pay_row(payment) for payment in paid] + [_refund_row(refund) for refund in refunds]
    rows[7]["手续费"] = "0.85000"
    after_midnight = clock.at_local(day, time(0, 0, 9)).timestamp()
    rows.insert(0, _pay_row(late, success_at=after_midnight))
    rows.append(_pay_row(paid[0]) | {"商户订单号": f"POS{day:%Y%m%d}0007", "微信订单号": f"42009{day:%Y%m%d}000007"})
    file, _new = bill_import(
        actor=_ROBOT, channel=Channel.WECHAT, raw=wire.render(rows), name=f"wechat-{day:%Y%m%d}.csv", at=at, day=day,
        source="download",
    )  # fmt: skip
    BillFetch.objects.get_or_create(
        channel=Channel.WECHAT, day=day, defaults={"next_try_at": at, "done_at": at, "attempts": 1}
    )
    recon_run(actor=_ROBOT, channel=Channel.WECHAT, day=day, at=at, file_id=file.pk)


_BOUGHT = ["250101015", "250301001", "220203001", "210300001", "340200001", "120400003", "430000001"]


def _paid(rng: random.Random, patient_id: int, at: datetime, number: int) -> Payment:
    codes = rng.sample(_BOUGHT, rng.randint(1, 2))
    charge: Charge = services.charge_create(
        actor=_ROBOT, patient_id=patient_id, kind=COUNTER, subject_id=clock.business_day(at).toordinal() * 1000 + number,
        lines=[services.LineSpec(code) for code in codes], at=at,
    )  # fmt: skip
    order = services.pay_order_open(
        actor=_ROBOT, charge_ids=[charge.pk], channel=Channel.WECHAT, method=PayMethod.H5, at=at
    )
    money = services.Money(f"42000{at:%Y%m%d%H%M%S}{number:07d}", order.amount, at + timedelta(seconds=40), "notice")
    return payment_take(order_id=order.pk, money=money, at=at + timedelta(seconds=41), actor=_ROBOT)


def _refunded(payment: Payment, at: datetime) -> Refund:
    charge_id = payment.settlements.get().charge_id
    refund = services.refund_request(
        actor=_ROBOT, charge_id=charge_id, at=at, reason="医生停诊", key=f"seed:{payment.pk}"
    )
    refund_finish(refund, actor=_ROBOT, at=at, success_at=at, channel_refund_id=f"50300{at:%Y%m%d}{refund.pk:08d}")
    return refund


def _book(payment: Payment) -> dict[str, object]:
    """A payment as the channel's own books have it."""
    return {
        "number": payment.order.number, "transaction_id": payment.transaction_id, "paid_total": payment.amount,
        "success_at": payment.success_at.timestamp(), "trade_type": "MWEB", "openid": "o-demo-payer",
        "description": payment.order.title, "attach": "",
    }  # fmt: skip


def _pay_row(payment: Payment, **changes: object) -> dict[str, str]:
    return wire.pay_row(_book(payment) | changes, appid=settings.WECHAT_APP_ID, mchid=settings.WECHATPAY_MCHID)


def _refund_row(refund: Refund) -> dict[str, str]:
    assert refund.success_at is not None
    stamp = refund.success_at.timestamp()
    book = {"number": refund.number, "refund_id": refund.channel_refund_id, "amount": refund.amount,
            "created_at": stamp, "success_at": stamp, "status": "SUCCESS"}  # fmt: skip
    return wire.refund_row(book, _book(refund.payment), appid=settings.WECHAT_APP_ID, mchid=settings.WECHATPAY_MCHID)


def _prices(at: datetime) -> None:
    """Every priced code of the catalogues gets a price that has held for a year."""
    day = clock.business_day(at) - timedelta(days=365)
    since = clock.day_bounds(day)[0]
    known = set(PriceItem.objects.values_list("code", flat=True))
    items = []
    for concept in Concept.objects.filter(system__in=[CodeSystem.SERVICE, CodeSystem.DRUG], is_active=True):
        fen = concept.properties.get("price_fen")
        if not isinstance(fen, int) or fen <= 0 or concept.code in known:
            continue
        known.add(concept.code)
        items.append(_item(concept, fen, since))
    PriceItem.objects.bulk_create(items, batch_size=500)


def _item(concept: Concept, fen: int, since: datetime) -> PriceItem:
    own = concept.properties
    if concept.system == CodeSystem.DRUG:
        category = _DRUG_KINDS.get(own.get("kind", ""), Category.WESTERN_DRUG)
    else:
        category = _CATEGORIES.get(own.get("category", ""), Category.OTHER)
    return PriceItem(
        code=concept.code, system=concept.system, name=concept.display, pinyin=concept.pinyin[:600],
        initials=concept.initials[:200], category=category, specification=str(own.get("strength", ""))[:200],
        unit=str(own.get("unit") or "次")[:20], price=fen, effective_from=since, source="价格公示 2026 年第 1 号（演示）",
    )  # fmt: skip
