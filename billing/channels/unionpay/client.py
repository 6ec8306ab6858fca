"""UnionPay's online gateway: a card or the bank's app in the payer's browser, or a code to scan (ACP 5.1.0).

UnionPay gives no Python SDK; this is the whole of its client. A transaction is known by our number *and* the time it
was sent (txnTime), so that both come from rows that never change. There is no way to close an order: each carries the
end of its time (payTimeout), after which UnionPay takes no money for it.
"""

import base64
import json
import zlib
from binascii import Error as Base64Error
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

import requests
from django.conf import settings

from hospital.kit import clock

from ...models import Channel, Payment, PayMethod, PayOrder, Refund
from ..base import (
    Back,
    BillNotReady,
    ChannelRefused,
    ChannelUnknown,
    NoBill,
    NoSuchOrder,
    OrderState,
    RefundState,
    Trade,
    outside,
)
from . import wire

NOTIFY_PATH = "/pay/notify/unionpay/"
BACK_PATH = "/pay/back/unionpay/"  # to where the payer's browser comes back

PAY, REFUND, QUERY, FILE = "01", "04", "00", "76"  # txnType
DONE = {"00", "A6"}  # A6: paid, with a flaw that is UnionPay's to mend
UNDECIDED = {"03", "04", "05"}  # ask again
_TRY_LATER = {"02", "06", "99"}  # closed, busy, anything
_REPEATED, _UNKNOWN, _NO_FILE = "12", "34", "98"
_CARD_PAGE, _SCAN = "000201", "000000"  # bizType: the gateway's page; the code
_BILL_MAX = 200 * 1024 * 1024


def is_ready() -> bool:
    """Has this installation a merchant's number, its key, and UnionPay's roots?"""
    return bool(settings.UNIONPAY_MER_ID and settings.UNIONPAY_MERCHANT_PEM and settings.UNIONPAY_TRUST_PEM)


def stamp(at: datetime) -> str:
    """txnTime: Shanghai's wall clock."""
    return f"{clock.local(at):%Y%m%d%H%M%S}"


def sent_at(refund: Refund) -> datetime:
    """The time under which a refund is known at UnionPay: it must be the same however often it is sent."""
    return refund.approved_at or refund.requested_at


def fen(text: str) -> int:
    """'5000' -> 5000. Raises ChannelUnknown for what isn't a plain number of fen."""
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise ChannelUnknown(f"not an amount: {text!r}")
    return int(text)


def moment(said: Mapping[str, str]) -> datetime:
    """When UnionPay did it: traceTime has no year, so that the transaction's own time gives it. Raises ChannelUnknown."""
    trace, ours = said.get("traceTime", ""), said.get("txnTime", "")
    try:
        year = int(ours[:4]) + (ours[4:6] == "12" and trace[:2] == "01")
        return datetime.strptime(f"{year}{trace}", "%Y%m%d%H%M%S").replace(tzinfo=clock.SHANGHAI)
    except ValueError as error:
        raise ChannelUnknown(f"no time: {trace!r}") from error


