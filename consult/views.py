"""Patient pages of consult: see whether one may, agree, answer, choose a time, talk."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from appointments.errors import QuestionFirst
from appointments.services import question_answer, question_new
from hospital.forms.states import FINISHED
from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import SIGNED_IN_PATIENTS, Actor, Role
from hospital.kit.pictures import ACCEPT, PictureRefused
from hospital.kit.problems import NotFound, Problem
from hospital.organisation.models import Staff
from hospital.organisation.policy import may_work_online
from hospital.people.models import Patient

from . import errors, lines, policy, selectors, services
from .forms import ShownForm
from .models import ConsentSignature, OnlineVisit, Sender
from .services.applying import Shown, proving
from .states import VisitStatus

TALKERS = SIGNED_IN_PATIENTS | {Role.DOCTOR}


@rule("consult.home", SIGNED_IN_PATIENTS)
def home(request: HttpRequest) -> HttpResponse:
    actor, at = actor_of(request), clock.now()
    context = {"visits": selectors.visits_of(actor)[:20], "doctors": selectors.online_doctors(at=at)}
    return render(request, "consult/home.html", context)


def _doctor(pk: int) -> Staff:
    doctor = Staff.objects.filter(pk=pk, is_listed=True).first()
    if doctor is None:
        raise NotFound
    return doctor


def _patients(actor: Actor) -> list[Patient]:
    return list(Patient.objects.filter(pk__in=actor.patient_ids).order_by("pk"))


@rule("consult.apply", SIGNED_IN_PATIENTS, methods=["GET", "POST"], subject="online_doctor")
def apply(request: HttpRequest, staff_id: int) -> HttpResponse:
    """Step one: is an online visit the right thing? In plain words, for the family member chosen."""
    actor, at, doctor = actor_of(request), clock.now(), _doctor(staff_id)
    patients = _patients(actor)
    asked = request.POST.get("patient") or request.GET.get("patient") or ""
    patient = next((p for p in patients if str(p.pk) == asked), None)
    if patient is None and asked:
        raise NotFound
    patient = patient or (patients[0] if patients else None)
    own = proving(patient.pk, at=at) if patient is not None else []
    form = ShownForm(request.POST or None, request.FILES or None) if not own else None
    status = 200
    if request.method == "POST" and patient is not None and (form is None or form.is_valid()):
        try:
            visit = services.visit_apply(
                actor=actor, patient_id=patient.pk, doctor_id=doctor.pk, at=at,
                shown=Shown(**form.cleaned_data) if form is not None else None,
            )  # fmt: skip
        except PictureRefused as problem:
            assert form is not None
            form.add_error("file", problem.reason)
            status = problem.status
        else:
            return HttpResponseRedirect(reverse("consult:visit", args=[visit.pk]))
    elif request.method == "POST":
        status = 422
    context = {
        "doctor": doctor, "patients": patients, "patient": patient, "own": own[:3], "form": form,
        "refusal": may_work_online(doctor, at), "offers": selectors.offers_of(doctor.pk, at=at)[:1],
    }  # fmt: skip
    return render(request, "consult/apply.html", context, status=status)


def _step(visit: OnlineVisit) -> str:
    """What the patient does next."""
    if visit.status == VisitStatus.APPLYING:
        if not ConsentSignature.objects.filter(visit=visit).exists():
            return "consent"
        return "time" if visit.form is not None and visit.form.status in FINISHED else "form"
    return str(visit.status)


@rule("consult.visit", SIGNED_IN_PATIENTS, subject="online_visit")
def visit_page(request: HttpRequest, pk: int) -> HttpResponse:
    actor, at = actor_of(request), clock.now()
    visit = selectors.visit_for(actor, pk, at=at)
    policy.must_be_patient(actor, visit)
    step = _step(visit)
    order = ["consent", "form", "time", "paying", "waiting", "talking"]
    context: dict[str, Any] = {
        "visit": visit, "step": step, "at": at,
        "steps": [_("Consent"), _("Questions"), _("Time"), _("Pay"), _("Doctor")],
        "current": {"paying": 4, "waiting": 5, "talking": 5}.get(step, order.index(step) + 1 if step in order else 6),
        "evidence": list(visit.evidence.all()[:3]), "timeline": _timeline(visit),
    }  # fmt: skip
    if step == "consent":
        context["consent"] = selectors.consent_current()
    return render(request, "consult/visit.html", context)


def _timeline(visit: OnlineVisit) -> list[dict[str, Any]]:
    done = {"state": "done"}
    found: list[dict[str, Any]] = [{"title": _("Applied"), "at": visit.created_at, **done}]
    if visit.paid_at:
        found.append({"title": _("Paid"), "at": visit.paid_at, **done})
    if visit.status == VisitStatus.WAITING:
        found.append({"title": _("Waiting for the doctor"), "at": None, "state": "now"})
    if visit.started_at:
        found.append({"title": _("The doctor has begun"), "at": visit.started_at, **done})
    if visit.status == VisitStatus.TALKING:
        found.append({"title": _("In talk"), "at": None, "state": "now"})
    if visit.ended_at:
        tone = "done" if visit.status == VisitStatus.ENDED else "danger"
        words = visit.get_end_code_display() if visit.end_code else ""
        found.append({"title": visit.get_status_display(), "at": visit.ended_at, "text": words, "state": tone})
    return found


@rule("consult.consent", SIGNED_IN_PATIENTS, methods=["POST"], subject="online_visit")
def consent(request: HttpRequest, pk: int) -> HttpResponse:
    version = request.POST.get("version", "")
    services.consent_sign(
        actor=actor_of(request), visit_id=pk, version=int(version) if version.isdigit() else 0, at=clock.now()
    )
    return HttpResponseRedirect(reverse("consult:visit", args=[pk]))


@rule("consult.time", SIGNED_IN_PATIENTS, methods=["GET", "POST"], subject="online_visit")
def time(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose a time of the doctor's online hours; the price stands beside it, before paying (IH-14)."""
    actor, at = actor_of(request), clock.now()
    visit = selectors.visit_for(actor, pk, at=at)
    policy.must_be_patient(actor, visit)
    refused: Problem | None = None
    period = request.POST.get("period", "")
    if request.method == "POST":
        proved = question_answer(
            actor=actor, token=request.POST.get("question", ""), answer=request.POST.get("answer", ""), at=at
        )
        try:
            booking = services.visit_book(
                actor=actor, visit_id=pk, period_id=int(period) if period.isdigit() else 0, at=at, proved=proved
            )
        except NotFound:
            raise
        except Problem as problem:
            refused = problem
        else:
            paid = booking.charge is None or booking.charge.amount == 0
            where = (
                reverse("consult:visit", args=[pk]) if paid else reverse("billing:pay_some", args=[[booking.charge_id]])
            )
            return HttpResponseRedirect(where)
    days: dict[Any, list[selectors.Offer]] = {}
    for offer in selectors.offers_of(visit.doctor_id, at=at):
        days.setdefault(clock.business_day(offer.starts_at), []).append(offer)
    question = question_new(actor) if isinstance(refused, QuestionFirst) else None
    context = {"visit": visit, "days": days.items(), "problem": refused, "question": question, "chosen": period}
    return render(request, "consult/time.html", context, status=refused.status if refused else 200)


