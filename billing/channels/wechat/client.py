"""WeChat Pay V3 through the unmodified wechatpayv3 SDK, in public-key mode (PAY-02, guarantees section 4 item 5)."""

import gzip
import hashlib
import json
import zlib
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import requests
from django.conf import settings
from wechatpayv3 import WeChatPay, WeChatPayType

from hospital.kit import clock

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

NOTIFY_PATH = "/pay/notify/wechat/"

_TYPES = {PayMethod.H5: WeChatPayType.H5, PayMethod.JSAPI: WeChatPayType.JSAPI, PayMethod.NATIVE: WeChatPayType.NATIVE}
_TRADES = {
    "SUCCESS": Trade.PAID, "REFUND": Trade.PAID, "NOTPAY": Trade.WAITING, "USERPAYING": Trade.WAITING,
    "CLOSED": Trade.CLOSED, "REVOKED": Trade.CLOSED, "PAYERROR": Trade.CLOSED,
}  # fmt: skip
_BACKS = {
    "SUCCESS": Back.SUCCEEDED, "PROCESSING": Back.PROCESSING, "ABNORMAL": Back.FAILED, "CLOSED": Back.FAILED,
    "CHANGE": Back.FAILED,
}  # fmt: skip
# Said with a 4xx, but the same request may well succeed later: nothing is proved by them.
_TRY_LATER = {"FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED", "SYSTEM_ERROR", "BIZERR_NEED_RETRY"}
_UNKNOWN_ORDER = {"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"}


def is_ready() -> bool:
    """Has this installation a merchant's keys?"""
    return bool(settings.WECHATPAY_MCHID and settings.WECHATPAY_PRIVATE_KEY and settings.WECHATPAY_PUBLIC_KEY)


def sdk() -> WeChatPay:
    """The one place where the SDK is made and told its gateway; the base URL may be a sandbox's or a proxy's."""
    return _sdk(
        settings.WECHATPAY_BASE_URL, settings.WECHATPAY_MCHID, settings.WECHAT_APP_ID, settings.WECHATPAY_SERIAL_NO,
        settings.WECHATPAY_PRIVATE_KEY, settings.WECHATPAY_APIV3_KEY, settings.WECHATPAY_PUBLIC_KEY,
        settings.WECHATPAY_PUBLIC_KEY_ID, settings.BASE_URL,
    )  # fmt: skip


@lru_cache(maxsize=4)
def _sdk(
    gateway: str, mchid: str, appid: str, serial: str, private_key: str, apiv3_key: str, public_key: str, key_id: str,
    our_url: str,
) -> WeChatPay:  # fmt: skip
    made = WeChatPay(
        wechatpay_type=WeChatPayType.JSAPI, mchid=mchid, private_key=private_key, cert_serial_no=serial, appid=appid,
        apiv3_key=apiv3_key, notify_url=our_url + NOTIFY_PATH, public_key=public_key, public_key_id=key_id,
        timeout=settings.OUTSIDE_TIMEOUT,
    )  # fmt: skip
    made._core._gate_way = gateway
    return made


