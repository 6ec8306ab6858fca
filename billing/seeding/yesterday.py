"""Yesterday at every channel, through the same verbs as every day, with the bill that each wrote of it.

The bills have honest differences, so that the finance page shows what it is for. WeChat: a payment of 23:59 the evening
before that the channel counted after midnight, one of another till, and a wrong commission. Alipay: money that somebody gave
back in the channel's own console. UnionPay: a payment after 23:00, which is the next day for its clearing. The insurer's agree.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db import transaction

from hospital.kit import clock
from hospital.kit.actor import system
from hospital.organisation.models import Department
from hospital.people.models import Patient

from .. import services
from ..channels.alipay.sandbox import bills as alipay_wire
from ..channels.base import Split
from ..channels.unionpay.sandbox import bills as unionpay_wire
from ..channels.wechat.sandbox import bills as wechat_wire
from ..kinds import COUNTER
from ..models import BillFetch, Channel, Charge, Package, Payment, PayMethod, ReconRun, Refund
from ..services.bills import bill_import
from ..services.payments import payment_take
from ..services.recon import recon_run
from ..services.refunds import refund_finish

_ROBOT = system("billing.seed")
_PACKAGE = "PKG-CHEMO"
_BOUGHT = ["250101015", "250301001", "220203001", "210300001", "340200001", "120400003", "430000001"]


def yesterday(rng: random.Random, at: datetime) -> None:
    day = clock.business_day(at) - timedelta(days=1)
    patients = list(Patient.objects.order_by("pk").values_list("pk", flat=True)[2:40])
    if not patients or ReconRun.objects.filter(day=day).exists():
        return
    made = _Day(rng, day, patients)
    with transaction.atomic():
        insurer, own_parts = made.insurance()
        raws = {Channel.WECHAT: made.wechat(own_parts), Channel.ALIPAY: made.alipay(),
                Channel.UNIONPAY: made.unionpay(), Channel.INSURANCE: insurer}  # fmt: skip
    for channel, raw in raws.items():
        name = f"{channel}-{day:%Y%m%d}.{'csv' if channel in {Channel.WECHAT, Channel.INSURANCE} else 'zip'}"
        file, _new = bill_import(actor=_ROBOT, channel=channel, raw=raw, name=name, at=at, day=day, source="download")
        BillFetch.objects.get_or_create(
            channel=channel, day=day, defaults={"next_try_at": at, "done_at": at, "attempts": 1}
        )
        recon_run(actor=_ROBOT, channel=channel, day=day, at=at, file_id=file.pk)


class _Day:
    def __init__(self, rng: random.Random, day: date, patients: list[int]) -> None:
        self.rng, self.day, self.patients = rng, day, patients
        self.numbers = 0
        departments = Department.objects.filter(is_open=True).order_by("pk").values_list("pk", "campus_id")
        self.departments: list[tuple[int | None, int | None]] = list(departments[:7]) or [(None, None)]

    # --- What was paid and given back ----------------------------------------------------------------------------
    def moments(self, many: int) -> list[datetime]:
        return sorted(
            clock.at_local(self.day, time(self.rng.randint(8, 16), self.rng.randint(0, 59), self.rng.randint(0, 59)))
            for _ in range(many)
        )

    def paid(
        self,
        channel: Channel,
        method: PayMethod,
        at: datetime,
        *,
        split: Callable[[int, datetime], Split] | None = None,
        codes: Sequence[str] = (),
    ) -> Payment:
        self.numbers += 1
        codes = codes or self.rng.sample(_BOUGHT, self.rng.randint(1, 2))
        department_id, campus_id = self.departments[self.numbers % len(self.departments)]
        charge: Charge = services.charge_create(
            actor=_ROBOT, patient_id=self.rng.choice(self.patients), kind=COUNTER,
            subject_id=self.day.toordinal() * 1000 + self.numbers, lines=[services.LineSpec(code) for code in codes], at=at,
            department_id=department_id, campus_id=campus_id,
        )  # fmt: skip
        order = services.pay_order_open(actor=_ROBOT, charge_ids=[charge.pk], channel=channel, method=method, at=at)
        when = at + timedelta(seconds=40)
        money = services.Money(
            self.transaction_id(channel, at), order.amount, when, "notice", split(order.amount, when) if split else None
        )
        return payment_take(order_id=order.pk, money=money, at=at + timedelta(seconds=41), actor=_ROBOT)

    def transaction_id(self, channel: Channel, at: datetime) -> str:
        """As long as each channel makes them."""
        stamp = f"{clock.local(at):%Y%m%d%H%M%S}"
        return {
            Channel.WECHAT: f"42000{stamp}{self.numbers:07d}", Channel.ALIPAY: f"{stamp[:8]}22001{self.numbers:015d}",
            Channel.UNIONPAY: f"{stamp}{self.numbers:06d}8", Channel.INSURANCE: f"ORD{stamp}{self.numbers:07d}",
        }[channel]  # fmt: skip

    def refunded(self, payment: Payment, at: datetime) -> Refund:
        charge_id = payment.settlements.get().charge_id
        refund = services.refund_request(
            actor=_ROBOT, charge_id=charge_id, at=at, reason="医生停诊", key=f"seed:{payment.pk}"
        )
        number = f"50300{at:%Y%m%d}{refund.pk:08d}"
        refund_finish(refund, actor=_ROBOT, at=at, success_at=at, channel_refund_id=number)
        return refund

    # --- The bills -----------------------------------------------------------------------------------------------
    def wechat(self, own_parts: list[Payment]) -> bytes:
        paid = [self.paid(Channel.WECHAT, PayMethod.H5, at) for at in self.moments(36)]
        for at in self.moments(2 if Package.objects.filter(code=_PACKAGE).exists() else 0):
            paid.append(self.paid(Channel.WECHAT, PayMethod.JSAPI, at, codes=[_PACKAGE]))
        evening = clock.at_local(self.day - timedelta(days=1), time(23, 59, 12))
        late = self.paid(Channel.WECHAT, PayMethod.H5, evening)
        back = [
            self.refunded(payment, clock.at_local(self.day, time(17, number)))
            for number, payment in enumerate(paid[:3])
        ]
        rows = [_wechat_row(payment) for payment in paid] + [_wechat_back(refund) for refund in back]
        rows[7]["手续费"] = "0.85000"
        rows.insert(0, _wechat_row(late, success_at=clock.at_local(self.day, time(0, 0, 9)).timestamp()))
        till = {"商户订单号": f"POS{self.day:%Y%m%d}0007", "微信订单号": f"42009{self.day:%Y%m%d}000007"}
        rows.append(_wechat_row(paid[0]) | till)
        for payment in own_parts:
            half = payment.split
            rows.append(_wechat_row(payment, transaction_id=half.cash_transaction_id, paid_total=half.own_cash))
        return wechat_wire.render(rows)

    def alipay(self) -> bytes:
        paid = [self.paid(Channel.ALIPAY, PayMethod.H5, at) for at in self.moments(14)]
        books = [_alipay_book(payment) for payment in paid]
        back = self.refunded(paid[0], clock.at_local(self.day, time(17, 20)))
        console = {"number": f"HOUTAI{self.day:%Y%m%d}01", "amount": books[5]["paid_total"],
                   "success_at": clock.at_local(self.day, time(18, 4)).timestamp()}  # fmt: skip
        assert back.success_at is not None
        asked = {"number": back.number, "amount": back.amount, "success_at": back.success_at.timestamp()}
        rows = [*map(alipay_wire.row, books), alipay_wire.row(books[0], asked), alipay_wire.row(books[5], console)]
        start = clock.at_local(self.day, time(0))
        return alipay_wire.render(settings.ALIPAY_SELLER_ID or "2088000000000000", clock.local(start), rows)

    def unionpay(self) -> bytes:
        late = self.paid(
            Channel.UNIONPAY, PayMethod.NATIVE, clock.at_local(self.day - timedelta(days=1), time(23, 17, 5))
        )
        paid = [self.paid(Channel.UNIONPAY, PayMethod.NATIVE, at) for at in self.moments(9)]
        back = self.refunded(paid[0], clock.at_local(self.day, time(17, 40)))
        merchant = settings.UNIONPAY_MER_ID or "0" * 15
        lines = [unionpay_wire.line(merchant, _unionpay_book(payment)) for payment in [late, *paid]]
        assert back.success_at is not None
        asked = {"number": back.number, "amount": back.amount, "success_at": back.success_at.timestamp(),
                 "trace": f"{back.pk % 10**6:06d}", "query_id": back.channel_refund_id}  # fmt: skip
        lines.append(unionpay_wire.line(merchant, _unionpay_book(paid[0]), asked))
        return unionpay_wire.render(merchant, clock.local(clock.at_local(self.day, time(0))), lines)[1]

    def insurance(self) -> tuple[bytes, list[Payment]]:
        """Insured bills, half of which leave a part to the patient; that part stands in WeChat's bill (PAY-12)."""
        parts = iter(range(1, 100))

        def split(amount: int, at: datetime) -> Split:
            number = next(parts)
            own = amount // 5 if number % 2 else 0
            fund = (amount - own) * 7 // 10
            whole = Split("310", amount, fund, amount - own - fund, own)
            cash = f"42008{self.day:%Y%m%d}{number:010d}"
            return replace(whole, cash_channel="wechat", cash_transaction_id=cash, cash_at=at) if own else whole

        paid = [self.paid(Channel.INSURANCE, PayMethod.CODE, at, split=split) for at in self.moments(6)]
        head = "payOrdId,setlTime,medOrgOrd,trnsName,feeSumamt,fundPay,psnAcctPay,ownPayAmt,ordStas,oriSetlId"
        lines = [
            f"{payment.transaction_id},{clock.local(payment.success_at):%Y-%m-%d %H:%M:%S},{payment.order.number},pay,"
            f"{','.join(wechat_wire.yuan(fen) for fen in _figures(payment))},6,"
            for payment in paid
        ]
        sums = [wechat_wire.yuan(sum(column)) for column in zip(*map(_figures, paid), strict=True)]
        text = "\r\n".join([head, *lines, f"TOTAL,{len(paid)},{','.join(sums)}", ""])
        return text.encode("utf-8-sig"), [payment for payment in paid if payment.split.own_cash]


