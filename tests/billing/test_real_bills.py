"""Bills that channels really wrote, held against books that say the same, and against books with one fault each (G08, PAY-04).

For each line of the bill the hospital's side is planted: order, payment, settlement, refund. Then all must agree; and
with one fault of each kind, that one line and no other must be found, in its class. Bills with a licence lie in
tests/billing/data. Others, a hospital's own for instance, are tried from a folder with one folder per channel:

    REAL_BILLS=/some/folder ./dev test tests/billing/test_real_bills.py     (/some/folder/alipay/*.csv, .../unionpay/INN...)
"""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.db import transaction

from billing import services
from billing.channels.bills import Line, read_all
from billing.models import BillFile, Category, Payment, PayOrder, PriceItem, ReconCase, Refund
from billing.services.bills import READERS, bill_import
from billing.services.payments import payment_take
from billing.services.recon import recon_run
from billing.services.refunds import refund_finish
from hospital.kit.actor import system
from tests.billing.bill_files import ZM_NAME, alipay_detail, alipay_row, zm_row
from tests.billing.conftest import House

pytestmark = pytest.mark.django_db

ROBOT = system("tests")
DATA = Path(__file__).parent / "data"
ALIPAY = alipay_detail(
    [alipay_row("P1", "50.00", fee="-0.30"), alipay_row("P2", "20.50", fee="-0.12"), alipay_row("P3", "800.00", fee="-4.80"),
     alipay_row("P1", "-50.00", refund="R1", fee="0.30"), alipay_row("P3", "-800.00", refund="R3", fee="4.80", at="10:20:00")],
    (3, "870.50", 2, "-850.00"),
)  # fmt: skip
UNIONPAY = b"\r\n".join(
    [
        zm_row("REG1", 80000, 480),
        zm_row("REG2", 5000, 30),
        zm_row("RFD1", 80000, 480, refund_of="8126112009REG1", first="REG1"),
    ]
)
Found = tuple[str, str, bytes]  # channel, name, bytes
FOUND: list[Found] = [
    *(("wechat", name, (DATA / name).read_bytes()) for name in ("tradebill_ALL_20210128.csv", "tradebill_ALL_20210128.csv.gz")),
    ("alipay", "made-here.csv", ALIPAY), ("unionpay", ZM_NAME, UNIONPAY),
]  # fmt: skip
if os.environ.get("REAL_BILLS"):
    named = sorted(Path(os.environ["REAL_BILLS"]).glob("*/*"))
    FOUND += [(one.parent.name, one.name, one.read_bytes()) for one in named if one.parent.name in READERS]


def lines_of(found: Found) -> list[Line]:
    channel, name, raw = found
    return read_all(READERS[channel](io.BytesIO(raw), name, None)).lines


@pytest.fixture(autouse=True)
def _of_any_merchant(settings: Any) -> None:
    """The bills are other hospitals': this house has no number of its own at WeChat to compare theirs with."""
    settings.WECHATPAY_MCHID = ""


WITH_REFUNDS = [one for one in FOUND if any(line.kind == "refund" for line in lines_of(one))]


@contextmanager
def numbered(module: str, number: str) -> Iterator[None]:
    """What is made here gets the number that the bill has."""
    with mock.patch(f"billing.services.{module}.next_number", return_value=number):
        yield


