"""The daily report, the analysis, and their files."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from urllib.parse import urlencode

from django.db import transaction
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from hospital.audit import services as audit
from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import Actor, Role
from hospital.kit.money import format_yuan
from hospital.kit.problems import NotFound

from ..reporting import analysis as analyses
from ..reporting import daily as dailies
from ..reporting.sheets import XLSX, Cell, csv_lines, xlsx_file

FINANCE = {Role.FINANCE}


def day_asked(text: str | None) -> date:
    """The day asked for; yesterday when none was. Raises NotFound for what is no day."""
    if not text:
        return clock.today() - timedelta(days=1)
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise NotFound from error


@rule("billing.daily", FINANCE)
def daily(request: HttpRequest) -> HttpResponse:
    day = day_asked(request.GET.get("day"))
    report = dailies.daily_report(actor_of(request), day, at=clock.now())
    context = {
        "report": report,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
        "today": clock.today(),
    }
    return render(request, "billing/daily.html", context)


@rule("billing.daily_export", FINANCE)
def daily_export(request: HttpRequest) -> HttpResponseBase:
    actor, day = actor_of(request), day_asked(request.GET.get("day"))
    table = dailies.as_table(dailies.daily_report(actor, day, at=clock.now()))
    return table_file(actor, f"daily-{day}", table, request.GET.get("form", "csv"))


def table_file(
    actor: Actor, name: str, rows: Iterable[Sequence[Cell]], form: str
) -> FileResponse | StreamingHttpResponse:
    """The table as a file, sent as it is made; who took it is written down (SEC-09)."""
    if form not in {"csv", "xlsx"}:
        raise NotFound
    with transaction.atomic():
        audit.record(actor, "finance.export", at=clock.now(), reason=f"{name}.{form}")
    if form == "xlsx":
        return FileResponse(xlsx_file(rows), content_type=XLSX, as_attachment=True, filename=f"{name}.xlsx")
    response = StreamingHttpResponse(csv_lines(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


@rule("billing.analysis", FINANCE)
def analysis(request: HttpRequest) -> HttpResponse:
    way, first, last = _asked(request)
    actor = actor_of(request)
    context = {"ways": list(analyses.WAYS.items()), "way": way, "way_label": analyses.WAYS[way], "first": first, "last": last,
               "query": urlencode({"first": first, "last": last, "by": way})}  # fmt: skip
    try:
        found = analyses.analysis(actor, way, first, last, at=clock.now())
    except analyses.PeriodTooLong as problem:
        return render(request, "billing/analysis.html", context | {"problem": problem}, status=problem.status)
    shown = found.lines[: analyses.SHOWN]
    curve = analyses.by_day(actor, first, last)
    context |= {
        "found": found, "shown": shown, "more": len(found.lines) - len(shown),
        "chart": [(line.label, line.net / 100, format_yuan(line.net)) for line in shown[:12]],
        "curve": _every_day(curve) if len(curve) > 1 else [],
        "curve_label": _curve_in_words(curve),
    }  # fmt: skip
    return render(request, "billing/analysis.html", context)


def _every_day(curve: list[tuple[date, int]]) -> list[tuple[str, float]]:
    """The points of the chart: a day on which nothing moved is a nought, so that days stand as far apart as they are."""
    net, start = dict(curve), curve[0][0]
    days = (start + timedelta(days=number) for number in range((curve[-1][0] - start).days + 1))
    return [(f"{day:%m-%d}", net.get(day, 0) / 100) for day in days]


def _curve_in_words(curve: list[tuple[date, int]]) -> str:
    if len(curve) < 2:
        return ""
    best = max(curve, key=lambda point: point[1])
    least = min(curve, key=lambda point: point[1])
    return _("%(days)d days with movements; most on %(best)s (%(most)s yuan), least on %(low)s (%(least)s yuan)") % {
        "days": len(curve), "best": f"{best[0]:%m-%d}", "most": format_yuan(best[1]), "low": f"{least[0]:%m-%d}",
        "least": format_yuan(least[1]),
    }  # fmt: skip


def _asked(request: HttpRequest) -> tuple[str, date, date]:
    way = request.GET.get("by", "department")
    if way not in analyses.WAYS:
        raise NotFound
    last = day_asked(request.GET.get("last"))
    first = day_asked(request.GET.get("first")) if request.GET.get("first") else last - timedelta(days=29)
    return way, first, last


@rule("billing.analysis_export", FINANCE)
def analysis_export(request: HttpRequest) -> HttpResponseBase:
    way, first, last = _asked(request)
    actor = actor_of(request)
    table = analyses.as_table(analyses.analysis(actor, way, first, last, at=clock.now()))
    return table_file(actor, f"analysis-{way}-{first}-{last}", table, request.GET.get("form", "csv"))