def _figures(payment: Payment) -> list[int]:
    half = payment.split
    return [half.total, half.fund, half.personal, half.own_cash]


# --- A payment as each channel's own books have it --------------------------------------------------------------
def _wechat_book(payment: Payment) -> dict[str, object]:
    return {
        "number": payment.order.number, "transaction_id": payment.transaction_id, "paid_total": payment.amount,
        "success_at": payment.success_at.timestamp(), "trade_type": "MWEB", "openid": "o-demo-payer",
        "description": payment.order.title, "attach": "",
    }  # fmt: skip


def _wechat_row(payment: Payment, **changes: object) -> dict[str, str]:
    book = _wechat_book(payment) | changes
    return wechat_wire.pay_row(book, appid=settings.WECHAT_APP_ID, mchid=settings.WECHATPAY_MCHID)


def _wechat_back(refund: Refund) -> dict[str, str]:
    assert refund.success_at is not None
    stamp = refund.success_at.timestamp()
    book = {"number": refund.number, "refund_id": refund.channel_refund_id, "amount": refund.amount,
            "created_at": stamp, "success_at": stamp, "status": "SUCCESS"}  # fmt: skip
    return wechat_wire.refund_row(
        book, _wechat_book(refund.payment), appid=settings.WECHAT_APP_ID, mchid=settings.WECHATPAY_MCHID
    )


def _alipay_book(payment: Payment) -> dict[str, object]:
    stamp = payment.success_at.timestamp()
    return {
        "trade_no": payment.transaction_id, "number": payment.order.number, "subject": payment.order.title,
        "paid_total": payment.amount, "created_at": stamp - 30, "success_at": stamp,
    }  # fmt: skip


def _unionpay_book(payment: Payment) -> dict[str, object]:
    return {
        "number": payment.order.number, "query_id": payment.transaction_id, "paid_total": payment.amount,
        "success_at": payment.success_at.timestamp(), "trace": payment.transaction_id[-7:-1], "sub": "07", "biz": "000000",
    }  # fmt: skip
