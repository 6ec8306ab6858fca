"""The electronic receipt on the patient's phone, on paper, and for whoever is handed it and wants to know if it holds."""

import hmac
import json
from typing import Any

import segno
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from hospital.kit import clock
from hospital.kit.access import actor_of, public, rule
from hospital.kit.actor import PATIENTS, Role
from hospital.kit.masking import mask_name
from hospital.kit.pdf import render_pdf

from .. import selectors
from ..models import Invoice
from ..services import invoices


def _check_url(invoice: Invoice) -> str:
    return settings.BASE_URL + reverse("billing:receipt_check", args=[invoice.code, invoice.ticket, invoice.check_code])


def _context(invoice: Invoice) -> dict[str, Any]:
    check = _check_url(invoice)
    return {
        "invoice": invoice, "sheet": json.loads(invoice.sheet), "check_url": check,
        "qr": segno.make(check, error="m").svg_data_uri(scale=4, border=1),
    }  # fmt: skip


@rule("billing.receipt", PATIENTS, subject="receipt")
def receipt(request: HttpRequest, number: str) -> HttpResponse:
    """One's own receipt, to read, keep and pass on."""
    return render(
        request, "billing/receipt.html", _context(selectors.receipt_for(actor_of(request), number, at=clock.now()))
    )


@rule("billing.receipt_pdf", PATIENTS, subject="receipt")
def receipt_pdf(request: HttpRequest, number: str) -> HttpResponse:
    invoice = selectors.receipt_for(actor_of(request), number, at=clock.now())
    answer = HttpResponse(
        render_pdf(render_to_string("billing/receipt_pdf.html", _context(invoice))), "application/pdf"
    )
    answer["Content-Disposition"] = f'attachment; filename="receipt-{invoice.ticket}.pdf"'
    return answer


@public(
    "billing.receipt_check",
    "whoever is handed a receipt may check it by its code: insurers and employers do (PAY-14)",
    subject="receipt_check",
)
def receipt_check(request: HttpRequest, code: str, ticket: str, check_code: str) -> HttpResponse:
    """Valid, taken back, or unknown: with the amount and the day, and of the payer the surname only."""
    invoice = Invoice.objects.filter(code=code, ticket=ticket, kind=Invoice.Kind.BLUE).first()
    if invoice is None or not hmac.compare_digest(invoice.check_code.encode(), check_code.encode()):
        # A forged receipt is what this page is for: whoever scans it is told so, not that a page is missing.
        return render(request, "billing/receipt_check.html", status=404)
    payer = mask_name(json.loads(invoice.sheet)["payer"]["name"])
    return render(request, "billing/receipt_check.html", {"invoice": invoice, "payer": payer})


@rule("billing.receipts_refused", {Role.FINANCE})
def refused(request: HttpRequest) -> HttpResponse:
    """What the platform refused, with its reason."""
    return render(request, "billing/receipts_refused.html", {"rows": selectors.receipts_refused(actor_of(request))})


@rule("billing.receipt_retry", {Role.FINANCE}, methods=["POST"], subject="receipt_refused")
def retry(request: HttpRequest, invoice_id: int) -> HttpResponse:
    invoices.invoice_retry(actor=actor_of(request), invoice_id=invoice_id, at=clock.now())
    messages.success(request, _("It is asked for again."))
    return redirect("billing_staff:receipts_refused")
