"""Staff pages of hospital.interop: what other systems sent, and what could not be filed."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import Role

from . import selectors, services
from .models import InboundStatus

# Those who work with the laboratory and its orders; system administrators see no patient data (SEC-05).
_DESK = {Role.TECHNICIAN, Role.RECORDS}


@rule("interop.inbound_list", _DESK)
def inbound_list(request: HttpRequest) -> HttpResponse:
    """Inbound messages, the refused ones first of all."""
    status = request.GET.get("status", InboundStatus.REFUSED)
    page = Paginator(selectors.inbound_messages(status), 50).get_page(request.GET.get("page"))
    tabs = [
        (InboundStatus.REFUSED, _("Refused")),
        (InboundStatus.RECEIVED, _("Unfinished")),
        (InboundStatus.FILED, _("Filed")),
    ]
    return render(request, "interop/inbound_list.html", {"page": page, "status": status, "tabs": tabs})


@rule("interop.inbound", _DESK, subject="interop.inbound")
def inbound(request: HttpRequest, pk: int) -> HttpResponse:
    """One message as it came."""
    row, text = selectors.inbound_for(actor_of(request), pk, at=clock.now())
    return render(request, "interop/inbound.html", {"row": row, "text": text})


@rule("interop.inbound_retry", _DESK, methods=["POST"], subject="interop.inbound")
def inbound_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a refused message up again."""
    at = clock.now()
    row = services.message_retry(actor=actor_of(request), row_id=pk, at=at)
    row = services.message_taken_up(row, at)
    if row.status == InboundStatus.FILED:
        messages.success(request, _("The message is filed."))
    else:
        messages.warning(request, _("The message is still refused: %(reason)s") % {"reason": row.refusal})
    return redirect("interop_staff:inbound", pk=pk)
