"""The door on which the insurer's centre rings. Public and without CSRF token: its proof is the centre's SM2 signature."""

import logging

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from hospital.kit import clock
from hospital.kit.access import actor_of, public

from . import notifications
from .client import is_ready

log = logging.getLogger(__name__)


# The centre sends no token of ours and no cookie of the patient's: what proves a notice is the signature of its envelope,
# checked before anything of it is used (notifications.prove).
@csrf_exempt
@public(
    "billing.notify.insurance",
    "the insurer's centre rings here; each notice proves itself by its sealed envelope (G06)",
    methods=["POST"],
    subject="insurance_notice",
)
def notify(request: HttpRequest) -> HttpResponse:
    at, body = clock.now(), request.body
    try:
        if not is_ready():
            raise notifications.Refused("no-keys")
        notifications.act(notifications.prove(body, at=at), body, at=at)
    except notifications.Refused as refusal:
        actor = actor_of(request)
        log.warning("refused a notice of the insurer: %s", refusal.code)
        notifications.alarm(refusal, ip=actor.ip, request_id=actor.request_id, at=at)
        return JsonResponse({"code": "FAIL", "message": refusal.code}, status=refusal.status)
    return JsonResponse({"code": "0", "message": "成功"})
