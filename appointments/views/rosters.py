"""The week grid: who sits when; extra sessions, substitutes, a copied week, a stopped clinic."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appointments import policy, services
from appointments.models import HalfDay, Level, VisitKind
from appointments.selectors.rosters import roster_week
from appointments.services.sessions import Plan
from billing.models import Category, PriceItem
from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import Actor, Role
from hospital.kit.problems import NotFound, Problem
from hospital.organisation.models import Department, Staff

_KEEPERS = frozenset({Role.ADMIN, Role.HEAD})


def _departments(actor: Actor) -> list[Department]:
    rows = Department.objects.filter(is_open=True).select_related("campus").order_by("campus_id", "pk")
    return list(rows if actor.is_any(Role.ADMIN) else rows.filter(pk__in=actor.department_ids))


def _doctors(department_id: int) -> list[tuple[int, str]]:
    rows = Staff.objects.filter(posts__department_id=department_id, posts__role=Role.DOCTOR, suspended_at=None)
    return [(one.pk, one.name) for one in rows.distinct().order_by("number")]


class _RosterForm(forms.Form):
    doctor = forms.TypedChoiceField(label=gettext_lazy("Doctor"), coerce=int)

    def __init__(self, *args: Any, doctors: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["doctor"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = doctors


def _date(name: Any) -> forms.DateField:
    return forms.DateField(label=name, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))


def _time(name: Any) -> forms.TimeField:
    return forms.TimeField(label=name, widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}))


class ExtraForm(_RosterForm):
    day = _date(gettext_lazy("Date"))
    starts = _time(gettext_lazy("From"))
    ends = _time(gettext_lazy("Until"))
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=VisitKind.choices)
    level = forms.ChoiceField(label=gettext_lazy("Level"), choices=Level.choices)
    minutes = forms.IntegerField(label=gettext_lazy("Minutes of a period"), min_value=5, max_value=60, initial=10)
    places = forms.IntegerField(label=gettext_lazy("Places in a period"), min_value=1, max_value=50, initial=1)
    fee_item = forms.ChoiceField(label=gettext_lazy("Item of the price list"))
    room = forms.CharField(label=gettext_lazy("Room"), required=False, max_length=40)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        at = clock.now()
        items = PriceItem.objects.filter(category=Category.REGISTRATION, effective_from__lte=at, effective_to=None)
        field = self.fields["fee_item"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(dict(items.order_by("code").values_list("code", "name")).items())


class SubstituteForm(_RosterForm):
    session = forms.IntegerField(widget=forms.HiddenInput)


class StopDaysForm(_RosterForm):
    first = _date(gettext_lazy("From"))
    last = _date(gettext_lazy("Until"))
    half_day = forms.ChoiceField(
        label=gettext_lazy("Half-day"), required=False, choices=[("", gettext_lazy("all day")), *HalfDay.choices]
    )
    reason = forms.CharField(label=gettext_lazy("Reason, as patients will read it"), max_length=200)


@rule("appointments.rosters", _KEEPERS)
def rosters(request: HttpRequest) -> HttpResponse:
    return _page(request, *_where(request, request.GET))


def _where(request: HttpRequest, asked: Any) -> tuple[Department, date]:
    departments = _departments(actor_of(request))
    number = asked.get("department", "")
    found = next((one for one in departments if str(one.pk) == number), None)
    if found is None and (number or not departments):
        raise NotFound
    try:
        day = date.fromisoformat(asked.get("week", ""))
    except ValueError:
        day = clock.today()
    return found or departments[0], day - timedelta(days=day.weekday())


def _page(request: HttpRequest, department: Department, monday: date, *, problem: Problem | None = None,
          form: forms.Form | None = None, verb: str = "", status: int = 200) -> HttpResponse:  # fmt: skip
    doctors = _doctors(department.pk)
    days, lines = roster_week(department.pk, monday, at=clock.now())
    first = max(monday, clock.today())  # nobody adds or stops a clinic on a day that is over
    return render(
        request,
        "appointments/rosters.html",
        {
            "department": department, "departments": _departments(actor_of(request)), "monday": monday, "days": days,
            "lines": lines, "before": monday - timedelta(days=7), "after": monday + timedelta(days=7),
            "doctors": doctors, "problem": problem, "verb": verb,
            "extra": form if verb == "extra" else ExtraForm(doctors=doctors, initial={"day": first}),
            "stop": form if verb == "stop" else StopDaysForm(
                doctors=doctors, initial={"first": first, "last": first}
            ),
        },
        status=status,
    )  # fmt: skip


@rule("appointments.roster_change", _KEEPERS, methods=["POST"])
def roster_change(request: HttpRequest) -> HttpResponse:
    """One of the four changes; the page shows the week again, with what was refused."""
    department, monday = _where(request, request.POST)
    policy.must_run_rosters(actor_of(request), department.pk)
    verb = request.POST.get("verb", "")
    forms_by_verb: dict[str, type[_RosterForm]] = {
        "extra": ExtraForm,
        "substitute": SubstituteForm,
        "stop": StopDaysForm,
    }
    form = None
    if verb not in {*forms_by_verb, "copy"}:
        return _page(request, department, monday, status=422)
    if verb in forms_by_verb:
        form = forms_by_verb[verb](request.POST, doctors=_doctors(department.pk))
        if not form.is_valid():
            return _page(request, department, monday, form=form, verb=verb, status=422)
    try:
        messages.success(request, _done(request, department, monday, verb, form.cleaned_data if form else {}))
    except NotFound:
        raise
    except Problem as problem:
        return _page(request, department, monday, problem=problem, form=form, verb=verb, status=problem.status)
    return redirect(f"{reverse('appointments_staff:rosters')}?department={department.pk}&week={monday:%F}")


def _done(request: HttpRequest, department: Department, monday: date, verb: str, data: dict[str, Any]) -> str:
    actor, at = actor_of(request), clock.now()
    if verb == "extra":
        plan = Plan(
            data["doctor"], department.pk, data["day"], data["starts"], data["ends"], data["kind"], data["level"],
            data["minutes"], data["places"], data["fee_item"], data["room"],
        )  # fmt: skip
        services.session_add(actor=actor, plan=plan, at=at)
        return _("The extra session can be booked.")
    if verb == "substitute":
        told = services.session_substitute(actor=actor, session_id=data["session"], doctor_id=data["doctor"], at=at)
        return _("The session has another doctor; %(number)d patients are told.") % {"number": told}
    if verb == "copy":
        made = services.week_copy(
            actor=actor, department_id=department.pk, monday=monday, to_monday=monday + timedelta(days=7), at=at
        )
        return _("%(number)d sessions were copied to the next week.") % {"number": made}
    if verb == "stop":
        concerned = services.clinic_stop(
            actor=actor, department=department, doctor_id=data["doctor"], first=data["first"], last=data["last"],
            half_day=data["half_day"], reason=data["reason"], at=at,
        )  # fmt: skip
        return _("Stopped. %(number)d patients are offered another time or their money.") % {"number": concerned}
    raise NotFound
