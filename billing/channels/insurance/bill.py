"""Reading the insurer's daily statement: one line per settlement, with what each pocket pays (PAY-12).

A CSV in UTF-8 (with or without BOM) or GBK with the names of the national interface: payOrdId, setlTime, medOrgOrd,
trnsName (pay or refund), feeSumamt, fundPay, psnAcctPay, ownPayAmt[, othFeeAmt], ordStas[, oriSetlId], and a last line that begins
with TOTAL: how many lines, and what each amount adds up to. A line's `amount` is what the insurer itself pays: the patient's
own part stands in the bill of the channel that took it.
"""

from collections.abc import Iterator
from datetime import date
from typing import BinaryIO

from hospital.kit import clock

from ..bills import (
    INSURER_COLUMNS,
    Batch,
    BillRefused,
    Reader,
    Unpacked,
    copied_text,
    fen_of,
    moment_of,
    no_column_missing,
    same,
)

_NEEDED = [
    "payOrdId",
    "setlTime",
    "medOrgOrd",
    "trnsName",
    "feeSumamt",
    "fundPay",
    "psnAcctPay",
    "ownPayAmt",
    "ordStas",
]
_SUMS = ["feeSumamt", "fundPay", "psnAcctPay", "ownPayAmt"]
_STATES = {"6": "SUCCESS", "7": "FAIL", "SUCCESS": "SUCCESS", "FAIL": "FAIL"}


def reader(source: BinaryIO, name: str, day: date | None) -> Reader:
    return Statement(source)


class Statement:
    columns = INSURER_COLUMNS

    def __init__(self, source: BinaryIO) -> None:
        self._unpacked = Unpacked(source)
        self.totals: dict[str, int] = {}
        self.count = 0
        self.days: set[date] = set()
        self._added = dict.fromkeys(_SUMS, 0)
        self._header: list[str] = []
        self._proved = False

    @property
    def sha1(self) -> str:
        return self._unpacked.sha1

    def batches(self) -> Iterator[Batch]:
        number = 0
        for block in self._unpacked.blocks():
            batch: list[tuple[str, ...]] = []
            for line in _text(block).splitlines():
                number += 1
                fields = [field.strip() for field in line.split(",")]
                if not line.strip():
                    continue
                if self._proved:
                    raise BillRefused("something follows the footer")
                if not self._header:
                    self._header = fields
                    no_column_missing(fields, _NEEDED)
                elif fields[0] == "TOTAL":
                    self._prove(fields)
                else:
                    batch.append(self._row(fields, number))
            if batch:
                yield copied_text(batch)
        if not self._proved:
            raise BillRefused("the footer is missing: the file is cut off")

    def _row(self, fields: list[str], number: int) -> tuple[str, ...]:
        where = f"line {number}"
        if len(fields) != len(self._header):
            raise BillRefused(f"{where}: {len(fields)} columns instead of {len(self._header)}")
        row = dict(zip(self._header, fields, strict=True))
        if row["ordStas"] not in _STATES or row["trnsName"] not in {"pay", "refund"}:
            raise BillRefused(f"{where}: state {row['ordStas']!r} of {row['trnsName']!r} isn't known")
        at, back = moment_of(row["setlTime"], where), row["trnsName"] == "refund"
        fen = {name: fen_of(row[name], where) for name in _SUMS}
        other = fen_of(row.get("othFeeAmt", ""), where)
        if fen["feeSumamt"] != fen["fundPay"] + fen["psnAcctPay"] + fen["ownPayAmt"] + other:
            raise BillRefused(f"{where}: the parts don't add up to feeSumamt {row['feeSumamt']} (PAY-12)")
        for name in _SUMS:
            self._added[name] += fen[name]
        self.count += 1
        self.days.add(clock.business_day(at))
        return ("refund" if back else "pay", at.isoformat(), "", row.get("oriSetlId") or row["payOrdId"] if back else row["payOrdId"],
                row["medOrgOrd"], row["payOrdId"] if back else "", row["payOrdId"] if back else "", _STATES[row["ordStas"]], "CNY",
                str(fen["feeSumamt"] - fen["ownPayAmt"]), "0", str(number), str(fen["fundPay"]), str(fen["psnAcctPay"]), str(fen["ownPayAmt"]))  # fmt: skip

    def _prove(self, fields: list[str]) -> None:
        if len(fields) != len(_SUMS) + 2 or not fields[1].isdigit():
            raise BillRefused("the footer has no figures: the file is cut off")
        same(self.totals, "count", "TOTAL", int(fields[1]), self.count)
        for name, text in zip(_SUMS, fields[2:], strict=True):
            same(self.totals, name, name, fen_of(text, "footer"), self._added[name])
        self.totals |= {"fee_e5": 0}
        self._proved = True


def _text(block: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return block.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BillRefused("the file is neither UTF-8 nor GBK")