class UnionPayClient:
    """Speaks for the hospital at UnionPay. Made anew for each use; holds nothing but the key."""

    def __init__(self) -> None:
        if not is_ready():
            raise ChannelUnknown("this installation has no merchant of UnionPay")
        self._signer = wire.signer(settings.UNIONPAY_MERCHANT_PEM)

    def _signed(self, kind: str, sub: str, biz: str, number: str, at: datetime, **more: str) -> dict[str, str]:
        fields = {
            "txnType": kind, "txnSubType": sub, "bizType": biz, "accessType": "0", "channelType": "08",
            "merId": settings.UNIONPAY_MER_ID, "orderId": number, "txnTime": stamp(at),
        }  # fmt: skip
        return self._signer.signed({name: value for name, value in (fields | more).items() if value})

    def _ask(self, what: str, url: str, fields: dict[str, str]) -> dict[str, str]:
        """One call. Whatever isn't a verified answer of UnionPay's, to this very question, is ChannelUnknown."""
        with outside("unionpay"):
            try:
                answer = requests.post(url, data=fields, timeout=settings.OUTSIDE_TIMEOUT, allow_redirects=False)
                text = answer.content.decode()
            except (requests.RequestException, UnicodeDecodeError) as error:
                raise ChannelUnknown(f"{what}: {type(error).__name__}") from error
        if answer.status_code != 200:
            raise ChannelUnknown(f"{what}: HTTP {answer.status_code}")
        said = wire.parsed(text)
        try:
            wire.verify(said, trusted=settings.UNIONPAY_TRUST_PEM, at=clock.now())
        except wire.Unproved as error:
            raise ChannelUnknown(f"{what}: {error.code}") from error
        for name in ("merId", "orderId", "txnTime", "txnType"):
            if name in fields and said.get(name, fields[name]) != fields[name]:
                raise ChannelUnknown(f"{what}: an answer about another {name}")
        code = said.get("respCode", "")
        if code == "00":
            return said
        if code in UNDECIDED | _TRY_LATER | {""}:
            raise ChannelUnknown(f"{what}: {code}")
        if code == _UNKNOWN:
            raise NoSuchOrder(code, said.get("respMsg", ""))
        raise ChannelRefused(code, said.get("respMsg", ""))

    def _pay_fields(self, order: PayOrder, sub: str, biz: str, **more: str) -> dict[str, str]:
        return self._signed(
            PAY, sub, biz, order.number, order.created_at, txnAmt=str(order.amount), currencyCode="156",
            payTimeout=stamp(order.expires_at), backUrl=settings.BASE_URL + NOTIFY_PATH, **more,
        )  # fmt: skip

    def prepare(self, order: PayOrder, *, payer_ip: str, openid: str) -> dict[str, str]:
        """A code to scan; or a signed form that the payer's browser takes there: UnionPay knows it once it arrives."""
        if order.method == PayMethod.NATIVE:
            said = self._ask("code", _url("backTransReq.do"), self._pay_fields(order, "07", _SCAN))
            if not said.get("qrCode"):
                raise ChannelUnknown("code: none")
            return {"code_url": said["qrCode"]}
        fields = self._pay_fields(
            order, "01", _CARD_PAGE, frontUrl=settings.BASE_URL + BACK_PATH, orderDesc=_plain(order.title)
        )
        return {"form_url": _url("frontTransReq.do"), "form": json.dumps(fields)}

    def query(self, order: PayOrder) -> OrderState:
        said = self._ask(
            "query", _url("queryTrans.do"), self._signed(QUERY, "00", "000000", order.number, order.created_at)
        )
        # Until its end a payer may try another card: a failed try is no closed order, and neither is one under way.
        if said.get("origRespCode") not in DONE:
            return OrderState(Trade.WAITING)
        if said.get("orderId") != order.number or said.get("txnTime") != stamp(order.created_at):
            raise ChannelUnknown(f"query: an answer about another order than {order.number}")
        if said.get("currencyCode") != "156":
            raise ChannelUnknown(f"query: paid in {said.get('currencyCode')}")
        if not said.get("queryId"):
            raise ChannelUnknown("query: paid, and no number")
        return OrderState(Trade.PAID, said["queryId"], fen(said.get("txnAmt", "")), moment(said))

    def close(self, order: PayOrder, *, at: datetime) -> None:
        """UnionPay has no such call: what wasn't paid when its time was over is never paid any more."""
        if at < order.expires_at:
            raise ChannelRefused("NO-CLOSE", "UnionPay ends it by itself")

    def refund(self, refund: Refund) -> RefundState:
        """Send money back, or find the same refund again under its number."""
        payment = refund.payment
        fields = self._signed(
            REFUND, "00", _SCAN if payment.order.method == PayMethod.NATIVE else _CARD_PAGE, refund.number,
            sent_at(refund), txnAmt=str(refund.amount), origQryId=payment.transaction_id,
            backUrl=settings.BASE_URL + NOTIFY_PATH,
        )  # fmt: skip
        try:
            self._ask("refund", _url("backTransReq.do"), fields)
        except ChannelRefused as refusal:
            if refusal.code != _REPEATED:  # it arrived before, and its answer was lost
                raise
        try:
            return self.query_refund(refund)
        except NoSuchOrder:  # accepted a moment ago and not to be seen yet
            return RefundState(Back.PROCESSING, amount=refund.amount)

    def query_refund(self, refund: Refund) -> RefundState:
        """Raises NoSuchOrder when UnionPay has no refund of this number."""
        fields = self._signed(QUERY, "00", "000000", refund.number, sent_at(refund))
        said = self._ask("refund query", _url("queryTrans.do"), fields)
        code = said.get("origRespCode", "")
        if code in UNDECIDED | {""}:
            return RefundState(Back.PROCESSING, said.get("queryId", ""), refund.amount)
        if code not in DONE:
            return RefundState(Back.FAILED, said.get("queryId", ""), refund.amount)
        if fen(said.get("txnAmt", "")) != refund.amount or said.get("orderId") != refund.number:
            raise ChannelUnknown(f"refund {refund.number}: {said.get('txnAmt')} fen")
        return RefundState(Back.SUCCEEDED, said.get("queryId", ""), refund.amount, moment(said))

    def bill(self, day: date) -> bytes:
        """The zip of a clearing day (from 23:00 of the evening before). Raises NoBill, BillNotReady."""
        now = clock.now()
        fields = self._signer.signed(
            {
                "txnType": FILE, "txnSubType": "01", "bizType": "000000", "accessType": "0", "fileType": "00",
                "merId": settings.UNIONPAY_MER_ID, "settleDate": f"{day:%m%d}", "txnTime": stamp(now),
            }
        )  # fmt: skip
        try:
            said = self._ask("bill", settings.UNIONPAY_FILE_URL, fields)
        except ChannelRefused as refusal:
            if refusal.code != _NO_FILE:
                raise
            # The same word for "not written yet" and "nothing to write": we know whether there was something.
            raise (BillNotReady if _moved(day) else NoBill) from refusal
        return _unpacked(said.get("fileContent", ""))


def _url(page: str) -> str:
    return f"{settings.UNIONPAY_GATEWAY_URL.rstrip('/')}/{page}"


def _plain(title: str) -> str:
    """Without the letters by which UnionPay's own parsers cut."""
    return "".join(letter for letter in title if letter not in "&={}[]\"'<>")[:32]


def clearing_day(day: date) -> tuple[datetime, datetime]:
    """UnionPay's day begins and ends at 23:00."""
    end = clock.at_local(day, time(23))
    return end - timedelta(days=1), end


def _moved(day: date) -> bool:
    """Do we know of money that moved at UnionPay on that clearing day?"""
    span = clearing_day(day)
    paid = Payment.objects.filter(channel=Channel.UNIONPAY, success_at__range=span)
    back = Refund.objects.filter(payment__channel=Channel.UNIONPAY, success_at__range=span)
    return paid.exists() or back.exists()


def _unpacked(content: str) -> bytes:
    """fileContent is the zip, deflated once more, in base64."""
    try:
        inflate = zlib.decompressobj()
        raw = inflate.decompress(base64.b64decode(content, validate=True), _BILL_MAX)
    except (Base64Error, ValueError, zlib.error) as error:
        raise ChannelUnknown(f"bill: {type(error).__name__}") from error
    if not raw or inflate.unconsumed_tail or not inflate.eof:
        raise ChannelUnknown("bill: damaged, or larger than any bill")
    return raw
