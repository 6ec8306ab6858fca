"""G08, PAY-06: real bills are read to the fen; a damaged one is refused whole, with the reason."""

import gzip
import hashlib
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from billing.channels.wechat import bill
from billing.models import BillFile, BillLine, BillPart
from billing.services.bills import bill_bytes

DATA = Path(__file__).parent / "data"
REAL = DATA / "tradebill_ALL_20210128.csv"


def test_the_real_bill_is_the_real_bytes() -> None:
    assert hashlib.sha1(REAL.read_bytes()).hexdigest() == "dcd7ceb3d382a1181798368bb15d8437de46c00f"


def test_the_real_bill_adds_up_to_its_footer() -> None:
    read = bill.parse(REAL.read_bytes())
    assert read.totals == {
        "count": 3, "settled": 3, "refunded": 0, "coupon_refunded": 0, "fee_e5": 0, "ordered": 3, "refund_asked": 0,
    }  # fmt: skip
    first = read.lines[0]
    assert (first.order_no, first.transaction_id, first.amount) == (
        "S20210128170702357723",
        "4200000925202101284997714292",
        1,
    )
    assert f"{first.at:%F %T %z}" == "2021-01-28 17:07:11 +0800"


def test_the_gzip_and_the_old_layout_are_read_too() -> None:
    assert len(bill.parse((DATA / "tradebill_ALL_20210128.csv.gz").read_bytes()).lines) == 3
    old = bill.parse((DATA / "tradebill_ALL_legacy24_20141110.csv").read_bytes())
    assert [line.amount for line in old.lines] == [1, 1]
    assert f"{old.lines[0].at:%F %T}" == "2014-11-10 16:33:45"


def test_a_footer_that_counts_other_lines_is_refused() -> None:
    with pytest.raises(bill.BillRefused, match="counts 31 lines, the file has 1"):
        bill.parse((DATA / "tradebill_SUCCESS_20190723.csv").read_bytes())


def _drop_line(raw: bytes) -> bytes:
    lines = raw.split(b"\r\n")
    return b"\r\n".join(lines[:2] + lines[3:])


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda raw: b"",
    "cut in the middle": lambda raw: raw[: len(raw) // 2],
    "footer figures cut": lambda raw: b"\r\n".join(raw.split(b"\r\n")[:-2]) + b"\r\n",
    "footer cut": lambda raw: b"\r\n".join(raw.split(b"\r\n")[:-3]) + b"\r\n",
    "a line lost": _drop_line,
    "a line twice": lambda raw: raw.replace(raw.split(b"\r\n")[1] + b"\r\n", (raw.split(b"\r\n")[1] + b"\r\n") * 2),
    "a fen more": lambda raw: raw.replace(b"`0.01,`0.00,`0,", b"`0.02,`0.00,`0,", 1),
    "footer sum changed": lambda raw: raw.replace(b"`3,`0.03,", b"`3,`0.04,"),
    "fee changed": lambda raw: raw.replace(b"`0.00000,`1.00%", b"`0.00001,`1.00%", 1),
    "half a fen": lambda raw: raw.replace(b"`0.01,`0.00,`0,", b"`0.015,`0.00,`0,", 1),
    "a column lost in one line": lambda raw: raw.replace(b"`NATIVE,", b"", 1),
    "GBK": lambda raw: raw.decode("utf-8-sig").encode("gbk"),
    "header unknown": lambda raw: raw.replace("商户订单号".encode(), "某单号".encode(), 1),
    "state unknown": lambda raw: raw.replace(b"`SUCCESS", b"`MAYBE", 1),
    "time unreadable": lambda raw: raw.replace(b"2021-01-28 17:07:11", b"2021-13-28 17:07:11"),
    "something behind the footer": lambda raw: raw + b"`2021\r\n",
    "damaged gzip": lambda raw: gzip.compress(raw)[:-9],
    "NUL": lambda raw: raw.replace(b"`NATIVE", b"`NAT\x00VE", 1),
    "other days": lambda raw: raw.replace(b"2021-01-28 17:07:11", b"2021-01-27 17:07:11"),
}


@pytest.mark.django_db
@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_file_is_refused_whole_with_the_reason(how: str, tmp_path: Path) -> None:
    path = tmp_path / "bill.csv"
    path.write_bytes(DAMAGE[how](REAL.read_bytes()))
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("import_bill", str(path), "--json", stdout=out)
    said = json.loads(out.getvalue())
    assert said["accepted"] is False and said["reason"]
    assert not BillFile.objects.exists() and not BillLine.objects.exists() and not BillPart.objects.exists()


@pytest.mark.django_db
def test_the_command_imports_the_real_bill_once_and_keeps_its_bytes() -> None:
    answers = []
    for _ in range(2):
        out = StringIO()
        call_command("import_bill", str(REAL), "--channel", "wechat", "--json", stdout=out)
        answers.append(json.loads(out.getvalue()))
    assert [answer["new"] for answer in answers] == [True, False]
    assert answers[0]["totals"]["ordered"] == 3 and answers[0]["footer_equal"] is True
    file = BillFile.objects.get()
    assert b"".join(bill_bytes(file)) == REAL.read_bytes() and file.size == len(REAL.read_bytes())
    assert file.sha256 == hashlib.sha256(REAL.read_bytes()).hexdigest()
    assert file.sha1 == "dcd7ceb3d382a1181798368bb15d8437de46c00f"
    assert BillLine.objects.count() == 3


@pytest.mark.django_db
def test_the_real_bill_is_reconciled_each_line_is_only_at_the_channel() -> None:
    out = StringIO()
    call_command("reconcile", "--date", "2021-01-28", "--file", str(REAL), "--json", stdout=out)
    said = json.loads(out.getvalue())
    assert said["differences"] == {"D1": 3} and said["totals"]["channel_paid"] == 3 and said["balanced"] is False


def test_fund_flows_are_proved_as_well() -> None:
    header = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额（元）,账户结余（元）,资金变更提交申请人,备注,业务凭证号"
    row = "`2026-11-20 04:21:23,`5000030574,`1900009231,`退款,`退款,`支出,`0.02,`0.17,`system,`,`REF42"
    foot = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"
    good = "\r\n".join([header, row, foot, "`1.0,`0.0,`0.00,`1.0,`0.02"])
    assert bill.parse_fundflow(good.encode()).totals == {
        "count": 1,
        "incomes": 0,
        "expenses": 1,
        "income": 0,
        "expense": 2,
    }
    with pytest.raises(bill.BillRefused):
        bill.parse_fundflow(good.replace("`1.0,`0.02", "`1.0,`0.03").encode())