def moment(text: str) -> datetime:
    """WeChat's RFC 3339 time as an aware instant."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=clock.SHANGHAI)


class WeChatClient:
    """Speaks for the hospital at WeChat Pay. Made anew for each use; holds nothing but the SDK."""

    def __init__(self) -> None:
        if not is_ready():
            raise ChannelUnknown("this installation has no merchant keys of WeChat Pay")
        self._sdk = sdk()

    def _ask(self, verb: str, **kwargs: Any) -> tuple[int, Any]:
        return self._call(verb, lambda: getattr(self._sdk, verb)(**kwargs))

    def _call(self, verb: str, call: Callable[[], tuple[int, Any]]) -> tuple[int, Any]:
        """One call of the SDK. Whatever isn't a verified answer of WeChat's is ChannelUnknown."""
        with outside("wechat"):
            try:
                status, body = call()
            except requests.RequestException as error:
                raise ChannelUnknown(f"{verb}: {type(error).__name__}") from error
            except Exception as error:  # the SDK raises bare Exception for a signature that doesn't hold
                raise ChannelUnknown(f"{verb}: {error}") from error
        return status, body

    def _answer(self, verb: str, **kwargs: Any) -> dict[str, Any]:
        return self._read(verb, *self._ask(verb, **kwargs))

    @staticmethod
    def _read(verb: str, status: int, body: Any) -> dict[str, Any]:
        try:
            said = json.loads(body) if body else {}
        except (ValueError, TypeError) as error:
            raise ChannelUnknown(f"{verb}: HTTP {status}, no JSON") from error
        if 200 <= status < 300:
            return dict(said)
        code, message = str(said.get("code", "")), str(said.get("message", ""))
        if status >= 500 or status == 429 or code in _TRY_LATER or not code:
            raise ChannelUnknown(f"{verb}: HTTP {status} {code}")
        if status == 404 and code in _UNKNOWN_ORDER:
            raise NoSuchOrder(code, message)
        raise ChannelRefused(code, message)

    def prepare(self, order: PayOrder, *, payer_ip: str, openid: str) -> dict[str, str]:
        """Create the order at WeChat, or find it again under the same number; answers what the payer needs.

        Raises ChannelRefused (ORDERPAID, ORDER_CLOSED, ...) and ChannelUnknown.
        """
        extra: dict[str, Any] = {}
        if order.method == PayMethod.JSAPI:
            extra["payer"] = {"openid": openid}
        if order.method == PayMethod.H5:
            extra["scene_info"] = {"payer_client_ip": payer_ip or "127.0.0.1", "h5_info": {"type": "Wap"}}
        said = self._answer(
            "pay", description=order.title, out_trade_no=order.number, amount={"total": order.amount, "currency": "CNY"},
            time_expire=clock.local(order.expires_at).isoformat(timespec="seconds"), pay_type=_TYPES[PayMethod(order.method)],
            **extra,
        )  # fmt: skip
        return {name: str(said[name]) for name in ("prepay_id", "h5_url", "code_url") if name in said}

    def query(self, order: PayOrder) -> OrderState:
        said = self._answer("query", out_trade_no=order.number)
        if said.get("out_trade_no") != order.number or said.get("mchid") != settings.WECHATPAY_MCHID:
            raise ChannelUnknown(f"query: an answer about another order than {order.number}")
        trade = _TRADES.get(str(said.get("trade_state")))
        if trade is None:
            raise ChannelUnknown(f"query: trade_state {said.get('trade_state')!r}")
        if trade != Trade.PAID:
            return OrderState(trade)
        amount = said["amount"]
        if amount.get("currency", "CNY") != "CNY":
            raise ChannelUnknown(f"query: paid in {amount.get('currency')}")
        return OrderState(trade, str(said["transaction_id"]), int(amount["total"]), moment(said["success_time"]))

    def close(self, order: PayOrder, *, at: datetime) -> None:
        """Take no more money for it. Raises ChannelRefused ORDERPAID when it came first."""
        self._answer("close", out_trade_no=order.number)

    def refund(self, refund: Refund) -> RefundState:
        """Send money back, or find the same refund again under its number."""
        said = self._answer(
            "refund", out_refund_no=refund.number, transaction_id=refund.payment.transaction_id, reason=refund.reason,
            amount={"refund": refund.amount, "total": refund.payment.amount, "currency": "CNY"},
        )  # fmt: skip
        return self._refund_state(refund.number, refund.amount, said)

    def query_refund(self, refund: Refund) -> RefundState:
        said = self._answer("query_refund", out_refund_no=refund.number)
        return self._refund_state(refund.number, refund.amount, said)

    @staticmethod
    def _refund_state(number: str, wanted: int, said: dict[str, Any]) -> RefundState:
        amount = int(said.get("amount", {}).get("refund", 0))
        back = _BACKS.get(str(said.get("status")))
        if back is None or said.get("out_refund_no") != number or amount != wanted:
            raise ChannelUnknown(f"refund {number}: status {said.get('status')!r}, {amount} fen")
        done = moment(said["success_time"]) if back == Back.SUCCEEDED else None
        return RefundState(back, str(said.get("refund_id", "")), amount, done)

    def bill(self, day: date) -> bytes:
        """The trade bill of a day, its bytes proved by their SHA1 (data/README 1.1). Raises NoBill, BillNotReady."""
        try:
            said = self._answer("trade_bill", bill_date=f"{day:%Y-%m-%d}", bill_type="ALL", tar_type="GZIP")
        except ChannelRefused as refusal:
            if refusal.code == "NO_STATEMENT_EXIST":
                raise NoBill from refusal
            if refusal.code == "STATEMENT_CREATING":
                raise BillNotReady from refusal
            raise
        status, body = self._ask("download_bill", url=said["download_url"])
        if status != 200 or not isinstance(body, bytes):
            raise ChannelUnknown(f"download: HTTP {status}")
        try:
            plain = gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
        except (OSError, EOFError, zlib.error) as error:
            raise ChannelUnknown("download: damaged gzip") from error
        if hashlib.sha1(plain).hexdigest() != said.get("hash_value"):  # noqa: S324 - the protocol's own checksum
            raise ChannelUnknown("download: the SHA1 isn't the one that was promised")
        return plain
