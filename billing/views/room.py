"""In the consulting room: a code on the doctor's screen that the patient scans to pay at once."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import CLINICIANS

from .. import errors, selectors, services
from ..channels import base
from ..models import Channel, PayMethod, PayOrder
from ..states import LIVE_ORDER
from .pay import qr_data

_SCANNED = (Channel.WECHAT, Channel.ALIPAY, Channel.UNIONPAY)


@rule("billing.room_qr", CLINICIANS, methods=["POST"], subject="room_charge")
def room_qr(request: HttpRequest, charge_ids: list[int]) -> HttpResponse:
    """A fragment with the code for some open bills of one's own patient."""
    actor, at = actor_of(request), clock.now()
    selectors.charges_in_care(actor, charge_ids, at=at)
    wanted = request.POST.get("channel", "")
    channel = Channel(wanted) if wanted in _SCANNED and wanted in base.channels() else Channel.WECHAT
    order = services.pay_order_start(
        actor=actor, charge_ids=charge_ids, channel=channel, method=PayMethod.NATIVE, at=at
    )
    try:
        order = services.order_prepare(order.pk, at=at)
    except (errors.ChannelSilent, errors.ChannelSaysNo):
        order = PayOrder.objects.get(pk=order.pk)
    return render(request, "billing/room_qr.html", _context(order))


@rule("billing.room_state", CLINICIANS, subject="room_order")
def room_state(request: HttpRequest, number: str) -> HttpResponse:
    """The same fragment again, until it is paid."""
    order = selectors.order_in_care(actor_of(request), number)
    if order.status in LIVE_ORDER:
        services.order_refresh(order.pk, at=clock.now())
        order.refresh_from_db()
    return render(request, "billing/room_qr.html", _context(order))


def _context(order: PayOrder) -> dict[str, Any]:
    code = order.prepared.get("code_url", "")
    others = [one for one in _SCANNED if one in base.channels() and one != order.channel]
    ids = ",".join(str(part.charge_id) for part in order.parts.order_by("charge_id"))
    return {
        "others": others,
        "ids": ids,
        "order": order,
        "live": order.status in LIVE_ORDER,
        "qr": qr_data(code) if code else "",
    }
