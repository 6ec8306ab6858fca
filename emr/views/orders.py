"""Ordering and prescribing from the encounter."""

from collections import defaultdict
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import Actor
from hospital.kit.problems import NotFound, Problem
from hospital.kit.transactions import entry

from .. import policy, proof, selectors, services
from ..errors import NothingOrdered
from ..forms import words
from ..kinds import work_url
from ..models import Drug, Encounter, Order, Orderable, OrderSetItem, Prescription, PrescriptionLine
from ..services import ItemSpec, LineSpec
from ..services.prescriptions import check
from .note import DOCTORS

ROWS = 5


def _encounter(request: HttpRequest, pk: int) -> Encounter:
    actor = actor_of(request)
    found = selectors.encounter_for(actor, pk, at=clock.now())
    policy.must_treat(actor, found)
    return found


@rule("emr.orders", DOCTORS, methods=["POST"], subject="emr.encounter")
def place(request: HttpRequest, pk: int) -> HttpResponse:
    """Order what was ticked: one order of each kind, all or none, for one trip."""
    found = _encounter(request, pk)
    codes = set(request.POST.getlist("item")) | set(
        OrderSetItem.objects.filter(order_set__code__in=request.POST.getlist("set")).values_list(
            "orderable__code", flat=True
        )
    )
    try:
        count = _place_all(
            actor=actor_of(request), encounter_id=found.pk, codes=codes,
            indication=words(request.POST, "indication")[:300], at=clock.now(),
        )  # fmt: skip
    except Problem as problem:
        messages.error(request, f"{problem.reason} {problem.next_step}")
    else:
        messages.success(request, _("%(count)d orders placed; the patient can pay for them now.") % {"count": count})
    return redirect(work_url(found))


@entry
def _place_all(*, actor: Actor, encounter_id: int, codes: set[str], indication: str, at: datetime) -> int:
    by_kind: dict[str, list[ItemSpec]] = defaultdict(list)
    for row in Orderable.objects.filter(code__in=codes, is_active=True).order_by("kind", "pk"):
        by_kind[row.kind].append(ItemSpec(row.code))
    if not by_kind:
        raise NothingOrdered
    for kind, items in by_kind.items():
        services.order_place(
            actor=actor, encounter_id=encounter_id, kind=kind, items=items, indication=indication, at=at
        )
    return len(by_kind)


@rule("emr.order_cancel", DOCTORS, methods=["POST"], subject="emr.order")
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    order = Order.objects.filter(pk=pk).first()
    if order is None:
        raise NotFound
    found = _encounter(request, order.encounter_id)
    entry(services.order_cancel)(
        actor=actor_of(request), order_id=pk, at=clock.now(), reason=words(request.POST, "reason") or _("cancelled")
    )
    messages.success(request, _("The order is cancelled."))
    return redirect(work_url(found))


# --- prescription -------------------------------------------------------------------------------------------


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return Decimal(0)
    return number if number.is_finite() and 0 < number < 100_000 else Decimal(0)


def read_lines(data: QueryDict) -> list[LineSpec]:
    """The rows that name a drug."""
    lines = []
    for row in range(ROWS + 5):
        code = _code_of(words(data, f"drug_{row}"))
        if not code:
            continue
        days = words(data, f"days_{row}")
        copied = words(data, f"copied_{row}")
        lines.append(
            LineSpec(
                code, _decimal(words(data, f"dose_{row}")), _decimal(words(data, f"per_day_{row}")),
                int(days) if days.isdigit() and len(days) < 4 else 0, words(data, f"route_{row}")[:20],
                words(data, f"usage_{row}")[:100], words(data, f"source_{row}") or "typed",
                int(copied) if copied.isdigit() else None,
            )
        )  # fmt: skip
    return lines


_BEFORE_CODE = " · "


def _code_of(text: str) -> str:
    """The code of a line of the list of drugs; what isn't from the list stays as it was typed, and is refused as unknown."""
    return text.rpartition(_BEFORE_CODE)[2]


def drug_words(drug: Drug) -> str:
    """A drug as it stands in the list: two strengths of one name differ, and so do two makers by their code."""
    return f"{drug}{_BEFORE_CODE}{drug.code}"


def _rows(lines: list[LineSpec], drugs: list[Drug]) -> list[dict[str, Any]]:
    listed = {drug.code: drug_words(drug) for drug in drugs}
    rows: list[dict[str, Any]] = [
        {
            "drug": listed.get(line.drug_code, line.drug_code), "dose": f"{line.dose.normalize():f}" if line.dose else "",
            "per_day": f"{line.per_day.normalize():f}" if line.per_day else "", "days": line.days or "",
            "route": line.route, "usage": line.usage_note, "source": line.source, "copied": line.copied_from_id or "",
        }
        for line in lines
    ]  # fmt: skip
    return rows + [{"source": "typed"} for _row in range(max(0, ROWS - len(rows)))]


