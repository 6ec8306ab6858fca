"""Pages of the people who treat: the board of the day, one session, the course, alarms of follow-up."""

from datetime import date, datetime, timedelta

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from emr.policy import must_treat
from emr.selectors import encounter_for
from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import Actor, Role
from hospital.kit.problems import Problem, add_to_form
from hospital.people.services import card_resolve

from .. import errors, policy, selectors, services
from ..forms import (
    CardForm,
    CategoryForm,
    DecideForm,
    ExecuteForm,
    OrderForm,
    ReleaseForm,
    ReviewForm,
    ScreenForm,
    StopForm,
)
from ..models import Session
from ..states import CourseStatus, SessionStatus

_AT_THE_MACHINE = policy.AT_THE_MACHINE
_TREATERS = policy.AT_THE_MACHINE | {Role.DOCTOR}


@rule("treatment.board", _AT_THE_MACHINE)
def board(request: HttpRequest) -> HttpResponse:
    """Machines as columns, time as rows."""
    actor, at = actor_of(request), clock.now()
    try:
        day = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        day = clock.business_day(at)
    return render(request, "treatment/board.html", _board(actor, day, at, CardForm()))


def _board(actor: Actor, day: date, at: datetime, form: CardForm) -> dict[str, object]:
    one = timedelta(days=1)
    return {
        "columns": selectors.board_for(actor, day),
        "day": day,
        "before": day - one,
        "after": day + one,
        "today": clock.business_day(at),
        "form": form,
    }


@rule("treatment.scan", _AT_THE_MACHINE, methods=["POST"])
def scan(request: HttpRequest) -> HttpResponse:
    """A card was scanned at the board: check the patient in for the session of today."""
    actor, at = actor_of(request), clock.now()
    form = CardForm(request.POST)
    problem: Problem = errors.WrongPatient()
    if form.is_valid():
        try:
            card = card_resolve(form.cleaned_data["token"], at=at)
            session = selectors.session_of_card(actor, card.patient_id, at=at)
            if session is not None:
                services.session_check_in(actor=actor, session_id=session.pk, patient_id=card.patient_id, at=at)
                return redirect("treatment_staff:session", pk=session.pk)
        except Problem as refused:
            problem = refused
    add_to_form(form, problem)
    context = _board(actor, clock.business_day(at), at, form)
    return render(request, "treatment/board.html", context, status=problem.status)


@rule("treatment.order", {Role.DOCTOR}, methods=["GET", "POST"], subject="treatment_encounter")
def order(request: HttpRequest, pk: int) -> HttpResponse:
    """The treating doctor orders a course from the visit (T1)."""
    actor, at = actor_of(request), clock.now()
    encounter = encounter_for(actor, pk, at=at)
    must_treat(actor, encounter)
    form = OrderForm(request.POST or None)
    status = 422 if form.is_bound else 200
    if request.method == "POST" and form.is_valid():
        try:
            services.course_order(
                actor=actor,
                encounter_id=pk,
                item=form.cleaned_data["item"],
                sessions=form.cleaned_data["sessions"],
                indication=form.cleaned_data["indication"],
                at=at,
            )
        except Problem as problem:
            add_to_form(form, problem)
            status = problem.status
        else:
            flash.success(request, _("Ordered; the patient can pay and choose the hour now."))
            return redirect("emr_staff:encounter", pk)
    return render(request, "treatment/order.html", {"encounter": encounter, "form": form}, status=status)


@rule("treatment.session", _AT_THE_MACHINE, methods=["GET", "POST"], subject="course_session")
def session_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One session in work: fee, releases, assessment, identity; then the record."""
    actor, at = actor_of(request), clock.now()
    session = selectors.session_for(actor, pk, at=at)
    course = session.course
    form = ExecuteForm(
        request.POST or None,
        colleagues=selectors.colleagues_of(course, actor),
        two_therapists=course.item.two_therapists,
    )
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                _execute(request, session, form)
            except Problem as problem:
                add_to_form(form, problem)
                status = problem.status
            else:
                flash.success(request, _("Session %(number)d is recorded.") % {"number": session.number})
                return redirect("treatment_staff:board")
        else:
            status = 422
    context = {
        "session": session,
        "course": course,
        "form": form,
        "releases": selectors.releases_of(course, actor),
        "assessment": selectors.assessment_due(course, session.number),
        "fee_is_paid": selectors.fee_is_paid(course, given=course.done),
        "can_execute": session.status == SessionStatus.ARRIVED,
        "screening": selectors.screening_of(session),
        "screen_form": ScreenForm(questions=course.item.questions),
        "holds": selectors.holds_of(course),
        "review_due": selectors.review_due(course, at=at),
    }
    return render(request, "treatment/session.html", context, status=status)


def _execute(request: HttpRequest, session: Session, form: ExecuteForm) -> None:
    data = form.cleaned_data
    second = data.get("second_therapist")
    services.session_execute(
        actor=actor_of(request),
        session_id=session.pk,
        identified_by=data["identified_by"],
        second_therapist_id=second.pk if second else None,
        dose_cgy=data["dose_cgy"],
        remark=data["remark"],
        adverse_event=data["adverse_event"],
        adverse_grade=data["adverse_grade"],
        at=clock.now(),
    )


@rule("treatment.assess", _TREATERS, methods=["POST"], subject="assessment")
def assess(request: HttpRequest, pk: int) -> HttpResponse:
    """Open the form of an assessment."""
    response_id = services.assessment_begin(actor=actor_of(request), assessment_id=pk, at=clock.now())
    return redirect(f"/staff/forms/{response_id}/")


@rule("treatment.course", _TREATERS, subject="course")
def course_page(request: HttpRequest, pk: int) -> HttpResponse:
    actor, at = actor_of(request), clock.now()
    course = selectors.course_for(actor, pk, at=at)
    sessions = selectors.sessions_of(course)
    its_doctor = policy.is_its_doctor(actor, course)
    context = {
        "course": course,
        "sessions": sessions,
        "holds": selectors.holds_of(course),
        "hold_form": ReleaseForm(),
        "case": selectors.interruption_of(course),
        "decide_form": DecideForm(),
        "reviews": selectors.reviews_of(course),
        "review_form": ReviewForm(),
        "review_due": selectors.review_due(course, at=at),
        "category_form": CategoryForm(initial={"category": course.category}),
        "its_doctor": its_doctor,
        "may_check": policy.works_there(actor, course),
        "can_be_given": policy.can_be_given(course),
        "releases": selectors.releases_of(course, actor),
        "assessments": selectors.assessments_of(course),
        "form": StopForm(),
        "may_stop": its_doctor and course.status == CourseStatus.RUNNING,
    }
    return render(request, "treatment/staff_course.html", context)


@rule("treatment.release", _TREATERS, methods=["POST"], subject="course")
def release(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    services.clearance_give(actor=actor_of(request), course_id=pk, kind=kind, at=clock.now())
    flash.success(request, _("Released."))
    return redirect("treatment_staff:course", pk=pk)


@rule("treatment.stop", {Role.DOCTOR}, methods=["POST"], subject="course")
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    form = StopForm(request.POST)
    if not form.is_valid():
        flash.error(request, _("Say why the course is stopped."))
        return redirect("treatment_staff:course", pk=pk)
    services.course_stop(actor=actor_of(request), course_id=pk, at=clock.now(), reason=form.cleaned_data["reason"])
    flash.success(request, _("The course is stopped; what was paid and not given goes back."))
    return redirect("treatment_staff:course", pk=pk)
