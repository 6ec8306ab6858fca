"""The insurer's mobile payment centre: 6201 upload and pre-settle, 6202 settle, 6203 refund, 6301 query, 6401 revoke (PAY-12).

What the insurer leaves to the patient goes by WeChat's mixed order (channels/wechat/mixed.py), so that both halves succeed
or fail together. Without such a rest 6202 settles alone. An order counts as paid only when every side says the same to the
fen; where one half was settled and the other can't be any more, the one is given back.
"""

import base64
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import requests
from django.conf import settings

from hospital.kit import clock
from hospital.kit.money import parse_yuan, plain_yuan

from ...models import Channel, Charge, Insured, PayOrder, Refund
from ..base import (
    Back,
    BillNotReady,
    ChannelRefused,
    ChannelUnknown,
    NoBill,
    NoSuchOrder,
    OrderState,
    RefundState,
    Split,
    Trade,
    outside,
)
from ..wechat import mixed
from .wire import Side, Unreadable

NOTIFY_PATH = "/pay/notify/insurance/"
PATHS = {
    "6201": "/org/local/api/hos/uldFeeInfo", "6202": "/org/local/api/hos/pay_order",
    "6203": "/org/local/api/hos/refund_Order", "6301": "/org/local/api/hos/query_order_info",
    "6401": "/org/local/api/hos/revoke_order", "authorisation": "/org/local/api/hos/userQuery",
    "statement": "/org/local/api/hos/statement",
}  # fmt: skip
# ordStas: uploaded and being settled; settled; revoked, refunded or failed.
_WAITING, _SETTLED, _OVER = {"0", "1", "2", "3", "4", "5"}, {"6"}, {str(code) for code in range(7, 17)}
_TRY_LATER = {"SYSTEM_BUSY", "TIMEOUT"}
_NEVER_HEARD = {"ORDER_NOT_EXIST"}


@dataclass(frozen=True, slots=True)
class Authorisation:
    """What the patient's own consent in the insurance code says: whose it is, and its number."""

    pay_auth_no: str
    name: str
    id_card: str


def is_ready() -> bool:
    """Has this installation an organisation's keys at the insurer's centre?"""
    return bool(
        settings.INSURANCE_BASE_URL
        and settings.INSURANCE_APP_ID
        and settings.INSURANCE_APP_SECRET
        and settings.INSURANCE_PRIVATE_KEY
        and settings.INSURANCE_PLATFORM_PUBLIC_KEY
    )


def side() -> Side:
    """Our side of the wire."""
    return _side(
        settings.INSURANCE_APP_ID, settings.INSURANCE_APP_SECRET, settings.INSURANCE_PRIVATE_KEY,
        settings.INSURANCE_PLATFORM_PUBLIC_KEY,
    )  # fmt: skip


@lru_cache(maxsize=4)
def _side(app_id: str, secret: str, private_key: str, public_key: str) -> Side:
    return Side(app_id, secret, private_key, public_key)


def fen(said: dict[str, Any], name: str) -> int:
    """An amount in yuan of an answer, in fen. Raises ChannelUnknown when it is none."""
    text = str(said.get(name, ""))
    try:
        if not (text.isascii() and text.replace(".", "", 1).isdigit()):
            raise ValueError(text)
        return parse_yuan(text)
    except ValueError as error:
        raise ChannelUnknown(f"{name}: {text!r} is no amount") from error


def moment(text: str) -> datetime:
    """The centre's Shanghai wall clock, yyyyMMddHHmmss."""
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=clock.SHANGHAI)
    except ValueError as error:
        raise ChannelUnknown(f"{text!r} is no time") from error


def split_of(said: dict[str, Any]) -> Split:
    """The parts as the centre tells them; whether they are believed is another question (Split.flaw)."""
    other = fen(said, "othFeeAmt") if said.get("othFeeAmt") else 0
    return Split(
        insurer=str(said.get("insutype", ""))[:40], total=fen(said, "feeSumamt"), fund=fen(said, "fundPay"),
        personal=fen(said, "psnAcctPay"), own_cash=fen(said, "ownPayAmt"), other=other,
    )  # fmt: skip


def split_here(insured: Insured) -> Split:
    """The parts as they were believed and shown to the patient."""
    assert insured.total is not None and insured.fund is not None and insured.personal is not None
    assert insured.own_cash is not None and insured.other is not None, "split_at comes with every part"
    return Split(
        insured.insurer, insured.total, insured.fund, insured.personal, insured.own_cash, insured.other,
        cash_channel=Channel.WECHAT if insured.own_cash else "",
    )  # fmt: skip


