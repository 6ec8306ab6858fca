"""Alarms of follow-up, worked off by case managers: take, call, not reached, handled (T9)."""

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import Role

from .. import selectors, services
from ..forms import AlarmForm


@rule("follow_up.alarms", {Role.CASE_MANAGER})
def alarm_list(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    context = {
        "open": list(selectors.alarms_for(actor, handled=False)[:100]),
        "handled": list(selectors.alarms_for(actor, handled=True)[:20]),
        "form": AlarmForm(),
        "me": actor.staff_id,
    }
    return render(request, "treatment/alarms.html", context)


@rule("follow_up.take", {Role.CASE_MANAGER}, methods=["POST"], subject="alarm")
def alarm_take(request: HttpRequest, pk: int) -> HttpResponse:
    services.alarm_take(actor=actor_of(request), alarm_id=pk, at=clock.now())
    flash.success(request, _("It is yours. Please call now."))
    return redirect("treatment_staff:alarms")


@rule("follow_up.unreached", {Role.CASE_MANAGER}, methods=["POST"], subject="alarm")
def alarm_unreached(request: HttpRequest, pk: int) -> HttpResponse:
    services.alarm_unreached(actor=actor_of(request), alarm_id=pk, at=clock.now())
    flash.success(request, _("Noted. It stays on the list, to be called again."))
    return redirect("treatment_staff:alarms")


@rule("follow_up.handle", {Role.CASE_MANAGER}, methods=["POST"], subject="alarm")
def alarm_handle(request: HttpRequest, pk: int) -> HttpResponse:
    form = AlarmForm(request.POST)
    if not form.is_valid():
        flash.error(request, _("Say what was done."))
        return redirect("treatment_staff:alarms")
    services.alarm_handle(
        actor=actor_of(request), alarm_id=pk, what_was_done=form.cleaned_data["what_was_done"], at=clock.now()
    )
    flash.success(request, _("Handled."))
    return redirect("treatment_staff:alarms")
