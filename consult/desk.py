"""The doctor's pages: who waits, and the workstation of one online visit."""

from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import Actor, Role
from hospital.kit.problems import NotFound, Problem

from . import policy, selectors, services
from .forms import DeclineForm, EndForm
from .models import Evidence, OnlineVisit, Sender
from .states import VisitStatus
from .views import talk_context

DOCTORS = frozenset({Role.DOCTOR})
_PICTURE_TYPES = {"jpg": "image/jpeg", "png": "image/png"}


@rule("consult.queue", DOCTORS)
def queue(request: HttpRequest) -> HttpResponse:
    """Those with the least time left first (IH-19)."""
    actor, at = actor_of(request), clock.now()
    found = list(selectors.queue_of(actor, at=at))
    context = {
        "waiting": [visit for visit in found if visit.status == VisitStatus.WAITING],
        "talking": [visit for visit in found if visit.status == VisitStatus.TALKING],
        "ended": selectors.ended_of(actor)[:20],
        "at": at,
    }
    return render(request, "consult/queue.html", context)


def _visit(actor: Actor, pk: int) -> OnlineVisit:
    visit = selectors.visit_for(actor, pk, at=clock.now(), action="consult.work")
    policy.must_be_doctor(actor, visit)
    return visit


def _context(actor: Actor, visit: OnlineVisit) -> dict[str, Any]:
    return {
        **talk_context(actor, visit, Sender.DOCTOR),
        "evidence": list(visit.evidence.order_by("pk")),
        "end_form": EndForm(),
        "decline_form": DeclineForm(),
        "age": policy.age_on(visit.patient.birth_date, clock.today()),
    }


@rule("consult.work", DOCTORS, subject="online_visit")
def work(request: HttpRequest, pk: int) -> HttpResponse:
    """Answers, talk and record side by side."""
    actor = actor_of(request)
    visit = _visit(actor, pk)
    return render(request, "consult/work.html", _context(actor, visit))


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
        context = {**_context(actor, visit), "problem": problem, "typed": given.get("text", "")}
        return render(request, "consult/work.html", context, status=problem.status)
    return HttpResponseRedirect(reverse("consult_staff:work", args=[pk]))


@rule("consult.picture", DOCTORS, subject="online_evidence")
def picture(request: HttpRequest, pk: int, evidence_id: int) -> HttpResponse | FileResponse:
    """The photo of another hospital's record: inert, whatever is in it (G16)."""
    evidence = Evidence.objects.filter(pk=evidence_id, visit_id=pk).exclude(file="").first()
    if evidence is None:
        raise NotFound  # before the visit is read, so that the trail tells no reading where nothing was shown
    _visit(actor_of(request), pk)
    kind = _PICTURE_TYPES[str(evidence.file.name).rsplit(".", 1)[-1]]
    response = FileResponse(evidence.file.open("rb"), content_type=kind)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Content-Disposition"] = f'inline; filename="evidence-{evidence.pk}"'
    return response
