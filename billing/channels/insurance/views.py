"""The door on which the insurer's centre rings. Public and without CSRF token: its proof is the centre's SM2 signature."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from hospital.kit import clock
from hospital.kit.access import public

from .. import door
from . import notifications


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

    def take() -> None:
        notifications.act(notifications.prove(body, at=at), body, at=at)

    if refusal := door.refusal_of(take, request, "insurance", at=at):
        return JsonResponse({"code": "FAIL", "message": refusal.code}, status=refusal.status)
    return JsonResponse({"code": "0", "message": "成功"})
