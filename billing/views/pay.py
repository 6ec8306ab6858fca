"""The cashier page: what is owed, how to pay, and a result that is right after a lost connection (PAY-02, PAY-11)."""

import base64
import io
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import segno
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import PATIENTS, Actor
from hospital.kit.money import total
from hospital.people.models import Account

from .. import errors, kinds, selectors, services
from ..channels import base
from ..channels.wechat.client import sdk
from ..models import Channel, Charge, Insured, PayMethod, PayOrder, Settlement
from ..services import insured
from ..states import LIVE_ORDER, ChargeStatus, PayOrderStatus


def _in_wechat(request: HttpRequest) -> bool:
    return "MicroMessenger" in request.headers.get("User-Agent", "")


def _on_phone(request: HttpRequest) -> bool:
    return any(word in request.headers.get("User-Agent", "") for word in ("Mobile", "Android", "iPhone"))


def openid_of(actor: Actor) -> str:
    return Account.objects.filter(pk=actor.account_id).values_list("wechat_openid", flat=True).first() or ""


@dataclass(frozen=True, slots=True)
class Way:
    """A channel and how the payer meets it; `value` is what the form sends."""

    channel: Channel
    method: PayMethod

    by_another: bool = False  # a code on the very screen that would have to scan it: somebody else's phone can

    @property
    def value(self) -> str:
        return self.method.value if self.channel == Channel.WECHAT else f"{self.channel.value}:{self.method.value}"


def _ways(request: HttpRequest, actor: Actor) -> list[Way]:
    """The ways that work on this device and that this hospital takes, the handiest first."""
    ready = base.channels()
    insured = [Way(Channel.INSURANCE, PayMethod.CODE)] if Channel.INSURANCE in ready else []
    if _in_wechat(request):  # WeChat opens no page of its rivals', and inside it pays with its own sheet
        return [Way(Channel.WECHAT, PayMethod.JSAPI if openid_of(actor) else PayMethod.H5), *insured]
    phone = _on_phone(request)
    methods = [PayMethod.H5, PayMethod.NATIVE] if phone else [PayMethod.NATIVE, PayMethod.H5]
    taken = [Channel.WECHAT, *(channel for channel in (Channel.ALIPAY, Channel.UNIONPAY) if channel in ready)]
    here = [Way(channel, method, phone and method == PayMethod.NATIVE) for method in methods for channel in taken]
    return [*here, *insured]


def _title_of(charge: Charge) -> str:
    kind = kinds.registered().get(charge.kind)
    return str(kind.title) if kind else charge.kind


@rule("billing.pay", PATIENTS)
@rule("billing.pay_start", PATIENTS, methods=["POST"])
def pay(request: HttpRequest) -> HttpResponse:
    """Everything that is owed by those whom the account acts for."""
    return _start(request) if request.method == "POST" else _cashier(request, None)


@rule("billing.pay_some", PATIENTS, subject="charge")
@rule("billing.pay_some_start", PATIENTS, methods=["POST"], subject="charge")
def pay_some(request: HttpRequest, charge_ids: list[int]) -> HttpResponse:
    """The bills that a page above sent here with."""
    return _start(request, charge_ids) if request.method == "POST" else _cashier(request, charge_ids)


def _cashier(
    request: HttpRequest, charge_ids: list[int] | None, status: int = 200, problem: Any = None
) -> HttpResponse:
    actor, at = actor_of(request), clock.now()
    charges = selectors.charges_to_pay(actor, charge_ids, at=at)
    payable = [c for c in charges if c.status == ChargeStatus.OPEN and (c.expires_at is None or c.expires_at > at)]
    ended = [c for c in charges if c not in payable]
    ends = [charge.expires_at for charge in payable if charge.expires_at]
    ways = _ways(request, actor)
    context = {
        "lines": [(charge, _title_of(charge)) for charge in payable], "total": total(c.amount for c in payable),
        "ended": [(charge, _title_of(charge)) for charge in ended], "first_end": min(ends, default=None),
        "ways": [way for way in ways if not way.by_another], "others": [way for way in ways if way.by_another], "problem": problem, "several": len({c.patient_id for c in payable}) > 1,
    }  # fmt: skip
    return render(request, "billing/pay.html", context, status=status)


def _start(request: HttpRequest, charge_ids: list[int] | None = None) -> HttpResponse:
    actor, at = actor_of(request), clock.now()
    chosen = sorted({int(value) for value in request.POST.getlist("charge") if value.isdigit() and len(value) < 19})
    allowed = {charge.pk for charge in selectors.charges_to_pay(actor, chosen, at=at)} if chosen else set()
    way = next((one for one in _ways(request, actor) if one.value == request.POST.get("method", "")), None)
    if not allowed or way is None:
        return _cashier(request, charge_ids, status=422, problem=errors.NothingToCharge())
    if way.channel == Channel.INSURANCE:
        insured.insured_check(selectors.charges_to_pay(actor, chosen, at=at))
    order = selectors.live_order_of(chosen, way.channel, way.method, actor, at=at) or services.pay_order_start(
        actor=actor, charge_ids=chosen, channel=way.channel, method=way.method, at=at
    )
    _prepare(request, order, actor)
    return redirect("billing:order", number=order.number)


def _prepare(request: HttpRequest, order: PayOrder, actor: Actor) -> None:
    """Ask the channel; when it is silent, the order's page says so and offers to ask again."""
    try:
        services.order_prepare(order.pk, at=clock.now(), payer_ip=actor.ip, openid=openid_of(actor))
    except (errors.ChannelSilent, errors.ChannelSaysNo):
        return


