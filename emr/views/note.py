"""The doctor's note editor: /staff/encounters/<id>/."""

import re
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from billing.selectors import charges_open
from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import Role
from hospital.kit.problems import Invalid, NotFound, Problem
from hospital.kit.transactions import entry
from hospital.organisation.models import CodeSystem
from hospital.organisation.selectors import concept_search, concepts_by_code
from hospital.people.errors import SecondFactorWrong

from .. import policy, proof, selectors, services
from ..errors import NoteConflict, QualityRefusal
from ..forms import words
from ..kinds import encounter_links, encounter_use, order_followers, order_kinds, work_url
from ..models import (
    Encounter,
    Note,
    NoteStatus,
    NoteTemplate,
    Order,
    Orderable,
    OrderSet,
    OrderStatus,
    Prescription,
    PrescriptionStatus,
)
from ..services import DiagnosisSpec
from ..words import ORDER_TONES, PRESCRIPTION_TONES

DOCTORS = frozenset({Role.DOCTOR})
READERS = frozenset({Role.DOCTOR, Role.NURSE, Role.THERAPIST, Role.PHARMACIST, Role.CASE_MANAGER})


def read_fields(request: HttpRequest) -> dict[str, str]:
    return {name[2:]: request.POST[name] for name in request.POST if name.startswith("f_")}


def read_diagnoses(request: HttpRequest) -> list[DiagnosisSpec]:
    """dx=<code> repeated, dx_main=<code>, dx_suspected=<code> repeated; dx_add is what was typed without a script."""
    codes = [
        code
        for code in dict.fromkeys(request.POST.getlist("dx"))
        if code and code not in request.POST.getlist("dx_gone")
    ]
    typed = words(request.POST, "dx_add")
    if typed:
        exact = concepts_by_code(CodeSystem.ICD10, [typed])
        found = exact.get(typed) or next(iter(concept_search(CodeSystem.ICD10, typed, 1)), None)
        if found is None:
            raise Invalid(fields={"dx_add": _("No such diagnosis is in the catalogue.")})
        codes.append(found.code)
    main = words(request.POST, "dx_main") or (codes[0] if codes else "")
    if main not in codes and codes:
        main = codes[0]
    suspected = request.POST.getlist("dx_suspected")
    specs = [
        DiagnosisSpec(code, "main" if code == main else "secondary", code in suspected) for code in dict.fromkeys(codes)
    ]
    return sorted(specs, key=lambda spec: spec.role != "main")


