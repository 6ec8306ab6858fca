"""The bill of a clearing day in UnionPay's own bytes: a zip of files of fixed width, by bytes, one blank between fields."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ...wechat.sandbox.bills import SHANGHAI

RATE = Decimal("0.006")
# The layout of 42 fields (a refund's line names the order that it is of).
WIDTHS = (3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32, 13,
          13, 8, 32, 13, 13, 12, 2, 1, 32, 98)  # fmt: skip
MERCHANT = "演示互联网医院"


def fee(fen: int) -> int:
    return int((Decimal(fen) * RATE).quantize(Decimal(1), ROUND_HALF_UP))


def _signed(fen: int) -> str:
    """C: to the merchant, D: from the merchant."""
    return f"{'C' if fen >= 0 else 'D'}{abs(fen):012d}"


def line(mer_id: str, order: Mapping[str, Any], refund: Mapping[str, Any] | None = None) -> bytes:
    """A payment or a refund as the bill tells it. A refund gives the fee back."""
    one = refund or order
    amount = refund["amount"] if refund else order["paid_total"]
    cost = fee(amount) * (1 if refund else -1)
    net = (-amount if refund else amount) + cost
    at = f"{datetime.fromtimestamp(one['success_at'], SHANGHAI):%m%d%H%M%S}"
    values: dict[int, str] = {
        1: "S30" if refund else "S22", 2: "00049992", 3: "00049992", 4: one["trace"], 5: at, 6: "621700******0018",
        7: f"{amount:012d}", 8: "8062", 9: "08", 10: one["query_id"], 12: one["number"], 13: "01", 16: _signed(cost),
        17: _signed(net), 18: "0001", 20: "04" if refund else "01", 21: "00" if refund else order["sub"], 22: order["biz"],
        23: "01", 26: "0", 28: mer_id, 31: MERCHANT, 33: _signed(net), 34: "00000001", 40: "1",
    }  # fmt: skip
    if refund:
        values |= {14: order["trace"], 15: at, 27: order["query_id"], 41: order["number"]}
    fields = (values.get(number, "").encode("gbk").ljust(width) for number, width in enumerate(WIDTHS, start=1))
    return b" ".join(fields)


def render(mer_id: str, day: datetime, lines: Sequence[bytes]) -> tuple[str, bytes]:
    """The name and the bytes of a day's zip: the payments, and the errors, of which there are none."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"INN{day:%y%m%d}88ZM_{mer_id}", b"".join(one + b"\r\n" for one in lines))
        archive.writestr(f"INN{day:%y%m%d}88ZME_{mer_id}", b"")
    return f"{mer_id}_{day:%Y%m%d}.zip", out.getvalue()