@rule("consult.cancel", SIGNED_IN_PATIENTS, methods=["POST"], subject="online_visit")
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    services.visit_cancel(actor=actor_of(request), visit_id=pk, at=clock.now())
    messages.success(request, _("Cancelled. What was paid goes back in full."))
    return HttpResponseRedirect(reverse("consult:visit", args=[pk]))


@rule("consult.talk", SIGNED_IN_PATIENTS, methods=["GET", "POST"], subject="online_visit")
def talk(request: HttpRequest, pk: int) -> HttpResponse:
    """The talk; works by plain posts when there is no script."""
    actor, at = actor_of(request), clock.now()
    visit = selectors.visit_for(actor, pk, at=at, action="consult.talk")
    policy.must_be_patient(actor, visit)
    context = talk_context(actor, visit, Sender.PATIENT)
    if request.method == "POST":
        try:
            services.message_post(
                actor=actor,
                visit_id=pk,
                text=request.POST.get("text", ""),
                client_key=request.POST.get("key", ""),
                at=at,
            )
        except (errors.TextRefused, errors.TooFast, errors.NotTalking) as problem:
            context |= {"problem": problem, "typed": request.POST.get("text", "")}
            return render(request, "consult/talk.html", context, status=problem.status)
        return HttpResponseRedirect(reverse("consult:talk", args=[pk]) + "#end")
    return render(request, "consult/talk.html", context)


def talk_context(actor: Actor, visit: OnlineVisit, viewer: str) -> dict[str, Any]:
    """The lines up to now, marked as seen."""
    found = selectors.lines_after(visit.pk, 0)
    if found:
        services.talk_read(actor=actor, visit_id=visit.pk, seq=found[-1].seq, at=clock.now())
    return {
        "visit": visit,
        "lines": lines.shown(found, viewer),
        "last": found[-1].seq if found else 0,
        "accept": ACCEPT,
        "may_talk": visit.talk_is_open if viewer == Sender.PATIENT else visit.status == VisitStatus.TALKING,
    }


@rule("consult.messages", TALKERS, methods=["GET", "POST"], subject="online_visit")
def talk_messages(request: HttpRequest, pk: int) -> HttpResponse:
    """The talk without a socket: ask for what came after a line, or write one."""
    actor, at = actor_of(request), clock.now()
    visit = selectors.member_visit(actor, pk)
    viewer = Sender.DOCTOR if policy.is_doctor_of(actor, visit) else Sender.PATIENT
    if request.method == "POST":
        line = services.message_post(
            actor=actor, visit_id=pk, text=request.POST.get("text", ""), client_key=request.POST.get("key", ""), at=at
        )
        return JsonResponse({"type": "said", "key": line.client_key, "seq": line.seq}, status=201)
    after = request.GET.get("after", "0")
    found = lines.news(visit, int(after) if after.isdigit() else 0, viewer)
    services.talk_read(actor=actor, visit_id=pk, seq=found["last"], at=at)
    return JsonResponse(found)