def _number(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    if not re.fullmatch(r"\d{1,9}", text):
        raise Invalid(fields={name: _("This isn't a number.")})
    return int(text)


def _note(request: HttpRequest, pk: int) -> Note:
    encounter = selectors.encounter_for(actor_of(request), pk, at=clock.now())
    note = Note.objects.filter(encounter=encounter).select_related("encounter__patient", "form_version").first()
    if note is None:
        raise NotFound
    return note


@rule("emr.encounter", READERS, subject="emr.encounter")
def encounter(request: HttpRequest, pk: int) -> HttpResponse:
    """The note: an editor for its doctor, signed text for the other carers."""
    return editor(request, pk)


def editor(
    request: HttpRequest,
    pk: int,
    *,
    problem: Problem | None = None,
    fields: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page; with a problem it shows what was typed and what stands against it, where the doctor works."""
    found = selectors.encounter_for(actor_of(request), pk, at=clock.now())
    context = work_context(request, found, problem=problem, fields=fields)
    desk = encounter_use(found).desk
    if problem is not None and desk is not None:
        return desk(request, context, status)
    return render(request, "emr/encounter.html", context, status=status)


def work_context(
    request: HttpRequest,
    found: Encounter,
    *,
    problem: Problem | None = None,
    fields: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """What templates/emr/work.html needs: the note, the orders and prescriptions of an encounter that may be read."""
    actor, at = actor_of(request), clock.now()
    note = Note.objects.filter(encounter=found).select_related("form_version", "encounter").first()
    mine = policy.is_treating_doctor(actor, found)
    context: dict[str, Any] = {
        "encounter": found, "patient": found.patient, "note": note, "mine": mine, "problem": problem,
        "record": selectors.record_for(actor, found.patient_id, f"encounter {found.number}", at=at),
        "fresh": proof.is_fresh(request), "may_write": mine and found.status == "open",
        "desk_url": page(found) if mine and (page := encounter_use(found).page) else "", **_work(found),
    }  # fmt: skip
    if note is not None:
        context |= _note_context(note, mine, problem, fields)
        if mine and note.status == NoteStatus.DRAFT:
            context["templates"] = NoteTemplate.objects.filter(is_active=True, doctor_id__in=[actor.staff_id]) | (
                NoteTemplate.objects.filter(is_active=True, department_id__in=actor.department_ids)
            )
    return context


def _work(found: Encounter) -> dict[str, Any]:
    orders = Order.objects.filter(encounter=found).prefetch_related("items").order_by("pk")
    prescriptions = Prescription.objects.filter(encounter=found).prefetch_related("lines", "reviews").order_by("pk")
    return {
        "unpaid": _unpaid(found),
        "orders": [(row, ORDER_TONES[row.status]) for row in orders],  # type: ignore[index]
        "prescriptions": [(row, PRESCRIPTION_TONES[row.status]) for row in prescriptions],  # type: ignore[index]
        "orderables": Orderable.objects.filter(is_active=True).order_by("kind", "pk"),
        "order_pages": [
            *((kind.title, kind.page(found.pk)) for kind in order_kinds().values() if kind.page),
            *((one.title, one.page(found.pk)) for one in order_followers() if one.page),
            *((one.title, one.page(found.pk)) for one in encounter_links()),
        ],
        "order_sets": OrderSet.objects.filter(is_active=True).prefetch_related("items__orderable"),
    }


def _unpaid(found: Encounter) -> str:
    """Ids of the open bills of this visit's orders and prescriptions: what the code on the screen is for (PAY-02)."""
    ids = [*Order.objects.filter(encounter=found, status=OrderStatus.PLACED).values_list("charge_id", flat=True)]
    ready = Prescription.objects.filter(encounter=found, status=PrescriptionStatus.APPROVED)
    ids += ready.values_list("charge_id", flat=True)
    return ",".join(str(pk) for pk in sorted(charges_open([pk for pk in ids if pk])))


def _note_context(note: Note, mine: bool, problem: Problem | None, fields: Mapping[str, str] | None) -> dict[str, Any]:
    defects = problem.fields if problem is not None else {}
    texts = fields if fields is not None else note.draft.get("fields", {})
    from_patient = set(note.draft.get("from_patient", []))
    rows = note.draft.get("diagnoses", [])
    names = concepts_by_code(CodeSystem.ICD10, [row["code"] for row in rows])
    return {
        "sections": [
            {"id": section.id, "label": section.label, "short": not section.is_text, "kind": section.kind, "most": section.most, "options": section.options, "unit": section.unit,
             "required": section.required, "text": texts.get(section.id, ""), "defect": defects.get(section.id, ""),
             "from_patient": section.id in from_patient}
            for section in selectors.note_sections(note)
        ],
        "diagnoses": [
            {**row, "display": names[row["code"]].display if row["code"] in names else row["code"]} for row in rows
        ],
        "diagnosis_defect": defects.get("diagnoses", ""), "allergy_defect": defects.get("allergies", ""),
        "versions": selectors.note_of(note), "editing": mine and note.status == NoteStatus.DRAFT,
    }  # fmt: skip


@rule("emr.note_save", DOCTORS, methods=["POST"], subject="emr.encounter")
def save(request: HttpRequest, pk: int) -> HttpResponse:
    """Autosave and the save button. A conflict answers 409 with both texts."""
    note = _note(request, pk)
    fields, revision = read_fields(request), _number(request, "revision")
    try:
        saved = entry(services.note_save)(
            actor=actor_of(request), note_id=note.pk, fields=fields, diagnoses=read_diagnoses(request),
            revision=revision, at=clock.now(), confirmed=request.POST.getlist("confirmed"),
        )  # fmt: skip
    except NoteConflict as problem:
        return _conflict(request, pk, problem, fields)
    if wants_json(request):
        at = saved.saved_at
        return JsonResponse({"revision": saved.revision, "saved_at": f"{clock.local(at):%H:%M}" if at else ""})
    messages.success(request, _("Saved."))
    return redirect(work_url(note.encounter))


def wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "") == "application/json"


def _conflict(request: HttpRequest, pk: int, problem: NoteConflict, mine: Mapping[str, str]) -> HttpResponse:
    note = _note(request, pk)
    if wants_json(request):
        body = problem.as_dict() | {"revision": note.revision, "saved": note.draft.get("fields", {})}
        return JsonResponse(body, status=409, content_type="application/problem+json")
    saved = note.draft.get("fields", {})
    rows = [
        {"id": section.id, "label": section.label, "saved": saved.get(section.id, ""),
         "mine": mine.get(section.id, ""), "differs": saved.get(section.id, "") != mine.get(section.id, "").strip()}
        for section in selectors.note_sections(note)
    ]  # fmt: skip
    context = {
        "encounter": note.encounter, "patient": note.encounter.patient, "note": note, "rows": rows,
        "work_url": work_url(note.encounter),
        "problem": problem, "diagnoses": note.draft.get("diagnoses", []),
    }  # fmt: skip
    return render(request, "emr/note_conflict.html", context, status=409)


@rule("emr.note_merge", DOCTORS, methods=["POST"], subject="emr.encounter")
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    """After a conflict: part by part, the saved text or one's own."""
    note = _note(request, pk)
    saved, mine = note.draft.get("fields", {}), read_fields(request)
    fields = {
        name: saved.get(name, "") if request.POST.get(f"pick_{name}") == "saved" else text
        for name, text in mine.items()
    }
    diagnoses = [DiagnosisSpec(row["code"], row["role"], row["suspected"]) for row in note.draft.get("diagnoses", [])]
    try:
        entry(services.note_save)(
            actor=actor_of(request), note_id=note.pk, fields={**saved, **fields}, diagnoses=diagnoses,
            revision=_number(request, "revision"), at=clock.now(),
        )  # fmt: skip
    except NoteConflict as problem:
        return _conflict(request, pk, problem, mine)
    messages.success(request, _("Both texts are joined and saved."))
    return redirect(work_url(note.encounter))


@rule("emr.note_sign", DOCTORS, methods=["POST"], subject="emr.encounter")
def sign(request: HttpRequest, pk: int) -> HttpResponse:
    """Save what stands on the page, then sign exactly that."""
    note = _note(request, pk)
    fields, actor, at = read_fields(request), actor_of(request), clock.now()
    try:
        saved = entry(services.note_save)(
            actor=actor, note_id=note.pk, fields=fields, diagnoses=read_diagnoses(request),
            revision=_number(request, "revision"), at=at, confirmed=request.POST.getlist("confirmed"),
        )  # fmt: skip
        proof.require_fresh(request)
        entry(services.note_sign)(actor=actor, note_id=note.pk, revision=saved.revision, at=clock.now())
    except NoteConflict as problem:
        return _conflict(request, pk, problem, fields)
    except (QualityRefusal, proof.ProveAgain, SecondFactorWrong) as problem:
        return editor(request, pk, problem=problem, fields=fields, status=problem.status)
    messages.success(request, _("Signed."))
    return redirect(work_url(note.encounter))


@rule("emr.note_amend", DOCTORS, methods=["GET", "POST"], subject="emr.encounter")
def amend(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a version to a signed note, with its reason."""
    note = _note(request, pk)
    policy.must_treat(actor_of(request), note.encounter)
    versions = selectors.note_of(note)
    if not versions:
        raise NotFound
    problem: Problem | None = None
    latest = versions[0].version
    texts = dict(latest.data["values"])
    diagnoses = [DiagnosisSpec(one["code"], one["role"], one["suspected"]) for one in latest.data["diagnoses"]]
    if request.method == "POST":
        texts, diagnoses = read_fields(request), read_diagnoses(request)
        try:
            proof.require_fresh(request)
            entry(services.note_amend)(
                actor=actor_of(request), note_id=note.pk, fields=texts, diagnoses=diagnoses,
                reason=words(request.POST, "reason"), version=_number(request, "version"), at=clock.now(),
            )  # fmt: skip
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, _("The amendment is signed; the earlier version stays readable."))
            return redirect(work_url(note.encounter))
    names = concepts_by_code(CodeSystem.ICD10, [spec.code for spec in diagnoses])
    context = {
        "encounter": note.encounter, "patient": note.encounter.patient, "note": note, "version": latest,
        "work_url": work_url(note.encounter),
        "problem": problem, "reason": words(request.POST, "reason"), "fresh": proof.is_fresh(request),
        "sections": [
            {"id": section.id, "label": section.label, "short": not section.is_text, "kind": section.kind, "most": section.most, "options": section.options, "unit": section.unit,
             "text": texts.get(section.id, ""), "defect": problem.fields.get(section.id, "") if problem else ""}
            for section in selectors.note_sections(note)
        ],
        "diagnoses": [
            {"code": spec.code, "role": spec.role, "suspected": spec.suspected,
             "display": names[spec.code].display if spec.code in names else spec.code}
            for spec in diagnoses
        ],
        "needs_leave": note.status == NoteStatus.ARCHIVED
        and not note.amendment_requests.filter(status="approved").exists(),
        "asked": note.amendment_requests.filter(status="asked").first(),
    }  # fmt: skip
    return render(request, "emr/note_amend.html", context, status=problem.status if problem else 200)


@rule("emr.amendment_ask", DOCTORS, methods=["POST"], subject="emr.encounter")
def amendment_ask(request: HttpRequest, pk: int) -> HttpResponse:
    note = _note(request, pk)
    entry(services.amendment_ask)(
        actor=actor_of(request), note_id=note.pk, reason=words(request.POST, "reason"), at=clock.now()
    )
    messages.success(request, _("Asked. The records office decides."))
    return redirect("emr_staff:amend", pk)


@rule("emr.allergies", DOCTORS, methods=["POST"], subject="emr.encounter")
def allergies(request: HttpRequest, pk: int) -> HttpResponse:
    """Add an allergy, or record that none is known."""
    actor, at = actor_of(request), clock.now()
    found = selectors.encounter_for(actor, pk, at=at)
    policy.must_treat(actor, found)
    substance = words(request.POST, "substance")[:100]
    if substance:
        entry(services.allergy_add)(
            actor=actor, patient_id=found.patient_id, substance=substance, at=at,
            group=words(request.POST, "group")[:40], reaction=words(request.POST, "reaction")[:200],
        )  # fmt: skip
    elif request.POST.get("none_known") and not entry(services.allergy_none_known)(
        actor=actor, patient_id=found.patient_id, at=at
    ):
        messages.error(request, _("An allergy is on record; it isn't cured by this."))
    return redirect(work_url(found))


@rule("emr.encounter_close", DOCTORS, methods=["POST"], subject="emr.encounter")
def close(request: HttpRequest, pk: int) -> HttpResponse:
    actor, at = actor_of(request), clock.now()
    selectors.encounter_for(actor, pk, at=at)
    entry(services.encounter_close)(actor=actor, encounter_id=pk, at=at)
    messages.success(request, _("The visit is closed."))
    return redirect("emr_staff:encounter", pk)


@rule("emr.icd10", DOCTORS)
def icd10(request: HttpRequest) -> HttpResponse:
    """Diagnoses by code, Chinese, pinyin or initials."""
    text = words(request.GET, "q")[:60] or words(request.GET, "dx_add")[:60]
    found = concept_search(CodeSystem.ICD10, text, 12) if text else []
    return render(request, "emr/icd10.html", {"found": found, "q": text})
