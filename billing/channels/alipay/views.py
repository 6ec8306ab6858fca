"""The door on which Alipay rings. Public and without CSRF token: its proof is the platform's signature."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from hospital.kit import clock
from hospital.kit.access import public

from .. import door
from . import notifications


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
    at, body = clock.now(), request.body

    def take() -> None:
        notifications.act(notifications.prove(request.POST.dict(), body, at=at), at=at)

    if refusal := door.refusal_of(take, request, "alipay", at=at):
        return HttpResponse("failure", content_type="text/plain", status=refusal.status)
    return HttpResponse("success", content_type="text/plain")
