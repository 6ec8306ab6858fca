"""The door on which WeChat Pay rings. Public and without CSRF token: its proof is the platform's signature."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from hospital.kit import clock
from hospital.kit.access import public

from .. import door
from . import notifications


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
    at, body = clock.now(), request.body

    def take() -> None:
        notifications.act(notifications.prove(request.META, body, at=at), at=at)

    if refusal := door.refusal_of(take, request, "wechat", at=at):
        return JsonResponse({"code": "FAIL", "message": refusal.code}, status=refusal.status)
    return HttpResponse(status=204)
