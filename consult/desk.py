"""The doctor's pages: who waits, and the workstation of one online visit."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from emr.selectors import encounter_for
from emr.views.note import work_context
from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import Actor, Role
from hospital.kit.problems import NotFound, Problem

from . import parameters, policy, selectors, services
from .forms import DeclineForm, EndForm
from .models import Evidence, OnlineVisit, Sender
from .pictures import inert
from .prefill import note_texts
from .states import VisitStatus
from .views import talk_context

DOCTORS = frozenset({Role.DOCTOR})


@rule("consult.queue", DOCTORS)
def queue(request: HttpRequest) -> HttpResponse:
    """Who waits, how long, and until when an answer is due: those with the least time left first (IH-19)."""
    actor, at = actor_of(request), clock.now()
    found = [_in_line(visit, at) for visit in selectors.queue_of(actor, at=at)]
    context = {
        "waiting": [row for row in found if row["visit"].status == VisitStatus.WAITING],
        "talking": [row for row in found if row["visit"].status == VisitStatus.TALKING],
        "ended": selectors.ended_of(actor)[:20],
    }
    return render(request, "consult/queue.html", context)


def _in_line(visit: OnlineVisit, at: datetime) -> dict[str, Any]:
    """One who waits or talks, with what a doctor decides by: how long, how urgent, what for, what is new."""
    alarms = visit.form.alarms if visit.form is not None else []
    waited = at - (visit.paid_at or at)
    return {
        "visit": visit,
        "age": policy.age_on(visit.patient.birth_date, clock.business_day(at)),
        "complaint": note_texts(visit.form.answers)["chief_complaint"] if visit.form is not None else "",
        "urgent": any(alarm.get("level") == "urgent" for alarm in alarms),
        "waited": int(waited / timedelta(minutes=1)),
        "hours": int(waited / timedelta(hours=1)),
    }


def _visit(actor: Actor, pk: int) -> OnlineVisit:
    visit = selectors.visit_for(actor, pk, at=clock.now(), action="consult.work")
    policy.must_be_doctor(actor, visit)
    return visit


def _context(actor: Actor, visit: OnlineVisit) -> dict[str, Any]:
    age = policy.age_on(visit.patient.birth_date, clock.today())
    evidence = list(visit.evidence.order_by("pk"))
    return {
        **talk_context(actor, visit, Sender.DOCTOR),
        "evidence": evidence,
        "proved": all(one.is_own or one.confirmed_at for one in evidence),
        "end_form": EndForm(),
        "decline_form": DeclineForm(),
        "age": age,
        "needs_guardian": age < parameters.GUARDIAN_AGE.at(clock.now()),
    }


@rule("consult.work", DOCTORS, subject="online_visit")
def work(request: HttpRequest, pk: int) -> HttpResponse:
    """Answers, talk and record side by side."""
    actor = actor_of(request)
    return _page(request, _visit(actor, pk))


def _page(request: HttpRequest, visit: OnlineVisit, *, status: int = 200, **more: Any) -> HttpResponse:
    """Before the visit what the patient brought; from its beginning on the talk and the note side by side."""
    context = {**_context(actor_of(request), visit), **more}
    if visit.encounter_id is None:
        return render(request, "consult/work.html", context, status=status)
    encounter = encounter_for(actor_of(request), visit.encounter_id, at=clock.now())
    return render(request, "consult/desk.html", {**work_context(request, encounter), **context}, status=status)


def desk(request: HttpRequest, context: dict[str, Any], status: int) -> HttpResponse:
    """The note was refused: the same page around it, with what stands against it (registered with emr)."""
    visit = _visit(actor_of(request), context["encounter"].because_id)
    return render(request, "consult/desk.html", {**_context(actor_of(request), visit), **context}, status=status)


@rule("consult.act", DOCTORS, methods=["POST"], subject="online_visit")
def act(request: HttpRequest, pk: int) -> HttpResponse:
    """One verb of the doctor, named by the button."""
    actor, at, given = actor_of(request), clock.now(), request.POST
    visit = _visit(actor, pk)
    try:
        match given.get("action"):
            case "accept":
                services.visit_accept(actor=actor, visit_id=pk, at=at)
            case "decline":
                services.visit_decline(
                    actor=actor, visit_id=pk, code=given.get("code", ""), note=given.get("note", ""), at=at
                )
            case "end":
                services.visit_end(
                    actor=actor, visit_id=pk, code=given.get("code", ""), note=given.get("note", ""), at=at
                )
            case "evidence":
                number = given.get("evidence", "")
                services.evidence_confirm(
                    actor=actor, visit_id=pk, evidence_id=int(number) if number.isdigit() else 0,
                    code=given.get("code", "").partition(" ")[0], at=at,
                )  # fmt: skip
            case "guardian":
                services.guardian_confirm(actor=actor, visit_id=pk, name=given.get("name", ""), at=at)
            case "say":
                services.message_post(
                    actor=actor, visit_id=pk, text=given.get("text", ""), client_key=given.get("key", ""), at=at
                )
            case _:
                raise NotFound
    except NotFound:
        raise
    except Problem as problem:
        visit.refresh_from_db()
        return _page(request, visit, status=problem.status, problem=problem, typed=given.get("text", ""))
    return HttpResponseRedirect(reverse("consult_staff:work", args=[pk]))


@rule("consult.picture", DOCTORS, subject="online_evidence")
def picture(request: HttpRequest, pk: int, evidence_id: int) -> HttpResponseBase:
    """The photo of another hospital's record: inert, whatever is in it (G16)."""
    evidence = Evidence.objects.filter(pk=evidence_id, visit_id=pk).exclude(file="").first()
    if evidence is None:
        raise NotFound  # before the visit is read, so that the trail tells no reading where nothing was shown
    _visit(actor_of(request), pk)
    return inert(evidence.file, f"evidence-{evidence.pk}")
