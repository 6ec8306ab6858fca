"""What holds a course up and who lets it go on: questions, holds, reviews, interruptions."""

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import Role

from .. import policy, selectors, services
from ..forms import CategoryForm, DecideForm, ReleaseForm, ReviewForm, ScreenForm
from ..models import Hold, Interruption


@rule("treatment.screen", policy.AT_THE_MACHINE, methods=["POST"], subject="course_session")
def screen(request: HttpRequest, pk: int) -> HttpResponse:
    """The questions before a session (TR-05)."""
    actor, at = actor_of(request), clock.now()
    session = selectors.session_for(actor, pk, at=at)
    form = ScreenForm(request.POST, questions=session.course.item.questions)
    if not form.is_valid():
        flash.error(request, _("Please ask and answer every question."))
        return redirect("treatment_staff:session", pk=pk)
    services.session_screen(actor=actor, session_id=pk, answers=form.answers, at=at)
    return redirect("treatment_staff:session", pk=pk)


@rule("treatment.hold_release", {Role.DOCTOR}, methods=["POST"], subject="treatment_hold")
def hold_release(request: HttpRequest, pk: int) -> HttpResponse:
    form = ReleaseForm(request.POST)
    course_id = Hold.objects.filter(pk=pk).values_list("course_id", flat=True).first()
    if form.is_valid():
        services.hold_release(actor=actor_of(request), hold_id=pk, because=form.cleaned_data["because"], at=clock.now())
        flash.success(request, _("The course goes on."))
    else:
        flash.error(request, _("Say why it may go on."))
    return redirect("treatment_staff:course", pk=course_id)


@rule("treatment.review", {Role.DOCTOR}, methods=["POST"], subject="course")
def review(request: HttpRequest, pk: int) -> HttpResponse:
    form = ReviewForm(request.POST)
    if form.is_valid():
        services.review_write(
            actor=actor_of(request), course_id=pk, finding=form.cleaned_data["finding"], at=clock.now()
        )
        flash.success(request, _("The review is written."))
    else:
        flash.error(request, _("Say what you found."))
    return redirect("treatment_staff:course", pk=pk)


@rule("treatment.category", {Role.DOCTOR}, methods=["POST"], subject="course")
def category(request: HttpRequest, pk: int) -> HttpResponse:
    form = CategoryForm(request.POST)
    if form.is_valid():
        services.category_set(
            actor=actor_of(request), course_id=pk, category=form.cleaned_data["category"], at=clock.now()
        )
        flash.success(request, _("Saved."))
    return redirect("treatment_staff:course", pk=pk)


@rule("treatment.interruption_decide", {Role.DOCTOR}, methods=["POST"], subject="treatment_interruption")
def interruption_decide(request: HttpRequest, pk: int) -> HttpResponse:
    form = DecideForm(request.POST)
    if form.is_valid():
        services.interruption_decide(actor=actor_of(request), interruption_id=pk, at=clock.now(), **form.cleaned_data)
        flash.success(request, _("Decided; the physicist checks it now."))
    else:
        flash.error(request, _("Choose how the days are made up for, and say why."))
    return redirect("treatment_staff:course", pk=_course_of(pk))


@rule("treatment.interruption_check", policy.AT_THE_MACHINE, methods=["POST"], subject="treatment_interruption")
def interruption_check(request: HttpRequest, pk: int) -> HttpResponse:
    agreed = request.POST.get("agreed") == "yes"
    services.interruption_check(actor=actor_of(request), interruption_id=pk, agreed=agreed, at=clock.now())
    flash.success(request, _("Checked.") if agreed else _("Given back to the doctor."))
    return redirect("treatment_staff:course", pk=_course_of(pk))


def _course_of(interruption_id: int) -> int:
    return Interruption.objects.values_list("course_id", flat=True).get(pk=interruption_id)
