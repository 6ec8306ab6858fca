"""What patients open on their phone: reports and prescriptions."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import PATIENTS
from hospital.kit.problems import add_to_form
from hospital.kit.reasons import in_words
from hospital.kit.transactions import entry

from .. import pdf, selectors, services
from ..errors import AddressMissing
from ..forms import DeliveryForm
from ..models import Delivery, Prescription, PrescriptionStatus
from ..words import DELIVERY_TONES, PRESCRIPTION_TONES


@rule("emr.reports", PATIENTS)
def reports(request: HttpRequest) -> HttpResponse:
    """Released reports, newest first."""
    rows = selectors.reports_for(actor_of(request), at=clock.now())
    page = Paginator(rows, 20).get_page(request.GET.get("page"))
    return render(request, "emr/reports.html", {"page": page, "several": len(actor_of(request).patient_ids) > 1})


@rule("emr.report", PATIENTS, subject="emr.report")
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """One report with arrows, ranges and trends."""
    found = selectors.report_for(actor_of(request), pk, at=clock.now())
    lines = selectors.report_lines(found)
    marked = [line for line in lines if line.tone]
    return render(request, "emr/report.html", {"report": found, "lines": lines, "marked": marked})


@rule("emr.report_pdf", PATIENTS, subject="emr.report")
def report_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The report as a file to keep."""
    found = selectors.report_for(actor_of(request), pk, at=clock.now())
    content = pdf.report_pdf(found, selectors.report_lines(found))
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="report-{found.pk}.pdf"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@rule("emr.prescriptions", PATIENTS)
def prescriptions(request: HttpRequest) -> HttpResponse:
    rows = selectors.prescriptions_for(actor_of(request), at=clock.now())
    page = Paginator(rows, 20).get_page(request.GET.get("page"))
    cards = [(row, PRESCRIPTION_TONES[PrescriptionStatus(row.status)]) for row in page]
    several = len(actor_of(request).patient_ids) > 1
    return render(request, "emr/prescriptions.html", {"page": page, "cards": cards, "several": several})


@rule("emr.prescription", PATIENTS, subject="emr.prescription")
def prescription(request: HttpRequest, pk: int) -> HttpResponse:
    """One prescription, state by state, and what to do next."""
    found = selectors.prescription_for(actor_of(request), pk, at=clock.now())
    return _prescription_page(request, found, DeliveryForm(initial=_delivery_initial(found)))


def _prescription_page(
    request: HttpRequest, found: Prescription, form: DeliveryForm, status: int = 200
) -> HttpResponse:
    delivery = Delivery.objects.filter(prescription=found).first()
    context: dict[str, Any] = {
        "prescription": found, "lines": found.lines.select_related("drug").order_by("position"),
        "tone": PRESCRIPTION_TONES[PrescriptionStatus(found.status)], "stations": _stations(found),
        "delivery": delivery, "delivery_tone": DELIVERY_TONES.get(delivery.status, "") if delivery else "",  # type: ignore[call-overload]
        "form": form, "may_choose": found.status in {PrescriptionStatus.APPROVED, PrescriptionStatus.PAID},
        "may_pay": found.status == PrescriptionStatus.APPROVED and found.charge_id and delivery is not None,
        "may_arrive": found.status == PrescriptionStatus.DISPENSED and delivery is not None
        and delivery.status == "sent",
        "review": found.reviews.order_by("-at").first(),
    }  # fmt: skip
    return render(request, "emr/prescription.html", context, status=status)


def _delivery_initial(found: Prescription) -> dict[str, Any]:
    delivery = Delivery.objects.filter(prescription=found).first()
    if delivery is None:
        return {"way": "pickup"}
    way = "pickup" if delivery.status == "pickup" else "courier"
    return {
        "way": way, "recipient": delivery.recipient, "phone": delivery.phone, "address": delivery.address
    }  # fmt: skip


def _stations(found: Prescription) -> list[dict[str, Any]]:
    """The way of the prescription as a timeline."""
    over = found.status in {"returned", "refused", "expired", "void"}
    path: list[tuple[str, datetime | None]] = [
        (_("Signed by the doctor"), found.signed_at),
        (_("Passed by the pharmacist"), None if found.status in {"returned", "refused"} else found.reviewed_at),
        (_("Paid"), found.paid_at),
        (_("Dispensed"), found.dispensed_at),
        (_("In your hands"), found.delivered_at),
    ]
    stations: list[dict[str, Any]] = []
    waiting = False
    for title, at in path:
        if at is None and over:
            break
        state = "done" if at else "todo" if waiting else "now"
        waiting = waiting or at is None
        stations.append({"title": title, "at": at, "state": state})
    if over:
        at = found.ended_at or found.reviewed_at
        stations.append(
            {"title": found.get_status_display(), "at": at, "state": "danger", "text": in_words(found.end_reason)}
        )
    return stations


@rule("emr.delivery", PATIENTS, methods=["POST"], subject="emr.prescription")
@require_http_methods(["POST"])
def delivery(request: HttpRequest, pk: int) -> HttpResponse:
    """Fetch the drugs or have them sent."""
    actor, at = actor_of(request), clock.now()
    form = DeliveryForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        try:
            entry(services.delivery_choose)(
                actor=actor, prescription_id=pk, by_courier=given["way"] == "courier", at=at,
                recipient=given["recipient"], phone=given["phone"], address=given["address"],
            )  # fmt: skip
        except AddressMissing as problem:
            add_to_form(form, problem)
        else:
            messages.success(request, _("Noted. You can change it until the drugs are prepared."))
            return redirect("emr:prescription", pk)
    return _prescription_page(request, selectors.prescription_for(actor, pk, at=at), form, status=422)


@rule("emr.arrived", PATIENTS, methods=["POST"], subject="emr.prescription")
@require_http_methods(["POST"])
def arrived(request: HttpRequest, pk: int) -> HttpResponse:
    """The patient has the parcel."""
    entry(services.delivery_arrive)(actor=actor_of(request), prescription_id=pk, at=clock.now())
    messages.success(request, _("Thank you. Take the drugs as written on the bag."))
    return redirect("emr:prescription", pk)
