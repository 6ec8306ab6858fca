"""The door on which WeChat Pay rings. Public and without CSRF token: its proof is the platform's signature."""

import logging

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from hospital.kit import clock
from hospital.kit.access import actor_of, public

from . import notifications

log = logging.getLogger(__name__)


# WeChat sends no token of ours and no cookie of the payer's: what proves a notice is its signature over every byte, checked
# before anything of it is used (notifications.prove).
@csrf_exempt
@public(
    "billing.notify.wechat",
    "WeChat Pay rings here; each notice proves itself by signature (G06)",
    methods=["POST"],
    subject="wechat_notice",
)
def notify(request: HttpRequest) -> HttpResponse:
    at = clock.now()
    try:
        event = notifications.prove(request.META, request.body, at=at)
        notifications.act(event, at=at)
    except notifications.Refused as refusal:
        actor = actor_of(request)
        log.warning("refused a notice of WeChat Pay: %s", refusal.code)
        notifications.alarm(refusal, ip=actor.ip, request_id=actor.request_id, at=at)
        return JsonResponse({"code": "FAIL", "message": refusal.code}, status=refusal.status)
    return HttpResponse(status=204)