class InsuranceClient:
    """Speaks for the hospital at the insurer's centre."""

    def __init__(self) -> None:
        if not is_ready():
            raise ChannelUnknown("this installation has no keys of the insurer's centre")
        self._side = side()

    def _ask(self, what: str, data: dict[str, Any]) -> dict[str, Any]:
        """One call. Whatever isn't a genuine answer is ChannelUnknown."""
        message = self._side.seal(
            {"orgCodg": settings.INSURANCE_ORG_CODE, **data}, stamp=int(time.time() * 1000), transType=what
        )
        with outside("insurance"):
            try:
                answer = requests.post(
                    settings.INSURANCE_BASE_URL + PATHS[what], json=message, timeout=settings.OUTSIDE_TIMEOUT,
                    allow_redirects=False,
                )  # fmt: skip
                body = answer.json()
            except (requests.RequestException, ValueError) as error:
                raise ChannelUnknown(f"{what}: {type(error).__name__}") from error
        try:
            said = self._side.open(body, now=time.time())
        except Unreadable as error:
            raise ChannelUnknown(f"{what}: HTTP {answer.status_code}, {error}") from error
        if body.get("transType") != what:
            raise ChannelUnknown(f"{what}: an answer to {body.get('transType')!r}")
        # Success or not stands beside the data, and is signed with it.
        if str(body.get("success")).lower() == "true":
            return said
        code, message_text = str(body.get("code", "")), str(body.get("message", ""))
        if code in _NEVER_HEARD:
            raise NoSuchOrder(code, message_text)
        if code in _TRY_LATER or not code:
            raise ChannelUnknown(f"{what}: {code}")
        raise ChannelRefused(code, message_text)

    # --- Before the money -------------------------------------------------------------------------------------
    def prepare(self, order: PayOrder, *, payer_ip: str, openid: str) -> dict[str, str]:
        """Where the patient gives the consent of this time (PAY-13). The insurer hears of the order with 6201."""
        query = urlencode({
            "orgCodg": settings.INSURANCE_ORG_CODE, "orgAppId": settings.INSURANCE_APP_ID, "bizType": "04107",
            "redirectUrl": f"{settings.BASE_URL}/pay/orders/{order.number}/insured/",
        })  # fmt: skip
        return {"authorize_url": f"{settings.INSURANCE_AUTHORIZE_URL}?{query}"}

    def authorisation(self, code: str) -> Authorisation:
        said = self._ask("authorisation", {"authCode": code})
        if not all(said.get(name) for name in ("payAuthNo", "userName", "idNo")) or said.get("idType") != "01":
            raise ChannelRefused("AUTHORISATION", "not an identity card's")
        return Authorisation(str(said["payAuthNo"])[:200], str(said["userName"]), str(said["idNo"]))

    def upload(self, order: PayOrder, insured: Insured, charge: Charge) -> tuple[str, str, Split]:
        """6201: every line of the bill; answers (payOrdId, payToken, the parts). The same order answers the same again."""
        patient = insured.patient
        said = self._ask(
            "6201",
            {
                "medOrgOrd": order.number, "chrgBchno": charge.number, "iptOtpNo": patient.record_no,
                "payAuthNo": insured.pay_auth_no, "idNo": patient.document_no, "idType": "01", "userName": patient.name,
                "begntime": f"{clock.local(charge.created_at):%Y%m%d%H%M%S}", "medType": "11", "feeType": "01",
                "psnSetlway": "01", "acctUsedFlag": "1", "pubHospRfomFlag": "0",
                "deptCode": charge.department.code if charge.department else "", "medfeeSumamt": plain_yuan(order.amount),
                "feedetailList": [
                    {"feedetlSn": f"{line.pk}", "medinsListCodg": line.code, "medinsListName": line.name,
                     "medChrgitmType": line.category, "pric": plain_yuan(line.unit_price), "cnt": f"{line.quantity}",
                     "detItemFeeSumamt": plain_yuan(line.amount)}
                    for line in charge.lines.order_by("pk")
                ],
            },
        )  # fmt: skip
        if not said.get("payOrdId") or not said.get("payToken") or said.get("medOrgOrd") != order.number:
            raise ChannelUnknown(f"6201: an answer about another order than {order.number}")
        return str(said["payOrdId"]), str(said["payToken"]), split_of(said)

    # --- The money --------------------------------------------------------------------------------------------
    def settle(
        self, order: PayOrder, insured: Insured, charge: Charge, *, openid: str, payer: mixed.Person
    ) -> dict[str, str]:
        """The intent is committed: lay both halves together at WeChat, or settle at the insurer what needs no cash.

        Raises ChannelRefused for what surely wasn't done. Calling it again answers the same, under the same numbers.
        """
        split, patient = split_here(insured), mixed.Person(insured.patient.name, insured.patient.document_no)
        if not split.own_cash:
            self._ask("6202", {
                "payAuthNo": insured.pay_auth_no, "payOrdId": insured.pay_ord_id, "payToken": insured.pay_token,
                "orgBizSer": order.number, "chrgBchno": charge.number, "feeType": "01",
            })  # fmt: skip
            return {}
        wechat = mixed.MixedPay()
        prepay_id = wechat.cash_prepay(order, split.own_cash, openid=openid)
        assert insured.upload_at is not None, "the parts came with an upload"
        number = wechat.start(
            order, charge, split, openid=openid, payer=payer, patient=patient, pay_ord_id=insured.pay_ord_id,
            pay_auth_no=insured.pay_auth_no, uploaded_at=insured.upload_at, prepay_id=prepay_id,
        )  # fmt: skip
        return {"prepay_id": prepay_id, "mix_trade_no": number}

    def query(self, order: PayOrder) -> OrderState:
        """What became of it, as every side says it.

        Raises ChannelUnknown while they differ. Where one half was settled and the other can't be, the one is given back.
        """
        insured = Insured.objects.select_related("patient").filter(order=order).first()
        if insured is None or insured.upload_at is None:
            return OrderState(Trade.WAITING)  # nobody outside has heard of it
        if not insured.pay_ord_id or insured.settle_at is None:
            return OrderState(Trade.WAITING)
        there = self._there(insured)
        if not split_here(insured).own_cash:
            return self._alone(order, insured, there)
        return self._both(order, insured, there)

    def _there(self, insured: Insured) -> dict[str, Any]:
        """6301."""
        said = self._ask("6301", {
            "payOrdId": insured.pay_ord_id, "payToken": insured.pay_token, "idNo": insured.patient.document_no,
            "userName": insured.patient.name, "idType": "01",
        })  # fmt: skip
        state = str(said.get("ordStas"))
        if said.get("payOrdId") != insured.pay_ord_id or state not in _WAITING | _SETTLED | _OVER:
            raise ChannelUnknown(f"6301: {said.get('payOrdId')!r} is {state!r}")
        return said

    def _alone(self, order: PayOrder, insured: Insured, there: dict[str, Any]) -> OrderState:
        state = str(there["ordStas"])
        if state in _SETTLED:
            return self._paid(order, insured, there, None)
        return OrderState(Trade.WAITING if state in _WAITING else Trade.CLOSED)

    def _both(self, order: PayOrder, insured: Insured, there: dict[str, Any]) -> OrderState:
        wechat = mixed.MixedPay()
        settled, over = str(there["ordStas"]) in _SETTLED, str(there["ordStas"]) in _OVER
        try:
            said = wechat.mixed(order)
        except NoSuchOrder:  # the mixed order never arrived; without it nobody can pay either half
            return OrderState(Trade.CLOSED if over else Trade.WAITING)
        cash = wechat.query(order)
        if said.state in {mixed.SUCCESS, mixed.REFUNDED} and settled and cash.trade == Trade.PAID:
            if said.figures != split_here(insured).figures() or said.pay_order_id != insured.pay_ord_id:
                raise ChannelUnknown(f"WeChat says {said.figures}, the bill is {split_here(insured).figures()}")
            return self._paid(order, insured, there, cash)
        if said.state == mixed.FAIL or over:
            return self._neither(order, insured, settled=settled, cash=cash)
        return OrderState(Trade.WAITING)

    def _paid(self, order: PayOrder, insured: Insured, there: dict[str, Any], cash: OrderState | None) -> OrderState:
        split, said = split_here(insured), split_of(there)
        if said.figures() != split.figures() or there.get("medOrgOrd") != order.number:
            raise ChannelUnknown(
                f"6301 says {said.figures()} of {there.get('medOrgOrd')!r}, the bill is {split.figures()}"
            )
        at = moment(str(there.get("traceTime")))
        if cash is not None and cash.amount != split.own_cash:
            raise ChannelUnknown(f"the patient paid {cash.amount} fen, not {split.own_cash}")
        whole = Split(
            split.insurer, split.total, split.fund, split.personal, split.own_cash, split.other,
            cash_channel=split.cash_channel, cash_transaction_id=cash.transaction_id if cash else "",
            cash_at=cash.success_at if cash else None,
        )  # fmt: skip
        return OrderState(Trade.PAID, insured.pay_ord_id, split.total, at, whole)

    def _neither(self, order: PayOrder, insured: Insured, *, settled: bool, cash: OrderState) -> OrderState:
        """One half can't be had any more: give the other back. Closed only when neither side holds anything.

        Sent again and again under the same numbers, until both sides say that it is so.
        """
        split = split_here(insured)
        if settled:
            self._give_back(insured, f"{order.number}N", split)
        else:
            self._revoke(insured, insured.pay_ord_id, insured.pay_token)
        if cash.trade == Trade.PAID and self._cash_back(order, cash, f"{order.number}N") != Back.SUCCEEDED:
            raise ChannelUnknown("the insurer's half failed; the patient's is on its way back")
        if cash.trade == Trade.WAITING:
            mixed.MixedPay().close(order, at=clock.now())
        return OrderState(Trade.CLOSED)

    @staticmethod
    def _cash_back(order: PayOrder, cash: OrderState, number: str) -> Back:
        said = mixed.MixedPay().refund_cash(number, cash.transaction_id, amount=cash.amount, reason=order.title)
        return said.back

    def close(self, order: PayOrder, *, at: datetime) -> None:
        """6401: take the upload back, and the patient's half. Raises ChannelRefused ORDERPAID when the money came first."""
        insured = Insured.objects.select_related("patient").filter(order=order).first()
        if insured is None or insured.upload_at is None:
            return
        pay_ord_id, token = insured.pay_ord_id, insured.pay_token
        if not pay_ord_id:  # the answer to 6201 was lost: the same upload tells its number again
            charge = Charge.objects.select_related("department").get(order_parts__order=order)
            try:
                pay_ord_id, token, _split = self.upload(order, insured, charge)
            except ChannelRefused:
                return  # surely not there
        self._revoke(insured, pay_ord_id, token)
        if insured.settle_at is not None and insured.own_cash:
            with suppress(NoSuchOrder):
                mixed.MixedPay().close(order, at=at)

    def _revoke(self, insured: Insured, pay_ord_id: str, token: str) -> None:
        """6401; what was never there, or is revoked already, is revoked. Raises ChannelRefused ORDERPAID when it is settled."""
        patient = insured.patient
        with suppress(NoSuchOrder):
            self._ask(
                "6401",
                {"payOrdId": pay_ord_id, "payToken": token, "idNo": patient.document_no, "userName": patient.name, "idType": "01"},
            )  # fmt: skip

    # --- Money back -------------------------------------------------------------------------------------------
    def refund(self, refund: Refund) -> RefundState:
        """6203 for the insurer's half, WeChat's refund for the patient's, both whole and under one number (PAY-10)."""
        split, order = refund.payment.split, refund.payment.order
        insured = Insured.objects.select_related("patient").get(order=order)
        if refund.amount != split.total:
            raise ChannelRefused("WHOLE", "an insured bill goes back whole")
        parts = Split(split.insurer, split.total, split.fund, split.personal, split.own_cash, split.other)
        at = self._give_back(insured, refund.number, parts)
        if not split.own_cash:
            return RefundState(Back.SUCCEEDED, refund.number, refund.amount, at)
        wechat = mixed.MixedPay()
        cash = wechat.refund_cash(refund.number, split.cash_transaction_id, amount=split.own_cash, reason=refund.reason)
        wechat.insurer_refunded(refund, insured.mix_trade_no, parts, at)
        if cash.back != Back.SUCCEEDED:
            return RefundState(cash.back, refund.number, refund.amount)
        assert cash.success_at is not None, "a refund that succeeded has its time"
        return RefundState(Back.SUCCEEDED, refund.number, refund.amount, max(at, cash.success_at))

    def query_refund(self, refund: Refund) -> RefundState:
        """Both halves are asked for again under their number: who has done it answers as the first time."""
        return self.refund(refund)

    def _give_back(self, insured: Insured, number: str, split: Split) -> datetime:
        """6203; answers when it was done. Raises ChannelRefused, ChannelUnknown."""
        said = self._ask("6203", {
            "payOrdId": insured.pay_ord_id, "appRefdSn": number, "appRefdTime": f"{clock.local(clock.now()):%Y%m%d%H%M%S}",
            "payAuthNo": insured.pay_auth_no, "refdType": "HI", "totlRefdAmt": plain_yuan(split.total - split.own_cash),
            "fundRefdAmt": plain_yuan(split.fund + split.other), "psnAcctRefdAmt": plain_yuan(split.personal),
            "cashRefdAmt": "0.00",
        })  # fmt: skip
        status = str(said.get("refStatus"))
        if status == "FAIL":
            raise ChannelRefused("6203", str(said.get("message", "")))
        if status != "SUCC" or said.get("appRefdSn") != number:
            raise ChannelUnknown(f"6203: {status} of {said.get('appRefdSn')!r}")
        return moment(str(said.get("refdTime")))

    def bill(self, day: date) -> bytes:
        """The statement of a day. Raises NoBill, BillNotReady."""
        try:
            said = self._ask("statement", {"stmtDate": f"{day:%Y%m%d}"})
        except ChannelRefused as refusal:
            if refusal.code == "NO_STATEMENT":
                raise NoBill from refusal
            if refusal.code == "STATEMENT_NOT_READY":
                raise BillNotReady from refusal
            raise
        try:
            return base64.b64decode(str(said["file"]), validate=True)
        except (KeyError, ValueError) as error:
            raise ChannelUnknown("statement: no file in the answer") from error
