"""The inbox and its settings, for patients and staff alike."""

from django.contrib import messages as flash
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import SIGNED_IN_PATIENTS, STAFF

from . import selectors, services
from .forms import PreferenceForm

_READERS = SIGNED_IN_PATIENTS | STAFF
_PAGE = 20


@rule("message.list", _READERS)
def inbox(request: HttpRequest) -> HttpResponse:
    """Newest first; what is shown counts as seen."""
    actor = actor_of(request)
    page = Paginator(selectors.inbox_for(actor), _PAGE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    lines = selectors.lines(shown, get_language() or "")
    unread = [message.pk for message in shown if message.read_at is None]
    if unread:
        services.message_mark_read(actor=actor, message_ids=unread, at=clock.now())
    return render(request, "messaging/inbox.html", {"lines": lines, "page": page, "base": _base(request)})


@rule("message.preference", _READERS, methods=["GET", "POST"])
def preference(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    form = PreferenceForm(request.POST or None, instance=selectors.preference_for(actor))
    if request.method == "POST" and form.is_valid():
        services.preference_set(actor=actor, at=clock.now(), **form.cleaned_data)
        flash.success(request, _("Saved."))
        return redirect(request.path)
    status = 422 if form.is_bound else 200
    return render(request, "messaging/preference.html", {"form": form, "base": _base(request)}, status=status)


def _base(request: HttpRequest) -> str:
    return "base_staff.html" if actor_of(request).is_staff else "base_patient.html"
