"""G08, PAY-06: the other channels' files, byte by byte; what doesn't add up is refused whole, with the reason."""

import io
from collections.abc import Callable

import pytest

from billing.channels.alipay import bill as alipay
from billing.channels.bills import Bill, BillRefused, MakeReader, read_all
from billing.channels.insurance import bill as insurance
from billing.channels.unionpay import bill as unionpay
from billing.models import BillFile, BillLine, FundLine
from billing.services.bills import FileRefused, bill_import
from hospital.kit import clock
from hospital.kit.actor import system
from tests.billing.bill_files import (
    DAY,
    ZM_NAME,
    alipay_detail,
    alipay_row,
    alipay_summary,
    alipay_zip,
    fixed,
    insurer_statement,
    zipped,
    zm_row,
)


def read(make: MakeReader, raw: bytes, name: str = "", day: object = None) -> Bill:
    return read_all(make(io.BytesIO(raw), name, None))


# --- Alipay ---------------------------------------------------------------------------------------------------------
ROWS = [
    alipay_row("P1", "50.00", fee="-0.30"), alipay_row("P2", "20.50", fee="-0.12"),
    alipay_row("P1", "-50.00", refund="R1", fee="0.30", at="10:00:00"),
]  # fmt: skip
DETAIL = alipay_detail(ROWS, (2, "70.50", 1, "-50.00"))
SUMMARY = alipay_summary(2, 1, "20.50")


@pytest.mark.parametrize(
    "raw", [DETAIL, alipay_zip(DETAIL), alipay_zip(DETAIL, SUMMARY)], ids=["csv", "zip", "summary"]
)
def test_alipays_detail_is_read_out_of_gbk_and_zip(raw: bytes) -> None:
    bill = read(alipay.reader, raw)
    assert [(line.kind, line.order_no, line.refund_no, line.amount, line.fee_e5) for line in bill.lines] == [
        ("pay", "P1", "", 5000, 30000), ("pay", "P2", "", 2050, 12000), ("refund", "P1", "R1", 5000, -30000),
    ]  # fmt: skip
    assert bill.lines[0].transaction_id == "2026112022P1" and bill.lines[0].merchant == "20880000000000000156"
    assert f"{bill.lines[2].at:%F %T %z}" == "2026-11-20 10:00:00 +0800"
    assert bill.totals["ordered"] == 2050 and bill.totals["fee_e5"] == 12000