@dataclass
class Books:
    """The hospital's side of a bill: as the bill has it, unless a fault is put in."""

    house: House
    channel: str
    name: str
    raw: bytes

    @cached_property
    def lines(self) -> list[Line]:
        return lines_of((self.channel, self.name, self.raw))

    def plant(self, line: Line) -> None:
        if line.kind == "pay":
            self.pay(line)
        else:
            self.back(line)

    def order(self, line: Line) -> PayOrder:
        code = f"FEN-{line.amount}"
        PriceItem.objects.get_or_create(
            code=code,
            defaults={"name": "挂号费", "category": Category.REGISTRATION, "price": line.amount, "unit": "次",
                      "effective_from": datetime(2010, 1, 1, tzinfo=UTC), "source": "test"},
        )  # fmt: skip
        charge = self.house.owe(self.house.cast.wang_fang, (code, 1), minutes=None, at=line.at)
        with numbered("payments", line.order_no):  # a number never changes, so that it is born with it
            order: PayOrder = self.house.order(charge, channel=self.channel, method="native", at=line.at)
        return order

    def pay(self, line: Line) -> None:
        money = services.Money(line.transaction_id, line.amount, line.at, "notice")
        order = self.order(line)
        with transaction.atomic():
            payment_take(order_id=order.pk, money=money, at=line.at, actor=ROBOT)

    def back(self, line: Line, *, finish: bool = True) -> None:
        charge_id = Payment.objects.get(transaction_id=line.transaction_id).settlements.get().charge_id
        with transaction.atomic(), numbered("refunds", line.refund_no):
            refund = services.refund_request(
                actor=ROBOT, charge_id=charge_id, at=line.at, reason="退号", key=line.refund_no
            )
            if finish:
                refund_finish(
                    refund, actor=ROBOT, at=line.at, success_at=line.at, channel_refund_id=line.channel_refund_id
                )

    def compared(self) -> dict[str, int]:
        file, _new = bill_import(actor=ROBOT, channel=self.channel, raw=self.raw, name=self.name, at=self.house.at)
        assert file.row_count == len(self.lines) and BillFile.objects.count() == 1
        run = recon_run(actor=ROBOT, channel=self.channel, day=file.day, at=self.house.at)
        again = recon_run(actor=ROBOT, channel=self.channel, day=file.day, at=self.house.at)
        assert again.digest == run.digest
        found = dict(run.differences)
        assert run.matched == len(self.lines) - sum(count for kind, count in found.items() if kind != "D2")
        return found


def title(found: Found) -> str:
    return f"{found[0]}:{found[1]}"


@pytest.fixture(params=FOUND, ids=title)
def books(request: pytest.FixtureRequest, house: House) -> Books:
    return Books(house, *request.param)


def last_alone(books: Books) -> Line:
    """A payment that no refund of the same bill speaks of."""
    given_back = {line.transaction_id for line in books.lines if line.kind == "refund"}
    return [line for line in books.lines if line.kind == "pay" and line.transaction_id not in given_back][-1]


def test_books_that_say_the_same_agree_on_every_line(books: Books) -> None:
    for line in books.lines:
        books.plant(line)
    assert books.compared() == {} and not ReconCase.objects.exists()


def not_paid_here(books: Books, line: Line) -> None:
    books.order(line)


def missing_here(books: Books, line: Line) -> None:
    pass


def missing_in_the_bill(books: Books, line: Line) -> None:
    books.pay(line)
    books.pay(replace(line, order_no="P2099999999", transaction_id="T2099999999"))


def other_amount(books: Books, line: Line) -> None:
    books.pay(replace(line, amount=line.amount + 1))


def other_transaction(books: Books, line: Line) -> None:
    books.pay(replace(line, transaction_id="T2099999999"))


FAULTS: dict[Callable[[Books, Line], None], tuple[str, str]] = {
    not_paid_here: ("D1", "order-known-payment-unknown"),
    missing_here: ("D1", "unknown-order"),
    missing_in_the_bill: ("D2", "not-in-bill"),
    other_amount: ("D4", "amount"),
    other_transaction: ("D5", "other-transaction"),
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_one_fault_is_found_as_what_it_is_and_nothing_else(books: Books, fault: Callable[[Books, Line], None]) -> None:
    spoilt = last_alone(books)
    for line in books.lines:
        if line is spoilt:
            fault(books, line)
        else:
            books.plant(line)
    kind, reason = FAULTS[fault]
    assert books.compared() == {kind: 1}
    case = ReconCase.objects.get()
    assert (case.difference, case.reason) == (kind, reason)
    assert case.evidence["order_no"] in {spoilt.order_no, "P2099999999"}


@pytest.mark.parametrize("finish", [None, False], ids=["missing here", "not finished here"])
@pytest.mark.parametrize("found", WITH_REFUNDS, ids=title)
def test_a_refund_that_only_the_bill_has_is_found(house: House, found: Found, finish: bool | None) -> None:
    books = Books(house, *found)
    spoilt = [line for line in books.lines if line.kind == "refund"][-1]
    for line in books.lines:
        if line is not spoilt:
            books.plant(line)
        elif finish is not None:
            books.back(line, finish=finish)
            Refund.objects.filter(number=line.refund_no).update(status="processing")
    assert books.compared() == {"D8": 1}
    assert ReconCase.objects.get().reason == ("refund-unknown-here" if finish is None else "here-processing")
