"""Find a doctor: open to everybody, as what a hospital must publish (IH-14)."""

from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from appointments import errors, selectors, services
from hospital.kit import clock
from hospital.kit.access import actor_of, public, rule
from hospital.kit.actor import SIGNED_IN_PATIENTS
from hospital.kit.problems import NotFound
from hospital.organisation.models import Campus, Department

_SHOWN = 50


@public("appointments.doctors", "who works here, when and at which price is published (IH-14)")
def doctors(request: HttpRequest) -> HttpResponse:
    """Search by name, pinyin, initials, department or disease; or walk the tree of departments."""
    text = request.GET.get("q", "").strip()[:60]
    department = _department(request.GET.get("department", ""))
    at = clock.now()
    looking = bool(text or department)
    soonest = request.GET.get("sort") == "soonest"
    actor = actor_of(request)
    known = selectors.known_doctors_for(actor, at=at) if actor.is_patient and not looking else None
    cards = selectors.doctor_cards(text, department.pk if department else None, at=at, limit=_SHOWN) if looking else []
    if soonest:
        cards = selectors.earliest_first(cards)
    return render(
        request,
        "appointments/doctors.html",
        {
            "text": text, "department": department, "cards": cards, "looking": looking,
            "campuses": [] if looking else _tree(), "cut_off": len(cards) == _SHOWN,
            "soonest": soonest, "known": known,
        },
    )  # fmt: skip


def _department(number: str) -> Department | None:
    if not number.isdecimal() or len(number) > 18:
        return None
    return Department.objects.select_related("campus").filter(pk=int(number), is_open=True).first()


def _tree() -> list[tuple[Campus, list[Department]]]:
    """Departments that receive patients, by campus."""
    tree: dict[Campus, list[Department]] = {}
    rows = Department.objects.filter(is_open=True, roster_slots__isnull=False).distinct().select_related("campus")
    for department in rows.order_by("campus_id", "pk"):
        tree.setdefault(department.campus, []).append(department)
    return list(tree.items())


@public("appointments.doctor", "who works here, when and at which price is published (IH-14)", subject="doctor")
def doctor(request: HttpRequest, staff_id: int) -> HttpResponse:
    """About the doctor, and two weeks by half-day with what is free."""
    at = clock.now()
    found = selectors.doctor_shown(staff_id, at=at)
    if found is None:
        raise NotFound
    about, departments = found
    days = selectors.doctor_days(staff_id, at=at)
    chosen = next((day for day in days if day.date == _date(request.GET.get("day", ""))), None)
    chosen = chosen or next((day for day in days if day.free), None) or next((day for day in days if day.lines), None)
    lines = [line for day in days for line in day.lines]
    clinics = [line for line in lines if line.session.kind == "clinic"]
    online = next((line for line in lines if line.session.kind == "online" and line.free), None)
    return render(
        request,
        "appointments/doctor.html",
        {
            "doctor": about, "departments": departments, "days": days, "chosen": chosen,
            "may_follow": actor_of(request).is_patient, "followed": selectors.is_followed(actor_of(request), staff_id),
            "full": bool(clinics) and not any(line.free for line in clinics), "online": online,
        },
    )  # fmt: skip


@rule("appointments.doctor_follow", SIGNED_IN_PATIENTS, methods=["POST"], subject="doctor_follow")
def follow(request: HttpRequest, staff_id: int) -> HttpResponse:
    """Follow, or follow no more."""
    verb = services.doctor_follow if request.POST.get("follow") == "1" else services.doctor_unfollow
    try:
        verb(actor=actor_of(request), doctor_id=staff_id, at=clock.now())
    except errors.TooManyFollowed as problem:
        messages.warning(request, f"{problem.reason} {problem.next_step}")
    return redirect("appointments:doctor", staff_id)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
