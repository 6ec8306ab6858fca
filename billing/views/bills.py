"""What was billed, paid and given back, per bill; with the receipt."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import PATIENTS

from .. import selectors
from .pay import _title_of


@rule("billing.bills", PATIENTS)
def bills(request: HttpRequest) -> HttpResponse:
    page = Paginator(selectors.bills_for(actor_of(request)), 20).get_page(request.GET.get("page"))
    lines = [(charge, _title_of(charge)) for charge in page]
    return render(request, "billing/bills.html", {"page": page, "lines": lines})


@rule("billing.bill", PATIENTS, subject="bill")
def bill(request: HttpRequest, number: str) -> HttpResponse:
    charge = selectors.bill_for(actor_of(request), number, at=clock.now())
    by_category: dict[str, int] = {}
    for line in charge.lines.all():
        label = str(line.get_category_display())
        by_category[label] = by_category.get(label, 0) + line.amount
    context = {
        "charge": charge, "title": _title_of(charge), "categories": by_category.items(),
        "payment": getattr(getattr(charge, "settlement", None), "payment", None),
        "receipts": charge.invoices.filter(kind="blue").order_by("pk"),
        "refunds": [refund for refund in charge.refunds.all() if refund.status != "rejected"],
    }  # fmt: skip
    return render(request, "billing/bill.html", context)