@rule("billing.order", PATIENTS, subject="pay_order")
def order_page(request: HttpRequest, number: str) -> HttpResponse:
    """Before: how to pay. After: what became of it, as the channel says, not as this browser remembers."""
    return render(request, "billing/order.html", _order_context(request, number))


@rule("billing.order_state", PATIENTS, subject="pay_order")
def order_state(request: HttpRequest, number: str) -> HttpResponse:
    """The fragment that the page asks for again and again."""
    return render(request, "billing/order_state.html", _order_context(request, number))


@rule("billing.order_prepare", PATIENTS, methods=["POST"], subject="pay_order")
def order_prepare(request: HttpRequest, number: str) -> HttpResponse:
    """Once more, after the channel was silent."""
    actor = actor_of(request)
    _prepare(request, selectors.order_for(actor, number), actor)
    return redirect("billing:order", number=number)


def _order_context(request: HttpRequest, number: str) -> dict[str, Any]:
    actor, at = actor_of(request), clock.now()
    order = selectors.order_for(actor, number)
    if order.status in LIVE_ORDER:
        services.order_refresh(order.pk, at=at)
        order = selectors.order_for(actor, number)
    parts = [(part, _title_of(part.charge)) for part in order.parts.all()]
    # By this very payment: a bill that another one settled sends this money back, and one that was refunded later was paid.
    settled = Settlement.objects.filter(
        payment__order=order, charge__in=[part.charge for part, _title in parts]
    ).count()
    back = request.build_absolute_uri(reverse("billing:order", args=[order.number]))
    context: dict[str, Any] = {
        "order": order, "parts": parts, "live": order.status in LIVE_ORDER, "waiting": order.status == PayOrderStatus.WAITING,
        "over": order.expires_at <= at, "paid": order.status == PayOrderStatus.PAID, "all_settled": settled == len(parts),
        # A browser that comes back from a channel is ahead of its notice by a second: not asked to pay once more meanwhile.
        "asking": "back" in request.GET, "onward": _onward(order), "order_ids": ",".join(str(part.charge_id) for part, _title in parts),
    }  # fmt: skip
    prepared = order.prepared
    if context["waiting"] and prepared.get("h5_url"):
        link = prepared["h5_url"]
        context["h5_url"] = f"{link}{'&' if '?' in link else '?'}{urlencode({'redirect_url': f'{back}?back=1'})}"
    if context["waiting"] and prepared.get("wap_url"):  # signed as it is: one parameter more and it wouldn't hold
        context["h5_url"] = prepared["wap_url"]
    if context["waiting"] and prepared.get("form"):  # signed as it is, and carried there by the payer's own browser
        context["form_url"], context["form"] = prepared["form_url"], json.loads(prepared["form"])
    if context["waiting"] and prepared.get("code_url"):
        context["qr"] = qr_data(prepared["code_url"])
        # In the demo the code is a page of the sandbox; in life only WeChat can read it.
        context["code_page"] = prepared["code_url"] if prepared["code_url"].startswith("http") and settings.DEMO else ""
    if context["waiting"] and order.method == PayMethod.JSAPI:
        context["jsapi"] = json.dumps(_jsapi(prepared["prepay_id"]))
    if order.channel == Channel.INSURANCE:
        context |= _insured_context(request, order, back)
    return context


def _insured_context(request: HttpRequest, order: PayOrder, back: str) -> dict[str, Any]:
    """Where an insured order stands: consent, the parts, the one password for both halves."""
    row = Insured.objects.filter(order=order).first()
    context: dict[str, Any] = {"insured": row, "authorize_url": order.prepared.get("authorize_url", "")}
    if row is None or row.split_at is None:
        return context
    context["needs_wechat"] = bool(row.own_cash) and not openid_of(actor_of(request))
    if context["needs_wechat"]:
        context["page_qr"] = qr_data(back)
    if row.settle_at and row.mix_trade_no:
        signed = _jsapi(row.prepay_id) if row.prepay_id else {"appId": settings.WECHAT_APP_ID}
        context["mixed_jsapi"] = json.dumps({"mixTradeNo": row.mix_trade_no, "appid": signed.pop("appId"), **signed})
        if settings.DEMO:  # in life only WeChat itself opens a mixed order
            context["demo_phone"] = f"{settings.WECHATPAY_BASE_URL}/_sandbox/mix/{row.mix_trade_no}"
    return context


def _onward(order: PayOrder) -> str:
    """Where the patient goes on: the page of what was paid for."""
    for part in order.parts.all():
        kind = kinds.registered().get(part.charge.kind)
        if kind and (page := kind.page(part.charge)):
            return page
    return ""


def qr_data(text: str) -> str:
    """A QR code as a data URI: drawn here, so that no other host learns of the payment."""
    out = io.BytesIO()
    segno.make(text, error="m").save(out, kind="svg", scale=6, border=2, xmldecl=False, svgns=True)
    return "data:image/svg+xml;base64," + base64.b64encode(out.getvalue()).decode()


def _jsapi(prepay_id: str) -> dict[str, str]:
    """What WeixinJSBridge needs, signed as WeChat prescribes: appId, time, nonce, prepay_id (data/README 1.2)."""
    stamp, nonce, package = str(int(time.time())), secrets.token_hex(16), f"prepay_id={prepay_id}"
    signature = sdk().sign([settings.WECHAT_APP_ID, stamp, nonce, package])
    return {
        "appId": settings.WECHAT_APP_ID, "timeStamp": stamp, "nonceStr": nonce, "package": package, "signType": "RSA",
        "paySign": signature,
    }  # fmt: skip
