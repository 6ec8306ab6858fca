"""Pages of patients: the course, choosing an hour, moving a session, follow-up."""

from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import PATIENTS
from hospital.kit.pdf import render_pdf
from hospital.kit.problems import Problem

from .. import policy, selectors, services
from ..errors import HourNotOffered, NoHourChosen
from ..models import ClearanceKind, Course, Session
from ..states import CourseStatus, SessionStatus


@rule("treatment.list", PATIENTS)
def course_list(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    courses = list(selectors.courses_for(actor))
    return render(request, "treatment/course_list.html", {"courses": courses})


@rule("treatment.read", PATIENTS, subject="course")
def course_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The course as a calendar and a bar, the next session, what to mind, what to agree to."""
    actor, at = actor_of(request), clock.now()
    course = selectors.course_for(actor, pk, at=at)
    sessions = selectors.sessions_of(course)
    for session in sessions:
        session.may_move = policy.may_still_move(session, at, by_patient=True)  # type: ignore[attr-defined]
    upcoming = selectors.next_session(course, at=at)
    context = {
        "course": course,
        "weeks": selectors.weeks_of(sessions),
        "missed": [session for session in sessions if session.status == SessionStatus.MISSED],
        "next": upcoming,
        "late_until": policy.last_call(upcoming, at) if upcoming is not None and _is_late(upcoming, at) else None,
        "next_may_move": upcoming is not None and policy.may_still_move(upcoming, at, by_patient=True),
        "releases": selectors.releases_of(course, actor),
        "to_place": course.status == CourseStatus.PAID,
        "can_be_given": policy.can_be_given(course),
        "today": clock.business_day(at),
        "last": selectors.last_session(sessions),
        "held": bool(selectors.holds_of(course)),
    }
    return render(request, "treatment/course.html", context)


def _is_late(session: Session, at: datetime) -> bool:
    return session.status == SessionStatus.BOOKED and session.starts_at < at


@rule("treatment.consent", PATIENTS, methods=["POST"], subject="course")
def consent(request: HttpRequest, pk: int) -> HttpResponse:
    services.clearance_give(actor=actor_of(request), course_id=pk, kind=ClearanceKind.CONSENT, at=clock.now())
    flash.success(request, _("Thank you. Your consent is recorded."))
    return redirect("treatment:course", pk=pk)


@rule("treatment.place", PATIENTS, methods=["GET", "POST"], subject="course_to_place")
def place(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose the hour of the day for the whole course."""
    actor, at = actor_of(request), clock.now()
    course = selectors.course_for(actor, pk, at=at)
    if course.status != CourseStatus.PAID and request.method == "GET":
        return redirect("treatment:course", pk=pk)
    first_day = _day(request, clock.business_day(at) + timedelta(days=1))
    if request.method == "POST":
        try:
            machine_id, hour = _choice(request.POST.get("choice", ""))
            services.course_place(
                actor=actor, course_id=pk, machine_id=machine_id, hour=hour, first_day=first_day, at=at
            )
        except Problem as problem:
            return _place_page(request, course, first_day, at, problem)
        flash.success(request, _("All sessions are booked. See you there."))
        return redirect("treatment:course", pk=pk)
    return _place_page(request, course, first_day, at, None)


def _place_page(
    request: HttpRequest, course: Course, first_day: date, at: datetime, problem: Problem | None
) -> HttpResponse:
    try:
        choices = selectors.choices_of(course, first_day, at=at)
    except Problem as refused:
        choices, problem = None, problem or refused
    context = {
        "course": course,
        "choices": choices,
        "first_day": first_day,
        "earliest": clock.business_day(at) + timedelta(days=1),
        "problem": problem,
    }
    return render(request, "treatment/place.html", context, status=problem.status if problem else 200)


@rule("treatment.move", PATIENTS, methods=["GET", "POST"], subject="course_session")
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Give one session another time."""
    actor, at = actor_of(request), clock.now()
    session = selectors.session_for(actor, pk, at=at)
    day = _day(request, max(session.day, clock.business_day(at) + timedelta(days=1)))
    problem: Problem | None = None
    if request.method == "POST":
        try:
            _machine, hour = _choice(request.POST.get("choice", ""))
            services.session_move(actor=actor, session_id=pk, day=day, hour=hour, at=at)
        except Problem as refused:
            problem = refused
        else:
            flash.success(request, _("The session is moved."))
            return redirect("treatment:course", pk=session.course_id)
    context = {
        "session": session,
        "course": session.course,
        "day": day,
        "offers": selectors.free_times(session, day),
        "earliest": clock.business_day(at) + timedelta(days=1),
        "problem": problem,
    }
    return render(request, "treatment/move.html", context, status=problem.status if problem else 200)


@rule("treatment.slip", PATIENTS, subject="course")
def slip(request: HttpRequest, pk: int) -> HttpResponse:
    """The slip to print or to keep (T4)."""
    actor, at = actor_of(request), clock.now()
    course = selectors.course_for(actor, pk, at=at)
    return render(request, "treatment/slip.html", {"course": course, "sessions": selectors.sessions_of(course)})


@rule("treatment.slip_pdf", PATIENTS, subject="course")
def slip_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The slip as a file to keep and to print (T4)."""
    actor, at = actor_of(request), clock.now()
    course = selectors.course_for(actor, pk, at=at)
    context = {
        "course": course,
        "sessions": selectors.sessions_of(course),
        "hospital_name": settings.HOSPITAL_NAME,
        "now": at,
    }
    content = render_pdf(render_to_string("treatment/slip_pdf.html", context))
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="treatment-{course.pk}.pdf"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@rule("follow_up.list", PATIENTS)
def follow_up_list(request: HttpRequest) -> HttpResponse:
    tasks = list(selectors.follow_ups_for(actor_of(request)))
    return render(request, "treatment/follow_up_list.html", {"tasks": tasks})


def _day(request: HttpRequest, default: date) -> date:
    text = request.POST.get("day") or request.GET.get("day") or ""
    try:
        return date.fromisoformat(text) if text else default
    except ValueError:
        return default


def _choice(text: str) -> tuple[int, time]:
    """`<machine>@<HH:MM>` of a radio button; anything else is an hour that isn't offered."""
    if not text:
        raise NoHourChosen
    machine, _at, hour = text.partition("@")
    try:
        return int(machine), time.fromisoformat(hour)
    except ValueError as error:
        raise HourNotOffered from error
