"""The public price list (IH-14, PAY-16)."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from hospital.kit import clock
from hospital.kit.access import public

from .. import selectors
from ..models import Category


@public("billing.prices", "the price list is published without signing in (IH-14)")
def price_list(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:60]
    category = request.GET.get("category", "")
    found = selectors.prices_search(text, category if category in Category.values else "", at=clock.now())
    page = Paginator(found, 40).get_page(request.GET.get("page"))
    packages = selectors.packages_search(text, at=clock.now()) if page.number == 1 and not category else []
    context = {"packages": packages, "page": page, "q": text, "category": category, "categories": Category.choices}
    return render(request, "billing/prices.html", context)
