"""Alipay through the unmodified python-alipay-sdk: RSA2 both ways, every answer verified (PAY-02)."""

import io
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import requests
from alipay import AliPay
from alipay.exceptions import AliPayException, AliPayValidationError
from alipay.utils import AliPayConfig
from django.conf import settings

from hospital.kit import clock
from hospital.kit.money import parse_yuan, plain_yuan

from ...models import PayMethod, PayOrder, Refund
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

NOTIFY_PATH = "/pay/notify/alipay/"

_TRADES = {
    "WAIT_BUYER_PAY": Trade.WAITING, "TRADE_SUCCESS": Trade.PAID, "TRADE_FINISHED": Trade.PAID,
}  # fmt: skip
_UNKNOWN = {"ACQ.TRADE_NOT_EXIST"}
_TRY_LATER = {"ACQ.SYSTEM_ERROR", "aop.ACQ.SYSTEM_ERROR", "isp.unknow-error", "isp.service-unavailable"}
_AMOUNT = re.compile(r"\d{1,9}(\.\d{1,2})?")
_BILL_MAX = 200 * 1024 * 1024


def is_ready() -> bool:
    """Has this installation an application's keys?"""
    return bool(settings.ALIPAY_APP_ID and settings.ALIPAY_PRIVATE_KEY and settings.ALIPAY_PUBLIC_KEY)


def sdk() -> AliPay:
    """The one place where the SDK is made and told its gateway; the URL may be a sandbox's or a proxy's."""
    return _sdk(
        settings.ALIPAY_GATEWAY_URL, settings.ALIPAY_APP_ID, settings.ALIPAY_PRIVATE_KEY, settings.ALIPAY_PUBLIC_KEY,
        settings.BASE_URL,
    )  # fmt: skip


@lru_cache(maxsize=4)
def _sdk(gateway: str, app_id: str, private_key: str, public_key: str, our_url: str) -> AliPay:
    made = AliPay(
        appid=app_id, app_notify_url=our_url + NOTIFY_PATH, app_private_key_string=private_key,
        alipay_public_key_string=public_key, sign_type="RSA2", config=AliPayConfig(timeout=settings.OUTSIDE_TIMEOUT[1]),
    )  # fmt: skip
    made._gateway = gateway
    return made


def fen(text: Any) -> int:
    """'88.88' -> 8888. Raises ChannelUnknown for what isn't a plain amount in yuan."""
    if not isinstance(text, str) or not _AMOUNT.fullmatch(text):
        raise ChannelUnknown(f"not an amount: {text!r}")
    return parse_yuan(text)


