"""D9 and D10: the insurer's pockets, the channel's fee, its account flow, and what the bank credits (PAY-04, PAY-12)."""

from datetime import date, timedelta

import pytest
from django.db import transaction
from django.db.models import Sum

from billing import services
from billing.channels.base import Split
from billing.models import Entry, ReconCase
from billing.services import credit
from billing.services.bills import bill_import
from billing.services.payments import payment_take
from billing.services.recon import recon_run
from billing.states import CaseStatus
from tests.billing.bill_files import insurer_statement
from tests.billing.books import ROBOT, Books
from tests.cast import actor_of_person

pytestmark = pytest.mark.django_db


def test_an_insurers_statement_is_compared_pocket_by_pocket(books: Books) -> None:
    """D9: the sums agree, the fund's and the personal part don't; an equal one is no difference (PAY-12)."""
    rows = []
    for number, (fund, personal) in enumerate([(3000, 1000), (2999, 1001)]):
        order = books.house.order(
            books.house.owe(books.house.cast.wang_fang, at=books.moment()), channel="insurance", at=books.moment()
        )
        with transaction.atomic():
            split = Split(
                "310",
                5000,
                fund,
                personal,
                1000,
                cash_channel="wechat",
                cash_transaction_id=f"42{number}",
                cash_at=books.moment(),
            )
            payment_take(
                order_id=order.pk,
                money=services.Money(f"ORD{number}", 5000, books.moment(), "query", split),
                at=books.moment(),
                actor=ROBOT,
            )
        rows.append(f"ORD{number},{books.moment():%F %T},{order.number},pay,50.00,30.00,10.00,10.00,6")
    raw = insurer_statement(rows, "TOTAL,2,100.00,60.00,20.00,20.00")
    bill_import(actor=ROBOT, channel="insurance", raw=raw, name="i.csv", at=books.house.at)
    run = recon_run(actor=ROBOT, channel="insurance", day=books.day, at=books.house.at)
    assert (run.matched, run.differences) == (1, {"D9": 1})
    case = ReconCase.objects.get()
    assert case.reason == "split-fund" and (case.evidence["c_fund"], case.evidence["p_fund"]) == (3000, 2999)


def test_the_bank_must_credit_what_the_channel_owes_after_its_fee(books: Books) -> None:
    """D10, PAY-08: a credit that is short, one that never came, and the fee booked once however often it is compared."""
    for _ in range(2):
        books.paid()
    books.bill()
    office = actor_of_person(books.house.cast.finance)
    assert books.run().differences == {}

    def credited(fen: int, reference: str, day: date) -> None:
        credit.bank_credit_record(
            actor=office,
            channel="wechat",
            day=day,
            amount=fen,
            reference=reference,
            credited_on=books.day,
            at=books.house.at,
        )

    credited(9939, "B1", books.day)  # 100.00 less 0.60 is 99.40
    assert books.run().differences == {"D10": 1}
    assert (ReconCase.objects.get().platform, ReconCase.objects.get().channel_amount) == (9940, 9939)
    with pytest.raises(credit.CreditKnown):
        credited(1, "B1", books.day)
    credited(1, "B2", books.day)
    assert books.run().differences == {} and ReconCase.objects.get().status == CaseStatus.DONE
    sums = dict(Entry.objects.values_list("account__code").annotate(Sum("amount")))
    assert (sums["bank"], sums["fee.wechat"], sums["channel.wechat"]) == (9940, 60, 0)
    late = books.day + timedelta(days=1)
    books.bill([books.pay_row(books.paid(books.moment(days=1), in_bill=False))], late)
    run = recon_run(actor=ROBOT, channel="wechat", day=late, at=books.house.at + timedelta(days=5))
    assert run.differences == {"D10": 1}
    assert ReconCase.objects.get(day=late).reason == "credit-missing"


def test_the_account_flow_must_move_what_the_bill_says(books: Books) -> None:
    """D10: one payment moved short, one not at all; a payment that has another difference keeps its one class."""
    good, short, gone, wrong = (books.paid(in_bill=False) for _ in range(4))
    books.rows += [books.pay_row(payment) for payment in (good, short, gone)]
    books.rows.append(books.pay_row(wrong, 订单金额="50.01", 应结订单金额="50.01"))
    books.bill()
    flow = [("支出" if fen < 0 else "收入", abs(fen), payment) for payment, fen in
            [(good, 5000), (good, -30), (short, 4999), (short, -30), (wrong, 5000), (wrong, -30)]]  # fmt: skip
    head = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额（元）,账户结余（元）,资金变更提交申请人,备注,业务凭证号"
    lines = [f"`{books.moment():%F %T},`{payment.transaction_id},`F{n},`交易,`交易,`{side},`{fen / 100:.2f},`0.00,`s,`,`{payment.order.number}"
             for n, (side, fen, payment) in enumerate(flow)]  # fmt: skip
    income, expense = (sum(fen for which, fen, _p in flow if which == side) for side in ("收入", "支出"))
    foot = [
        "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额",
        f"`6.0,`3.0,`{income / 100:.2f},`3.0,`{expense / 100:.2f}",
    ]
    raw = "\r\n".join([head, *lines, *foot]).encode()
    bill_import(actor=ROBOT, channel="wechat", raw=raw, name="f.csv", at=books.house.at)
    assert books.run().differences == {"D4": 1, "D10": 2}
    assert set(ReconCase.objects.filter(difference="D10").values_list("reason", flat=True)) == {
        "flow-amount",
        "not-in-flow",
    }
