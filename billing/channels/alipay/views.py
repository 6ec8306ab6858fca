"""The door on which Alipay rings. Public and without CSRF token: its proof is the platform's signature."""

import logging

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from hospital.kit import clock
from hospital.kit.access import actor_of, public

from .. import door
from . import notifications

log = logging.getLogger(__name__)


# Alipay sends no token of ours and no cookie of the payer's: what proves a notice is its RSA2 signature, checked before
# anything of it is used (notifications.prove).
@csrf_exempt
@public(
    "billing.notify.alipay",
    "Alipay rings here; each notice proves itself by signature (G06)",
    methods=["POST"],
    subject="alipay_notice",
)
def notify(request: HttpRequest) -> HttpResponse:
    at = clock.now()
    body = request.body
    try:
        event = notifications.prove(request.POST.dict(), body, at=at)
        notifications.act(event, at=at)
    except door.Refused as refusal:
        actor = actor_of(request)
        log.warning("refused a notice of Alipay: %s", refusal.code)
        door.alarm("alipay", refusal, ip=actor.ip, request_id=actor.request_id, at=at)
        return HttpResponse("failure", content_type="text/plain", status=refusal.status)
    return HttpResponse("success", content_type="text/plain")
