"""Exams on the phone and at the doctor's desk: the proposal with its reasons, the questions, the slip (A6)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

import emr.selectors
from appointments import errors, selectors, services
from appointments.exam_words import sentences
from appointments.models import ExamBooking, PrepQuestion
from appointments.planner import Appointment
from appointments.policy import EXAM_PLANNERS
from appointments.services import ExamChoice
from appointments.states import ExamStatus
from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import SIGNED_IN_PATIENTS, Actor
from hospital.kit.pdf import render_pdf
from hospital.kit.problems import NotFound, Problem
from hospital.people.models import Patient
from hospital.people.selectors import family_links_for

TONES = {
    ExamStatus.BOOKED: "info",
    ExamStatus.ARRIVED: "info",
    ExamStatus.DONE: "success",
    ExamStatus.NO_SHOW: "danger",
}
_STEP = 7  # days further on for each "other days"
_FURTHEST = 56


@dataclass(frozen=True, slots=True)
class Line:
    """An exam of the proposal; `value` goes back with the form."""

    stop: Appointment
    item: Any
    value: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a page shows of a plan: its trips, why, the questions with what was said, what must be paid first."""

    patient: Patient
    plan: selectors.ExamPlan
    days: list[tuple[date, list[Line]]]
    reasons: list[str]
    questions: list[tuple[PrepQuestion, str]]
    later: int

    @property
    def pay_url(self) -> str:
        charges = sorted(order.charge_id for order in self.plan.unpaid if order.charge_id)
        return f"/pay/{','.join(map(str, charges))}/" if charges else ""

    @property
    def next_later(self) -> int:
        return self.later + _STEP if self.later + _STEP <= _FURTHEST else 0


def proposal(actor: Actor, patient: Patient, said: QueryDict, *, at: datetime) -> Proposal:
    text = said.get("later", "")
    later = min(int(text), _FURTHEST) if text.isdecimal() and len(text) < 4 else 0
    found = selectors.exam_plan_for(actor, patient.pk, at=at, later=later)
    days: dict[date, list[Line]] = {}
    for stop in found.plan.appointments:
        one = found.wanted_by(stop.need.key)
        value = f"{one.order.pk}:{one.item.pk}:{stop.slot.key}:{int(stop.start.timestamp())}"
        days.setdefault(stop.slot.trip[0], []).append(Line(stop, one.item, value))
    questions = [(question, said.get(f"answer-{question.pk}", "")) for question in found.questions]
    return Proposal(patient, found, list(days.items()), sentences(found.plan.reasons), questions, later)


def _choices(said: QueryDict) -> list[ExamChoice]:
    chosen = []
    for value in said.getlist("slot")[:40]:
        parts = value.split(":")
        if len(parts) != 4 or not all(part.isdecimal() and len(part) < 16 for part in parts):
            raise NotFound
        order_id, item_id, shift_id, stamp = map(int, parts)
        chosen.append(ExamChoice(order_id, item_id, shift_id, datetime.fromtimestamp(stamp, UTC)))
    return chosen


def _answers(said: QueryDict) -> dict[int, str]:
    names = [name.removeprefix("answer-") for name in said if name.startswith("answer-")]
    return {int(name): said.get(f"answer-{name}", "") for name in names if name.isdecimal() and len(name) < 16}


def _book(request: HttpRequest, patient_id: int, at: datetime) -> None:
    made = services.exams_book(
        actor=actor_of(request), patient_id=patient_id, choices=_choices(request.POST), answers=_answers(request.POST),
        at=at,
    )  # fmt: skip
    messages.success(request, _("Booked: %(count)d exams. What to mind stands on each slip.") % {"count": len(made)})


