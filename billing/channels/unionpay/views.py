"""The doors of UnionPay: its notices, and the payer's browser coming back. Both public and without CSRF token."""

import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from hospital.kit import clock
from hospital.kit.access import public

from .. import door
from . import notifications

_NUMBER = re.compile(r"[A-Z0-9]{8,32}")


# UnionPay sends no token of ours and no cookie of the payer's: what proves a notice is its signature by a certificate of
# UnionPay's, checked before anything of it is used (notifications.prove).
@csrf_exempt
@public(
    "billing.notify.unionpay",
    "UnionPay rings here; each notice proves itself by signature (G06)",
    methods=["POST"],
    subject="unionpay_notice",
)
def notify(request: HttpRequest) -> HttpResponse:
    at, body = clock.now(), request.body

    def take() -> None:
        notifications.act(notifications.prove(request.POST.dict(), body, at=at), at=at)

    if refusal := door.refusal_of(take, request, "unionpay", at=at):
        return HttpResponse("fail", content_type="text/plain", status=refusal.status)
    return HttpResponse("ok", content_type="text/plain")


# The payer's browser is sent back by a form of UnionPay's page, from another site and so without its session. Nothing of
# it is believed: it is shown on, to the order's own page, which asks for the session and tells what UnionPay says.
@csrf_exempt
@public(
    "billing.back.unionpay",
    "A browser that comes back from UnionPay is sent on to its order's page",
    methods=["GET", "POST"],
)
def back(request: HttpRequest) -> HttpResponse:
    number = request.POST.get("orderId", "")
    if _NUMBER.fullmatch(number):
        return redirect(f"{reverse('billing:order', args=[number])}?back=1")
    return redirect("billing:pay")