def specs_of(lines: list[PrescriptionLine], *, copy: bool = False) -> list[LineSpec]:
    """Stored lines as the editor shows them; `copy` marks them as copied from an earlier prescription (IH-09)."""
    return [
        LineSpec(
            line.drug.code, line.dose, line.per_day, line.days, line.route, line.usage_note,
            "copied" if copy else line.source, line.pk if copy else line.copied_from_id,
        )
        for line in lines
    ]  # fmt: skip


@rule("emr.prescribe", DOCTORS, methods=["GET", "POST"], subject="emr.encounter")
def prescribe(request: HttpRequest, pk: int) -> HttpResponse:
    """Write a prescription; save it as a draft or sign it."""
    found = _encounter(request, pk)
    draft = Prescription.objects.filter(encounter=found, status="draft").order_by("-pk").first()
    problem: Problem | None = None
    if request.method == "POST":
        lines = read_lines(request.POST)
        try:
            draft = _save(request, found, draft, lines)
            if request.POST.get("action") == "sign":
                proof.require_fresh(request)
                days = words(request.POST, "valid_days")
                entry(services.prescription_sign)(
                    actor=actor_of(request), prescription_id=draft.pk, revision=draft.revision, at=clock.now(),
                    valid_days=int(days) if days.isdigit() and len(days) == 1 else None,
                    extend_reason=words(request.POST, "extend_reason")[:300],
                )  # fmt: skip
                messages.success(request, _("Signed; it is with the pharmacist now."))
                return redirect(work_url(found))
            messages.success(request, _("Saved as a draft."))
            return redirect("emr_staff:prescribe", pk)
        except Problem as refused:
            problem = refused
    else:
        lines = _first_lines(request, found, draft)
    return _page(request, found, draft, lines, problem)


def _save(request: HttpRequest, found: Encounter, draft: Prescription | None, lines: list[LineSpec]) -> Prescription:
    revision = words(request.POST, "revision")
    returned = Prescription.objects.filter(encounter__patient_id=found.patient_id, status="returned", replaced_by=None)
    replaces = returned.filter(doctor_id=found.doctor_id).order_by("-pk").first()
    saved: Prescription = entry(services.prescription_draft)(
        actor=actor_of(request), encounter_id=found.pk, lines=lines, at=clock.now(),
        prescription_id=draft.pk if draft else None, revision=int(revision) if revision.isdigit() else 0,
        long_reason=words(request.POST, "long_reason")[:300],
        override_reason=words(request.POST, "override_reason")[:300],
        replaces_id=replaces.pk if replaces and draft is None else None,
    )  # fmt: skip
    return saved


def _first_lines(request: HttpRequest, found: Encounter, draft: Prescription | None) -> list[LineSpec]:
    if draft is not None:
        return specs_of(list(draft.lines.select_related("drug").order_by("position")))
    source = request.GET.get("copy", "")
    if source.isdigit():
        lines = PrescriptionLine.objects.filter(prescription_id=int(source), prescription__patient_id=found.patient_id)
        return specs_of(list(lines.select_related("drug").order_by("position")), copy=True)
    return []


def _page(
    request: HttpRequest, found: Encounter, draft: Prescription | None, lines: list[LineSpec], problem: Problem | None
) -> HttpResponse:
    at = clock.now()
    findings = []
    if draft is not None:
        findings = check(draft, list(draft.lines.select_related("drug").order_by("position")), at)
    earlier = Prescription.objects.filter(patient_id=found.patient_id, signed_at__isnull=False)
    drugs = list(Drug.objects.filter(is_active=True).order_by("name", "strength", "code"))
    context = {
        "encounter": found, "patient": found.patient, "work_url": work_url(found), "draft": draft, "rows": _rows(lines, drugs), "problem": problem,
        "findings": findings, "drugs": [(drug_words(drug), drug.initials) for drug in drugs],
        "diagnoses": selectors.encounter_diagnoses(found), "fresh": proof.is_fresh(request),
        "earlier": earlier.prefetch_related("lines").order_by("-signed_at")[:5], "long_reason": words(request.POST, "long_reason") or (draft.long_reason if draft else ""),
        "override_reason": words(request.POST, "override_reason") or (draft.override_reason if draft else ""),
        "routes": sorted({route for drug in drugs for route in drug.routes}),
        "record": selectors.record_for(actor_of(request), found.patient_id, "prescribing", at=at),
    }  # fmt: skip
    return render(request, "emr/prescribe.html", context, status=problem.status if problem else 200)


@rule("emr.prescription_void", DOCTORS, methods=["POST"], subject="emr.prescription")
def void(request: HttpRequest, pk: int) -> HttpResponse:
    prescription = Prescription.objects.filter(pk=pk).first()
    if prescription is None:
        raise NotFound
    found = _encounter(request, prescription.encounter_id)
    entry(services.prescription_void)(
        actor=actor_of(request), prescription_id=pk, at=clock.now(), reason=words(request.POST, "reason")
    )
    messages.success(request, _("The prescription is void."))
    return redirect(work_url(found))