@rule("appointments.exams", SIGNED_IN_PATIENTS)
@rule("appointments.exams_book", SIGNED_IN_PATIENTS, methods=["POST"])
def exams(request: HttpRequest) -> HttpResponse:
    """What is booked, and for each of the family what their orders ask for, in the fewest trips."""
    actor, at = actor_of(request), clock.now()
    problem: Problem | None = None
    if request.method == "POST":
        number = request.POST.get("patient", "")
        try:
            if not number.isdecimal() or len(number) > 18:
                raise errors.NoExamChosen
            _book(request, int(number), at)
            return redirect("appointments:exams")
        except NotFound:
            raise
        except Problem as refusal:
            problem = refusal
    said = request.POST if request.method == "POST" else request.GET
    proposals = [proposal(actor, link.patient, said, at=at) for link in family_links_for(actor)]
    booked = selectors.exams_for(actor, at=at)
    for exam in booked:
        exam.tone = TONES.get(ExamStatus(exam.status), "")  # type: ignore[attr-defined]
    context = {
        "booked": booked, "proposals": [one for one in proposals if one.plan.wanted], "problem": problem, "at": at,
    }  # fmt: skip
    return render(request, "appointments/exams.html", context, status=problem.status if problem else 200)


@rule("appointments.exam", SIGNED_IN_PATIENTS, subject="exam")
def exam(request: HttpRequest, exam_id: int) -> HttpResponse:
    """The slip: when, where, what to mind, the code for the scanner."""
    found = selectors.exam_for(actor_of(request), exam_id, at=clock.now())
    tone = TONES.get(ExamStatus(found.status), "")
    return render(request, "appointments/exam.html", {"exam": found, "tone": tone})


@rule("appointments.exam_pdf", SIGNED_IN_PATIENTS, subject="exam")
def exam_pdf(request: HttpRequest, exam_id: int) -> HttpResponse:
    found = selectors.exam_for(actor_of(request), exam_id, at=clock.now())
    content = _pdf(found)
    headers = {"Content-Disposition": f'inline; filename="exam-{found.pk}.pdf"', "Cache-Control": "no-store"}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


def _pdf(found: ExamBooking) -> bytes:
    context = {"exam": found, "hospital_name": settings.HOSPITAL_NAME}
    return render_pdf(render_to_string("appointments/exam_pdf.html", context))


@rule("appointments.exam_cancel", SIGNED_IN_PATIENTS, methods=["POST"], subject="exam")
def exam_cancel(request: HttpRequest, exam_id: int) -> HttpResponse:
    """Give the time back and choose anew."""
    services.exam_cancel(
        actor=actor_of(request), exam_id=exam_id, at=clock.now(), reason=gettext_noop("by the patient")
    )
    messages.success(request, _("The time is given back. Here is a new proposal."))
    return redirect("appointments:exams")


@rule("appointments.exam_plan", EXAM_PLANNERS, subject="exam_encounter")
@rule("appointments.exam_plan_book", EXAM_PLANNERS, methods=["POST"], subject="exam_encounter")
def exam_plan(request: HttpRequest, encounter_id: int) -> HttpResponse:
    """The doctor's orders propose the day: the same plan, booked with the patient in the room."""
    actor, at = actor_of(request), clock.now()
    encounter = emr.selectors.encounter_for(actor, encounter_id, at=at)
    problem: Problem | None = None
    if request.method == "POST":
        try:
            _book(request, encounter.patient_id, at)
            return redirect("appointments_staff:exam_plan", encounter_id)
        except NotFound:
            raise
        except Problem as refusal:
            problem = refusal
    said = request.POST if request.method == "POST" else request.GET
    booked = ExamBooking.objects.filter(
        patient_id=encounter.patient_id, status__in=[ExamStatus.BOOKED, ExamStatus.ARRIVED], during__endswith__gt=at
    ).select_related("item", "machine")
    context = {
        "encounter": encounter, "one": proposal(actor, encounter.patient, said, at=at), "problem": problem,
        "booked": booked.order_by("during"),
    }  # fmt: skip
    return render(request, "appointments/exam_plan.html", context, status=problem.status if problem else 200)
