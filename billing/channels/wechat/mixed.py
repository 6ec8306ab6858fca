"""WeChat's medical-insurance payment 2.0: the insurer's half and the patient's own in one order, paid by one password.

WeChat settles both halves or none. Before an order goes out and after it comes back, its figures are held against the
identities of the interface (data/README 1.3), all in fen:

    total_fee = gov + self + other + med_ins_cash_fee + what is added
    wechat_pay_cash_fee = med_ins_cash_fee + what is added - what is taken off

Here nothing is added or taken off, so that the patient pays exactly what the insurer leaves.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.conf import settings
from wechatpayv3.type import RequestType

from hospital.kit import clock

from ...models import Category, Charge, PayMethod, PayOrder, Refund, Scene
from ..base import ChannelRefused, ChannelUnknown, RefundState, Split
from .client import NOTIFY_PATH, WeChatClient, moment

SUCCESS, FAIL, CREATED, REFUNDED = "MIX_PAY_SUCCESS", "MIX_PAY_FAIL", "MIX_PAY_CREATED", "MIX_PAY_REFUND"
_ORDER_TYPES = {Scene.REGISTRATION: "REG_PAY", Scene.OUTPATIENT: "DIAG_PAY", Scene.INPATIENT: "IN_HOSP_PAY"}
_DRUGS = {Category.WESTERN_DRUG, Category.HERBAL, Category.PATENT_DRUG}


@dataclass(frozen=True, slots=True)
class Person:
    """Who pays, or for whom: an id card's name and number."""

    name: str
    id_card: str


@dataclass(frozen=True, slots=True)
class Mixed:
    """A mixed order as WeChat tells it; `figures` are total, fund, personal account, own cash, others."""

    state: str
    cash_paid: bool
    insurer_paid: bool
    figures: tuple[int, int, int, int, int]
    pay_order_id: str
    paid_at: datetime | None


def id_digest(id_card: str) -> str:
    """MD5 of the number with a capital X: the interface's own digest."""
    return hashlib.md5(id_card.upper().encode(), usedforsecurity=False).hexdigest()


def order_type(charge: Charge) -> str:
    """What kind of payment this is in WeChat's words."""
    if charge.scene != Scene.ONLINE:
        return _ORDER_TYPES[Scene(charge.scene)]
    categories = {line.category for line in charge.lines.all()}
    if categories & _DRUGS:
        return "INT_RX_PAY"
    return "INT_REG_PAY" if categories == {Category.REGISTRATION} else "INT_RE_DIAG_PAY"