ALIPAY_DAMAGE: dict[str, Callable[[], bytes]] = {
    "a row lost": lambda: alipay_detail(ROWS[:1] + ROWS[2:], (2, "70.50", 1, "-50.00")),
    "a fen more": lambda: alipay_detail(ROWS, (2, "70.51", 1, "-50.00")),
    "footer cut": lambda: DETAIL[: DETAIL.index("#交易合计".encode("gbk"))],
    "cut in the middle": lambda: DETAIL[: len(DETAIL) // 2],
    "UTF-8 instead": lambda: DETAIL.decode("gbk").encode("utf-8"),
    "a positive refund": lambda: alipay_detail([alipay_row("P1", "5.00", refund="R1")], (0, "0.00", 1, "5.00")),
    "a column lost": lambda: DETAIL.replace(b",0.00,0.00,0.00", b",0.00,0.00", 1),
    "kind unknown": lambda: DETAIL.replace("交易,挂".encode("gbk"), "转账,挂".encode("gbk"), 1),
    "header unknown": lambda: DETAIL.replace("商户订单号".encode("gbk"), "某单号".encode("gbk"), 1),
    "summary says else": lambda: alipay_zip(DETAIL, alipay_summary(2, 1, "20.51")),
    "summary empty": lambda: alipay_zip(DETAIL, b""),
    "zip cut": lambda: alipay_zip(DETAIL)[:-30],
    "zip damaged inside": lambda: (raw := alipay_zip(DETAIL))[:120] + bytes([raw[120] ^ 255]) + raw[121:],
    "zip with nothing in it": lambda: alipay_zip(b"", SUMMARY),
    "empty": lambda: b"",
    "no bill at all": lambda: b"<html>login</html>",
}


@pytest.mark.parametrize("how", ALIPAY_DAMAGE)
def test_a_damaged_bill_of_alipay_is_refused_with_the_reason(how: str) -> None:
    with pytest.raises(BillRefused) as refusal:
        read(alipay.reader, ALIPAY_DAMAGE[how]())
    assert refusal.value.reason


def account_flow(total: str) -> bytes:
    head = "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注"
    rows = [f"F1\t,2026112022P1\t,P1\t,x,{DAY} 09:10:00,a,50.00,0.00,50.00,支付宝,在线支付,",
            f"F2\t,2026112022P1\t,P1\t,x,{DAY} 09:10:01,a,0.00,-0.30,49.70,支付宝,收费,"]  # fmt: skip
    lines = ["#支付宝账务明细查询", "#账号：[1]", "#---账务明细列表---", head, *rows, "#---账务明细列表结束---",
             f"#支出合计：1笔，共{total}元", "#收入合计：1笔，共50.00元"]  # fmt: skip
    return "\r\n".join(lines).encode("gbk")


def test_alipays_account_flow_is_a_fund_flow_and_is_proved() -> None:
    bill = read(alipay.reader, account_flow("-0.30"))
    assert [row[5] for row in bill.rows] == ["5000", "-30"] and bill.totals["income"] == 5000
    with pytest.raises(BillRefused, match="支出合计"):
        read(alipay.reader, account_flow("-0.31"))


# --- UnionPay -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("tail", [(131,), (32, 98), (32, 13, 2, 1, 12, 67)], ids=["V41", "V42", "V46"])
def test_unionpays_zm_is_cut_by_bytes_in_all_three_layouts(tail: tuple[int, ...]) -> None:
    rows = [
        zm_row("REG1", 80000, 480, tail=tail),
        zm_row("RFD1", 80000, 480, refund_of="8126112009REG1", first="REG1" if tail != (131,) else "", tail=tail),
    ]
    bill = read(unionpay.reader, b"\r\n".join(rows) + b"\r\n", ZM_NAME)
    pay, back = bill.lines
    assert (pay.kind, pay.order_no, pay.amount, pay.fee_e5, f"{pay.at:%F %T}") == (
        "pay",
        "REG1",
        80000,
        480000,
        f"{DAY} 09:30:00",
    )
    assert (back.kind, back.refund_no, back.amount, back.fee_e5) == ("refund", "RFD1", 80000, -480000)
    assert back.transaction_id == pay.transaction_id and back.order_no == ("REG1" if tail != (131,) else "")
    assert bill.totals == {"paid": 80000, "refunded": 80000, "fee_e5": 0, "net": 0, "count": 2}


ZM_DAMAGE = {
    "a byte short": lambda row: row[:-1],
    "columns slipped": lambda row: row[:60] + b"0" + row[60:-1],
    "net wrong": lambda row: row.replace(b"C000000079520", b"C000000079521"),
    "sign wrong": lambda row: row.replace(b"D000000000480", b"C000000000480"),
    "no digits": lambda row: row.replace(b"000000080000 ", b"0000000800O0 "),
    "other merchant": lambda row: row.replace(b"777290058110097", b"777290058110098"),
    "type unknown": lambda row: row.replace(b" 01  ", b" 77  ", 1),
    "no GBK": lambda row: row.replace(b"REG1", b"\xff\xff\xff\xff"),
    "no time": lambda row: row.replace(b"1120093000", b"1320093000"),
}  # fmt: skip


@pytest.mark.parametrize("how", ZM_DAMAGE)
def test_a_damaged_file_of_unionpay_is_refused_with_the_line(how: str) -> None:
    good = zm_row("REG1", 80000, 480)
    bad = ZM_DAMAGE[how](good)
    assert bad != good
    with pytest.raises(BillRefused, match="line 2"):
        read(unionpay.reader, good + b"\n" + bad + b"\n", ZM_NAME)


def test_a_damaged_zip_of_unionpay_or_one_without_payments_is_refused() -> None:
    good = zipped({ZM_NAME: zm_row("REG1", 80000, 480), "readme.txt": b"hello"})
    assert read(unionpay.reader, good, "any name").totals["count"] == 1
    for bad in (good[:-20], good[:60] + b"xx" + good[62:], zipped({"readme.txt": b"hello"})):
        with pytest.raises(BillRefused, match="the zip"):
            read(unionpay.reader, bad, "u.zip")


def test_a_file_of_unionpay_must_be_named_as_one() -> None:
    for name in ("bill.csv", "INN26139988ZM_7"):
        with pytest.raises(BillRefused):
            read(unionpay.reader, zm_row("REG1", 1, 0), name)


def test_a_line_of_december_in_a_file_of_january_is_of_last_year() -> None:
    row = zm_row("REG1", 100, 0).replace(b"1120093000", b"1231235959")
    assert read(unionpay.reader, row, "INN27010188ZM_777290058110097").lines[0].at.year == 2026


def test_unionpays_errors_and_the_acquirers_file_are_read_by_bytes() -> None:
    zme = [3, 11, 11, 6, 10, 19, 12, 4, 2, 2, 6, 10, 4, 12, 13, 13, 15, 15, 1, 12, 2, 135]
    row = fixed(zme, {1: "E74", 4: "100009", 5: "1120120000", 7: "000000000100", 16: "D000000000100"})
    with pytest.raises(BillRefused, match="half a bill"):  # alone it would stand for the day's payments
        read(unionpay.reader, row, "INN26112088ZME_777290058110097")
    bill = read(
        unionpay.reader, zipped({ZM_NAME: zm_row("REG1", 80000, 480), "INN26112088ZME_777290058110097": row}), "u.zip"
    )
    assert bill.totals == {"paid": 80000, "fee_e5": 480000, "net": 79520, "corrected_out": 100, "count": 2}
    assert [(line.kind, line.amount, line.line_no) for line in bill.lines] == [("pay", 80000, 1), ("refund", 100, 2)]
    acomn = [11, 11, 6, 10, 19, 12, 12, 12, 4, 6, 4, 8, 15, 12, 2, 6, 11, 6, 2, 3, 12, 12, 12, 1, 3, 1, 1, 10, 11, 1, 2, 2, 12, 14,
             19, 2, 40, 3, 131]  # fmt: skip
    values = {3: "100001", 4: "1120093000", 6: "000000005000", 9: "0200", 10: "000000", 13: "777290058110097", 14: "261120000001",
              21: "C00000000000", 22: "D00000000030", 37: "DESK-1"}  # fmt: skip
    line = read(unionpay.reader, fixed(acomn, values), "IND26112001ACOMN").lines[0]
    assert (line.kind, line.order_no, line.amount, line.fee_e5) == ("pay", "DESK-1", 5000, 30000)
    with pytest.raises(BillRefused, match="isn't known"):
        read(unionpay.reader, fixed(acomn, values | {10: "310000"}), "IND26112001ACOMN")


# --- The insurer ------------------------------------------------------------------------------------------------------
GOOD = f"ORD1,{DAY} 09:10:00,P1,pay,100.00,60.00,30.00,10.00,6"


def test_the_insurers_statement_says_what_each_pocket_pays() -> None:
    bill = read(insurance.reader, insurer_statement([GOOD], "TOTAL,1,100.00,60.00,30.00,10.00"))
    assert bill.rows[0][9:] == ("9000", "0", "2", "6000", "3000", "1000") and bill.lines[0].order_no == "P1"


@pytest.mark.parametrize(
    ("rows", "total"),
    [
        ([GOOD], "TOTAL,2,100.00,60.00,30.00,10.00"), ([GOOD], "TOTAL,1,100.00,60.01,30.00,10.00"), ([GOOD], ""),
        ([GOOD.replace("60.00", "60.01")], "TOTAL,1,100.00,60.01,30.00,10.00"), ([GOOD[:-1] + "9"], "TOTAL,1,100.00,60.00,30.00,10.00"),
        ([GOOD], "TOTAL,1,100.00,60.00,30.00,10.00\r\nmore"),
    ],
)  # fmt: skip
def test_a_statement_that_does_not_add_up_is_refused(rows: list[str], total: str) -> None:
    """T17, PAY-12: the parts make the total, in every line and at the end."""
    with pytest.raises(BillRefused):
        read(insurance.reader, insurer_statement(rows, total))


# --- Stored -----------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_files_of_every_channel_are_stored_once_and_a_wrong_checksum_is_refused() -> None:
    robot, at = system("tests"), clock.now()
    files = [
        ("alipay", alipay_zip(DETAIL, SUMMARY), "a.zip"), ("unionpay", zm_row("REG1", 80000, 480), ZM_NAME),
        ("insurance", insurer_statement([GOOD], "TOTAL,1,100.00,60.00,30.00,10.00"), "i.csv"),
        ("alipay", account_flow("-0.30"), "flow.csv"),
    ]  # fmt: skip
    for channel, raw, name in files:
        with pytest.raises(FileRefused) as refusal:
            bill_import(actor=robot, channel=channel, raw=raw, name=name, at=at, sha1="0" * 40)
        assert "promised" in refusal.value.context["reason"]
        assert [bill_import(actor=robot, channel=channel, raw=raw, name=name, at=at)[1] for _ in range(2)] == [
            True,
            False,
        ]
    assert set(BillFile.objects.values_list("day", "kind")) == {(DAY, "trade"), (DAY, "fund")}
    assert (BillLine.objects.count(), FundLine.objects.count()) == (5, 2)
    line = BillLine.objects.get(order_no="P1", fund__isnull=False)
    assert (line.amount, line.fund, line.personal, line.own_cash) == (9000, 6000, 3000, 1000)
