"""A machine is down: one action, then a list by which the patients are called."""

from datetime import timedelta

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.problems import Problem, add_to_form

from .. import policy, selectors, services
from ..forms import DownForm
from ..models import Displaced


@rule("treatment.machine_down", policy.RUNS_MACHINES, methods=["GET", "POST"], subject="treatment_machine")
def machine_down(request: HttpRequest, pk: int) -> HttpResponse:
    """Say from when until when a machine gives nothing; its sessions get other times."""
    actor, at = actor_of(request), clock.now()
    machine = selectors.machine_for(actor, pk)
    evening = clock.day_bounds(clock.business_day(at))[1] - timedelta(minutes=1)
    form = DownForm(request.POST or None, initial={"starts_at": clock.local(at), "ends_at": clock.local(evening)})
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            outage = services.machine_down(actor=actor, machine_id=pk, at=at, **form.cleaned_data)
        except Problem as problem:
            add_to_form(form, problem)
            status = problem.status
        else:
            services.displaced_move(at=at)
            flash.success(request, _("The machine is down. Its sessions have other times; please call the patients."))
            return redirect("treatment_staff:outage", pk=outage.pk)
    context = {"machine": machine, "form": form, "outages": selectors.outages_of(machine)}
    return render(request, "treatment/machine_down.html", context, status=status)


@rule("treatment.outage", policy.RUNS_MACHINES, subject="treatment_outage")
def outage(request: HttpRequest, pk: int) -> HttpResponse:
    """Whom to call, those first whom a pause harms most; leaves an audit line for each name (MR-12)."""
    found, lines = selectors.outage_for(actor_of(request), pk, at=clock.now())
    return render(request, "treatment/outage.html", {"outage": found, "lines": lines})


@rule("treatment.displaced_told", policy.RUNS_MACHINES, methods=["POST"], subject="treatment_displaced")
def told(request: HttpRequest, pk: int) -> HttpResponse:
    services.displaced_told(actor=actor_of(request), displaced_id=pk, at=clock.now())
    return redirect("treatment_staff:outage", pk=Displaced.objects.values_list("outage_id", flat=True).get(pk=pk))