def moment(text: str) -> datetime:
    """Alipay's Shanghai wall clock as an aware instant."""
    return datetime.strptime(text[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=clock.SHANGHAI)


class AlipayClient:
    """Speaks for the hospital at Alipay. Made anew for each use; holds nothing but the SDK."""

    def __init__(self) -> None:
        if not is_ready():
            raise ChannelUnknown("this installation has no application keys of Alipay")
        self._sdk = sdk()

    def _ask(self, what: str, call: Callable[[], Any]) -> dict[str, Any]:
        """One call of the SDK. Whatever isn't a verified answer of Alipay's is ChannelUnknown."""
        with outside("alipay"):
            try:
                said = call()
            except AliPayException as error:
                raise ChannelUnknown(f"{what}: unsigned answer") from error
            except AliPayValidationError as error:
                raise ChannelUnknown(f"{what}: the signature doesn't hold") from error
            except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:  # net, no HTTP, no JSON
                raise ChannelUnknown(f"{what}: {type(error).__name__}") from error
        if not isinstance(said, dict):
            raise ChannelUnknown(f"{what}: no object")
        code, sub = str(said.get("code", "")), str(said.get("sub_code", ""))
        if code == "10000":
            return said
        if sub in _UNKNOWN:
            raise NoSuchOrder(sub, str(said.get("sub_msg", "")))
        if code != "40004" or sub in _TRY_LATER:  # 20000 the service is away, 10003 still working
            raise ChannelUnknown(f"{what}: {code} {sub}")
        raise ChannelRefused(sub or code, str(said.get("sub_msg", "")))

    def prepare(self, order: PayOrder, *, payer_ip: str, openid: str) -> dict[str, str]:
        """What the payer needs: a code to scan, or a signed link. A link is known to Alipay once it is opened."""
        ends = f"{clock.local(order.expires_at):%Y-%m-%d %H:%M:%S}"
        amount = plain_yuan(order.amount)
        if order.method == PayMethod.NATIVE:
            said = self._ask(
                "precreate",
                lambda: self._sdk.api_alipay_trade_precreate(
                    subject=order.title, out_trade_no=order.number, total_amount=amount, time_expire=ends
                ),
            )
            return {"code_url": str(said["qr_code"])}
        query = self._sdk.api_alipay_trade_wap_pay(
            subject=order.title, out_trade_no=order.number, total_amount=amount, time_expire=ends,
            return_url=f"{settings.BASE_URL}/pay/orders/{order.number}/?back=1",
        )  # fmt: skip
        return {"wap_url": f"{settings.ALIPAY_GATEWAY_URL}?{query}"}

    def query(self, order: PayOrder) -> OrderState:
        said = self._ask("query", lambda: self._sdk.api_alipay_trade_query(out_trade_no=order.number))
        if said.get("out_trade_no") != order.number:
            raise ChannelUnknown(f"query: an answer about another order than {order.number}")
        status = str(said.get("trade_status"))
        if status == "TRADE_CLOSED":  # unpaid and over, or paid and wholly refunded: the date tells
            if not said.get("send_pay_date"):
                return OrderState(Trade.CLOSED)
            status = "TRADE_SUCCESS"
        trade = _TRADES.get(status)
        if trade is None:
            raise ChannelUnknown(f"query: trade_status {status!r}")
        if trade != Trade.PAID:
            return OrderState(trade)
        if said.get("trans_currency", "CNY") != "CNY":
            raise ChannelUnknown(f"query: paid in {said.get('trans_currency')}")
        return OrderState(
            trade, str(said["trade_no"]), fen(said.get("total_amount")), moment(str(said["send_pay_date"]))
        )

    def close(self, order: PayOrder, *, at: datetime) -> None:
        """Take no more money for it. Raises ChannelRefused ORDERPAID when it came first."""
        try:
            self._ask("close", lambda: self._sdk.api_alipay_trade_close(out_trade_no=order.number))
        except ChannelRefused as refusal:
            if refusal.code in {"ACQ.TRADE_STATUS_ERROR", "ACQ.REASON_TRADE_STATUS_INVALID"}:
                raise ChannelRefused("ORDERPAID", refusal.message) from refusal
            raise

    def refund(self, refund: Refund) -> RefundState:
        """Send money back, or find the same refund again under its number."""
        self._ask(
            "refund",
            lambda: self._sdk.api_alipay_trade_refund(
                refund_amount=plain_yuan(refund.amount), trade_no=refund.payment.transaction_id,
                out_request_no=refund.number, refund_reason=refund.reason,
            ),
        )  # fmt: skip
        try:
            return self.query_refund(refund)
        except NoSuchOrder:  # accepted a moment ago and not to be seen yet
            return RefundState(Back.PROCESSING, amount=refund.amount)

    def query_refund(self, refund: Refund) -> RefundState:
        """Raises NoSuchOrder when Alipay has no refund of this number."""
        payment = refund.payment
        state = self.refund_at_channel(payment.transaction_id, refund.number)
        if state.amount != refund.amount:
            raise ChannelUnknown(f"refund {refund.number}: {state.amount} fen")
        return state

    def refund_at_channel(self, trade_no: str, request_no: str) -> RefundState:
        """What Alipay's books say of a refund request, ours or one made in its console."""
        biz = {"trade_no": trade_no, "out_request_no": request_no, "query_options": ["gmt_refund_pay"]}
        said = self._ask(
            "refund query", lambda: self._sdk.server_api("alipay.trade.fastpay.refund.query", biz_content=biz)
        )
        if not said.get("refund_amount") or said.get("out_request_no") != request_no:
            raise NoSuchOrder("REFUND_NOT_EXIST", request_no)
        amount = fen(said["refund_amount"])
        if said.get("refund_status", "REFUND_SUCCESS") != "REFUND_SUCCESS" or not said.get("gmt_refund_pay"):
            return RefundState(Back.PROCESSING, amount=amount)
        return RefundState(Back.SUCCEEDED, str(said.get("trade_no", "")), amount, moment(said["gmt_refund_pay"]))

    def bill(self, day: date) -> bytes:
        """The trade bill of a day: a zip whose two files add up together (data/README 1.4). Raises NoBill, BillNotReady."""
        biz = {"bill_type": "trade", "bill_date": f"{day:%Y-%m-%d}"}
        try:
            said = self._ask(
                "bill",
                lambda: self._sdk.server_api("alipay.data.dataservice.bill.downloadurl.query", biz_content=biz),
            )
        except ChannelRefused as refusal:
            if refusal.code == "isp.bill_not_exist":
                raise NoBill from refusal
            if refusal.code == "isp.bill_not_ready":
                raise BillNotReady from refusal
            raise
        return self._download(str(said.get("bill_download_url", "")))

    def _download(self, url: str) -> bytes:
        """The link is the platform's and dies after 30 seconds; it must lie where its gateway or its bills live."""
        host = urlsplit(url).hostname or ""
        if host != urlsplit(settings.ALIPAY_GATEWAY_URL).hostname and not host.endswith(".alipay.com"):
            raise ChannelUnknown("bill: a link to somebody else's host")
        with outside("alipay"):
            try:
                answer = requests.get(url, timeout=settings.OUTSIDE_TIMEOUT, allow_redirects=False)
            except requests.RequestException as error:
                raise ChannelUnknown(f"bill: {type(error).__name__}") from error
        body = answer.content
        if answer.status_code != 200 or len(body) > _BILL_MAX or not zipfile.is_zipfile(io.BytesIO(body)):
            raise ChannelUnknown(f"bill: HTTP {answer.status_code}, {len(body)} bytes, no zip")
        return body
