"""A day of payments with its bill, and the ways to spoil it: one for each class of PAY-04, several for some."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db import transaction

from billing import services
from billing.channels.base import Split
from billing.channels.wechat.sandbox import bills as wire
from billing.models import BillFile, Payment, ReconRun, Refund
from billing.services.bills import bill_import
from billing.services.payments import payment_take
from billing.services.recon import recon_run
from billing.services.refunds import refund_finish
from hospital.kit import clock
from hospital.kit.actor import system
from tests.billing.conftest import House

ROBOT = system("tests")


@dataclass
class Books:
    """A day of payments with its bill; `rows` is the bill as the channel would write it, to be spoilt by a test."""

    house: House
    day: date
    merchant: str
    rows: list[dict[str, str]] = field(default_factory=list)
    numbers: int = 0

    def moment(self, hour: int = 12, minute: int = 0, second: int = 0, days: int = 0) -> datetime:
        return clock.at_local(self.day + timedelta(days=days), time(hour, minute, second))

    def paid(self, at: datetime | None = None, *, settled: datetime | None = None, in_bill: bool = True) -> Payment:
        """A bill that was paid; settled at the same moment unless told otherwise."""
        when = at or self.moment(8 + self.numbers % 10, self.numbers % 60)
        self.numbers += 1
        order = self.house.order(self.house.owe(self.house.cast.wang_fang, at=when), at=when)
        money = services.Money(f"42{self.numbers:08d}", order.amount, when, "query")
        with transaction.atomic():
            payment = payment_take(order_id=order.pk, money=money, at=settled or when, actor=ROBOT)
        if in_bill:
            self.rows.append(self.pay_row(payment))
        return payment

    def pay_row(self, payment: Payment, **changes: str) -> dict[str, str]:
        order = {
            "number": payment.order.number, "transaction_id": payment.transaction_id, "paid_total": payment.amount,
            "success_at": payment.success_at.timestamp(), "trade_type": "MWEB", "openid": "o", "description": "挂号费",
            "attach": "",
        }  # fmt: skip
        return wire.pay_row(order, appid="wx-test-app", mchid=self.merchant) | changes

    def refunded(self, payment: Payment, at: datetime | None = None, *, in_bill: bool = True) -> Refund:
        when = at or self.moment(20)
        self.numbers += 1
        charge = payment.settlements.get().charge
        with transaction.atomic():
            refund = services.refund_request(
                actor=ROBOT, charge_id=charge.pk, at=when, reason="退号", key=f"r{self.numbers}"
            )
            refund_finish(refund, actor=ROBOT, at=when, success_at=when, channel_refund_id=f"503{self.numbers}")
        if in_bill:
            self.rows.append(self.refund_row(refund))
        return refund

    def refund_row(self, refund: Refund, **changes: str) -> dict[str, str]:
        when = (refund.success_at or refund.requested_at).timestamp()
        # Never the id of another refund here (503...): the comparison would take one line for the other's.
        base = {"number": refund.number, "refund_id": f"504{refund.pk}", "amount": refund.amount, "created_at": when,
                "success_at": when, "status": "SUCCESS"}  # fmt: skip
        order = {"number": refund.payment.order.number, "transaction_id": refund.payment.transaction_id,
                 "paid_total": refund.payment.amount, "success_at": when, "trade_type": "MWEB", "openid": "o",
                 "description": "挂号费", "attach": ""}  # fmt: skip
        return wire.refund_row(base, order, appid="wx-test-app", mchid=self.merchant) | changes

    def bill(self, rows: list[dict[str, str]] | None = None, day: date | None = None) -> BillFile:
        file, _new = bill_import(
            actor=ROBOT, channel="wechat", raw=wire.render(self.rows if rows is None else rows), name="t.csv",
            at=self.house.at, day=day or self.day,
        )  # fmt: skip
        return file

    def run(self, day: date | None = None) -> ReconRun:
        return recon_run(actor=ROBOT, channel="wechat", day=day or self.day, at=self.house.at)


def only_channel(books: Books) -> None:
    gone = books.paid(in_bill=False)
    books.rows.append(
        books.pay_row(gone, 商户订单号=f"P2099123{books.numbers:07d}", 微信订单号=f"4299{books.numbers:06d}")
    )
    books.rows.append(books.pay_row(gone))


def only_hospital(books: Books) -> None:
    books.paid(in_bill=False)


def not_posted(books: Books) -> None:
    when = books.moment()
    charge = books.house.owe(books.house.cast.wang_fang, at=when)
    order = books.house.order(charge, at=when)
    with transaction.atomic():
        services.charge_cancel(actor=ROBOT, charge_id=charge.pk, at=when, reason="不去了")
        money = services.Money(f"42777{order.pk}", order.amount, when, "query")
        payment = payment_take(order_id=order.pk, money=money, at=when, actor=ROBOT)
    books.rows.append(books.pay_row(payment))


def other_amount(books: Books) -> None:
    books.rows.append(books.pay_row(books.paid(in_bill=False), 订单金额="50.01", 应结订单金额="50.01"))


def other_currency(books: Books) -> None:
    books.rows.append(books.pay_row(books.paid(in_bill=False), 货币种类="USD"))


def other_state(books: Books) -> None:
    books.rows.append(books.pay_row(books.paid(in_bill=False), 交易状态="REVOKED"))


def other_merchant(books: Books) -> None:
    books.rows.append(books.pay_row(books.paid(in_bill=False), 商户号="1999999999"))


def listed_twice(books: Books) -> None:
    row = books.pay_row(books.paid(in_bill=False))
    books.rows += [row, dict(row)]


def across_midnight(books: Books) -> None:
    books.paid(books.moment(23, 59, 59), in_bill=False)


def settled_after_midnight(books: Books) -> None:
    books.paid(books.moment(23, 59, 59), settled=books.moment(0, 0, 4, days=1))


def paid_twice(books: Books) -> None:
    when = books.moment()
    charge = books.house.owe(books.house.cast.wang_fang, at=when)
    orders = [books.house.order(charge, at=when), books.house.order(charge, at=when)]
    for number, order in enumerate(orders):
        with transaction.atomic():
            money = services.Money(f"4288{number}{order.pk}", order.amount, when, "query")
            books.rows.append(books.pay_row(payment_take(order_id=order.pk, money=money, at=when, actor=ROBOT)))


def refund_missing_there(books: Books) -> None:
    books.refunded(books.paid(), in_bill=False)


def refund_missing_here(books: Books) -> None:
    refund = books.refunded(books.paid(), in_bill=False)
    books.rows += [books.refund_row(refund), books.refund_row(refund, 商户退款单号=f"R2099123{books.numbers:07d}")]


def refund_amount(books: Books) -> None:
    refund = books.refunded(books.paid(), in_bill=False)
    books.rows.append(books.refund_row(refund, 申请退款金额="49.99", 退款金额="49.99"))


def refund_failed_there(books: Books) -> None:
    refund = books.refunded(books.paid(), in_bill=False)
    books.rows.append(books.refund_row(refund, 退款状态="FAIL"))


def refund_stuck(books: Books) -> None:
    payment = books.paid()
    with transaction.atomic():
        refund = services.refund_request(
            actor=ROBOT,
            charge_id=payment.settlements.get().charge_id,
            at=books.moment(15),
            reason="退号",
            key=f"stuck{payment.pk}",
        )
    books.rows.append(books.refund_row(refund))


def insured_otherwise(books: Books) -> None:
    """WeChat took a fen less for the patient's half of an insured bill than the insurer left."""
    when = books.moment()
    order = books.house.order(
        books.house.owe(books.house.cast.wang_fang, at=when), at=when, channel="insurance", method="code"
    )
    split = Split(
        "310",
        order.amount,
        order.amount - 2000,
        0,
        2000,
        cash_channel="wechat",
        cash_transaction_id=f"4299{order.pk}",
        cash_at=when,
    )
    money = services.Money(f"ORD{order.pk}", order.amount, when, "query", split)
    with transaction.atomic():
        payment = payment_take(order_id=order.pk, money=money, at=when, actor=ROBOT)
    books.rows.append(
        books.pay_row(payment, 微信订单号=f"4299{order.pk}", 订单金额="19.99", 应结订单金额="19.99", 手续费="0.12000")
    )


def fee(books: Books) -> None:
    books.rows.append(books.pay_row(books.paid(in_bill=False), 手续费="0.50000"))


INJECTED: list[tuple[str, Callable[[Books], None]]] = [
    ("D1", only_channel), ("D2", only_hospital), ("D3", not_posted), ("D4", other_amount), ("D4", other_currency),
    ("D5", other_state), ("D5", other_merchant), ("D5", listed_twice), ("D6", across_midnight),
    ("D6", settled_after_midnight), ("D7", paid_twice), ("D8", refund_missing_there), ("D8", refund_missing_here),
    ("D8", refund_amount), ("D8", refund_failed_there), ("D8", refund_stuck), ("D9", insured_otherwise), ("D10", fee),
]  # fmt: skip
