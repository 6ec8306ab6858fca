"""Every difference of every day, sieved and in pages; the same as a file (PAY-05)."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.problems import NotFound

from ..forms import CaseSieve
from ..models import Channel
from ..reporting.words import reason_title
from ..reporting.worklist import Sieve, as_rows, cases_found, owners
from ..services import bills
from .reports import FINANCE, table_file

PAGE = 50


def _sieve(request: HttpRequest) -> tuple[CaseSieve, Sieve]:
    """What is asked for. Raises NotFound for a class, a state or a person that there isn't."""
    channels = [(code, Channel(code).label) for code in bills.READERS]
    form = CaseSieve(request.GET, channels=channels, owners=owners())
    if not form.is_valid():
        raise NotFound
    return form, Sieve(**form.cleaned_data)


@rule("billing.cases", FINANCE)
def case_list(request: HttpRequest) -> HttpResponse:
    form, sieve = _sieve(request)
    page = Paginator(cases_found(actor_of(request), sieve, today=clock.today()), PAGE).get_page(request.GET.get("page"))
    asked = request.GET.copy()
    asked.pop("page", None)
    rows = [(case, reason_title(case.reason)) for case in page.object_list]
    context = {"form": form, "page": page, "rows": rows, "query": asked.urlencode(), "sieve": sieve}
    return render(request, "billing/cases.html", context)


@rule("billing.cases_export", FINANCE)
def case_export(request: HttpRequest) -> HttpResponseBase:
    _form, sieve = _sieve(request)
    actor, today = actor_of(request), clock.today()
    rows = as_rows(cases_found(actor, sieve, today=today).iterator(chunk_size=500))
    return table_file(actor, f"differences-{sieve.day or today}", rows, request.GET.get("form", "csv"))
