"""What was given, by whom, for how much, and how busy the machines were (T10)."""

from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from hospital.kit import clock
from hospital.kit.access import actor_of, rule

from .. import policy, selectors

_SPANS = (7, 30, 90)


@rule("treatment.statistics", policy.RUNS_MACHINES)
def statistics(request: HttpRequest) -> HttpResponse:
    today = clock.business_day(clock.now())
    try:
        days = int(request.GET.get("days", "30"))
    except ValueError:
        days = 30
    days = days if days in _SPANS else 30
    first: date = today - timedelta(days=days - 1)
    found = selectors.statistics_for(actor_of(request), first, today)
    context = {"found": found, "first": first, "last": today, "days": days, "spans": _SPANS}
    return render(request, "treatment/statistics.html", context)