class MixedPay(WeChatClient):
    """The orders of the insured. Their own halves are plain orders of WeChat Pay under the same number."""

    def _medical(self, what: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        method = RequestType.GET if body is None else RequestType.POST
        request = self._sdk._core.request  # the SDK has no word for this interface yet; its signing is the same
        return self._read(what, *self._call(what, lambda: request(path, method=method, data=body)))

    def cash_prepay(self, order: PayOrder, cash: int, *, openid: str) -> str:
        """The patient's half as an order that only the mixed one can pay; answers its prepay_id, "" for no cash."""
        if not cash:
            return ""
        half = PayOrder(
            number=order.number, title=order.title, amount=cash, method=PayMethod.JSAPI, expires_at=order.expires_at
        )
        return self.prepare(half, payer_ip="", openid=openid)["prepay_id"]

    def start(
        self, order: PayOrder, charge: Charge, split: Split, *, openid: str, payer: Person, patient: Person,
        pay_ord_id: str, pay_auth_no: str, uploaded_at: datetime, prepay_id: str,
    ) -> str:  # fmt: skip
        """Lay both halves together; answers the mixed order's number. The same number again answers the same."""
        if flaw := split.flaw(order.amount):
            raise ChannelRefused("SPLIT", flaw)
        encrypt = self._sdk._core.encrypt
        body: dict[str, Any] = {
            "mix_pay_type": "CASH_AND_INSURANCE" if split.own_cash else "INSURANCE_ONLY",
            "order_type": order_type(charge), "appid": settings.WECHAT_APP_ID, "openid": openid, "payer": _identified(payer, encrypt), "pay_for_relatives": payer != patient,
            "out_trade_no": order.number, "serial_no": charge.number, "pay_order_id": pay_ord_id,
            "pay_auth_no": pay_auth_no, "geo_location": settings.INSURANCE_LOCATION, "city_id": settings.INSURANCE_CITY,
            "med_inst_name": settings.HOSPITAL_NAME, "med_inst_no": settings.INSURANCE_ORG_CODE,
            "med_ins_order_create_time": clock.local(uploaded_at).isoformat(timespec="seconds"),
            "total_fee": split.total, "med_ins_gov_fee": split.fund, "med_ins_self_fee": split.personal,
            "med_ins_other_fee": split.other, "med_ins_cash_fee": split.own_cash, "wechat_pay_cash_fee": split.own_cash,
            "callback_url": settings.BASE_URL + NOTIFY_PATH,
        }  # fmt: skip
        if payer != patient:
            body["relative"] = _identified(patient, encrypt)
        if prepay_id:
            body["prepay_id"] = prepay_id
        said = self._medical("med-ins order", "/v3/med-ins/orders", body)
        if said.get("out_trade_no") != order.number or not said.get("mix_trade_no"):
            raise ChannelUnknown(f"med-ins order: an answer about another order than {order.number}")
        return str(said["mix_trade_no"])

    def mixed(self, order: PayOrder) -> Mixed:
        """Raises NoSuchOrder when it never arrived."""
        said = self._medical("med-ins query", f"/v3/med-ins/orders/out-trade-no/{quote(order.number)}")
        if said.get("out_trade_no") != order.number or said.get("appid") != settings.WECHAT_APP_ID:
            raise ChannelUnknown(f"med-ins query: an answer about another order than {order.number}")
        return mixed_of(said)

    def refund_cash(self, number: str, transaction_id: str, *, amount: int, reason: str) -> RefundState:
        """The patient's half goes back whole; the same number again answers what became of the first."""
        said = self._answer(
            "refund", out_refund_no=number, transaction_id=transaction_id, reason=reason,
            amount={"refund": amount, "total": amount, "currency": "CNY"},
        )  # fmt: skip
        return self._refund_state(number, amount, said)

    def insurer_refunded(self, refund: Refund, mix_trade_no: str, split: Split, at: datetime) -> None:
        """Tell WeChat that the insurer's half went back, under the number of the patient's half. Repeating it is harmless."""
        self._medical(
            "med-ins refund notice", f"/v3/med-ins/refunds/notify?mix_trade_no={quote(mix_trade_no)}",
            {
                "med_refund_total_fee": split.total - split.own_cash, "med_refund_gov_fee": split.fund,
                "med_refund_self_fee": split.personal, "med_refund_other_fee": split.other,
                "refund_time": clock.local(at).isoformat(timespec="seconds"), "out_refund_no": refund.number,
            },
        )  # fmt: skip


def mixed_of(said: dict[str, Any]) -> Mixed:
    """What an answer or a notice says. Raises ChannelUnknown when it isn't whole."""
    names = ("total_fee", "med_ins_gov_fee", "med_ins_self_fee", "med_ins_cash_fee", "med_ins_other_fee")
    figures = tuple(said.get(name, 0) for name in names)
    if any(type(fen) is not int for fen in figures) or said.get("wechat_pay_cash_fee", 0) != figures[3]:
        raise ChannelUnknown(f"med-ins: figures {figures}, {said.get('wechat_pay_cash_fee')!r} by WeChat")
    paid = said.get("paid_time")
    try:
        paid_at = moment(str(paid)) if paid else None
    except ValueError as error:
        raise ChannelUnknown(f"med-ins: paid_time {paid!r}") from error
    total, fund, personal, cash, other = figures
    return Mixed(
        state=str(said.get("mix_pay_status")), cash_paid=said.get("self_pay_status") == "SELF_PAY_SUCCESS",
        insurer_paid=said.get("med_ins_pay_status") == "MED_INS_PAY_SUCCESS",
        figures=(total, fund, personal, cash, other), pay_order_id=str(said.get("pay_order_id", "")), paid_at=paid_at,
    )  # fmt: skip


def _identified(person: Person, encrypt: Any) -> dict[str, str]:
    return {"name": encrypt(person.name), "id_digest": encrypt(id_digest(person.id_card)), "card_type": "ID_CARD"}
