"""Proving again who one is before signing (SEC-03): the second factor, unless it was proved a short while ago."""

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.models import TOTPDevice

from hospital.kit import clock
from hospital.kit.problems import Problem
from hospital.people import sessions


class ProveAgain(Problem):
    code = "SEC-03"
    status = 401
    title = _("Please prove again that it is you")
    next_step = _("Enter the six digits of your authenticator, then sign.")


def is_fresh(request: HttpRequest) -> bool:
    return sessions.is_fresh(request, at=clock.now())


def require_fresh(request: HttpRequest) -> None:
    """Pass when identity was proved lately, or by the `code` of this very form; raises ProveAgain.

    A wrong code is counted by the device itself, which slows down further guesses.
    """
    if is_fresh(request):
        return
    code = request.POST.get("code", "").strip()
    device = TOTPDevice.objects.filter(user_id=request.user.pk, confirmed=True).order_by("pk").first()
    if not code or device is None or not device.verify_token(code):
        raise ProveAgain(fields={"code": ProveAgain.next_step})
    sessions.refresh(request, at=clock.now())
