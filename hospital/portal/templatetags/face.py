"""Template tags and filters of the house's one design language; built into every template.

How to use each is in hospital/portal/README.md; how each looks, on /styleguide/.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django import template
from django.core.paginator import Page
from django.forms import BaseForm, BoundField, CheckboxInput
from django.templatetags.static import static
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from hospital.kit import clock, money
from hospital.kit.access import actor_of
from hospital.kit.reasons import in_words
from hospital.kit.routes import may_open, page_exists

register = template.Library()

Context = dict[str, Any]

# --- Filters ---------------------------------------------------------------------------------------------------


@register.filter
def yuan(fen: int | None) -> str:
    """1230 -> ¥12.30"""
    return "" if fen is None else f"¥{money.format_yuan(fen)}"


register.filter(in_words)


@register.filter
def clock_time(at: datetime | None) -> str:
    """14:03 in Shanghai."""
    return "" if at is None else f"{clock.local(at):%H:%M}"


@register.filter
def day(value: date | datetime | None) -> str:
    """2026-11-21 in Shanghai."""
    if value is None:
        return ""
    return f"{clock.local(value) if isinstance(value, datetime) else value:%Y-%m-%d}"


@register.filter
def nice_day(value: date | datetime | None) -> str:
    """11月23日 周一, or 23 Nov, Mon; with the year when it isn't this one."""
    if value is None:
        return ""
    on = clock.local(value).date() if isinstance(value, datetime) else value
    form = pgettext("date", "j M") if on.year == clock.today().year else pgettext("date", "j M Y")
    return f"{format_date(on, form)} {weekday(on)}"


@register.filter
def moment(at: datetime | None) -> str:
    """11月23日 周一 14:30"""
    return "" if at is None else f"{nice_day(at)} {clock_time(at)}"


@register.filter
def weekday(value: date | datetime | None) -> str:
    """周一, or Mon."""
    if value is None:
        return ""
    on = clock.local(value).date() if isinstance(value, datetime) else value
    names = [
        pgettext("weekday", "Mon"),
        pgettext("weekday", "Tue"),
        pgettext("weekday", "Wed"),
        pgettext("weekday", "Thu"),
        pgettext("weekday", "Fri"),
        pgettext("weekday", "Sat"),
        pgettext("weekday", "Sun"),
    ]
    return names[on.weekday()]


@register.filter
def reachable(path: str, method: str = "GET") -> bool:
    """{% if "/bills/"|reachable %}, {% if "/sign-out/"|reachable:"POST" %}: is there such a page in this house?"""
    return page_exists(path, method)


# --- Small parts -----------------------------------------------------------------------------------------------


@register.simple_tag
def now_iso() -> str:
    """The server's clock, for countdowns that don't believe the phone's."""
    return clock.now().isoformat()


def _sprite(name: str) -> str:
    return f"{static('icons/sprite.svg')}#{name}"


@register.inclusion_tag("components/icon.html")
def icon(name: str, label: str = "") -> Context:
    """{% icon "calendar" %}: decoration beside a word; with a label when it stands alone."""
    return {"href": _sprite(name), "label": label}


_ICON_OF_TONE = {"success": "ok", "warn": "warn", "danger": "danger", "info": "info", "": "info"}


@register.inclusion_tag("components/status_tag.html")
def status_tag(text: str, tone: str = "", icon: str | None = None) -> Context:
    """A state in words, with a shape where the tone means something. Tones: success warn danger info brand accent."""
    default = _ICON_OF_TONE.get(tone, "") if tone else ""
    return {"text": text, "tone": tone, "icon_name": default if icon is None else icon}


@register.inclusion_tag("components/alert.html")
def alert(text: str, tone: str = "info", title: str = "", icon: str = "") -> Context:
    return {"text": text, "tone": tone, "title": title, "icon_name": icon or _ICON_OF_TONE.get(tone, "info")}


@register.inclusion_tag("components/empty_state.html")
def empty_state(title: str, text: str = "", url: str = "", action: str = "", icon: str = "list") -> Context:
    """Nothing here: says so, and what one can do about it."""
    return {"title": title, "text": text, "url": url, "action": action, "icon_name": icon}


@register.inclusion_tag("components/cell.html")
def cell(
    title: str,
    text: str = "",
    url: str = "",
    value: Any = None,
    icon: str = "",
    tag: str = "",
    tone: str = "",
    unread: bool = False,
) -> Context:
    """One row of a list (inside <div class="cells">), a link when it has a url."""
    return {
        "title": title, "text": text, "url": url, "value": value, "icon_name": icon, "tag": tag, "tone": tone,
        "unread": unread, "go": _sprite("go"),
    }  # fmt: skip


@register.inclusion_tag("components/kv.html")
def kv(pairs: Iterable[tuple[str, Any]], css: str = "") -> Context:
    """Labels and values. css: "kv--between" puts the values at the right edge, as on a bill."""
    return {"pairs": pairs, "css": css}


@register.inclusion_tag("components/steps.html")
def steps(labels: Sequence[str], current: int) -> Context:
    """Where one is in a short sequence; `current` counts from 1, past the end means all done."""
    states = ("done" if at < current else "now" if at == current else "" for at in range(1, len(labels) + 1))
    return {"steps": list(zip(labels, states, strict=True))}


@register.inclusion_tag("components/timeline.html")
def timeline(items: Iterable[Mapping[str, Any]]) -> Context:
    """Stations in order: mappings with title, at, text, state (done now todo danger)."""
    return {"items": items}


@register.inclusion_tag("components/progress.html")
def progress(done: int, total: int, label: str) -> Context:
    return {"done": done, "total": total, "label": label}


@register.inclusion_tag("components/stat.html")
def stat(label: str, value: Any, unit: str = "", url: str = "", tone: str = "", hint: str = "") -> Context:
    return {"label": label, "value": value, "unit": unit, "url": url, "tone": tone, "hint": hint}


@register.inclusion_tag("components/countdown.html")
def countdown(at: datetime, then: str = "") -> Context:
    """Time left until an instant; then="reload" reloads the page at the end. Without JavaScript: minutes left."""
    seconds = max(0, int((at - clock.now()).total_seconds()))
    return {"at": at, "then": then, "left": f"{seconds // 60:02d}:{seconds % 60:02d}"}


@register.inclusion_tag("components/pager.html", takes_context=True)
def pager(context: template.RequestContext, page: Page[Any]) -> Context:
    """Previous and next of a paginated list; keeps the rest of the query."""
    query = context["request"].GET.copy()

    def to(number: int) -> str:
        query["page"] = str(number)
        return str(query.urlencode())

    return {
        "page": page,
        "previous": to(page.previous_page_number()) if page.has_previous() else "",
        "next": to(page.next_page_number()) if page.has_next() else "",
    }


# --- Forms -----------------------------------------------------------------------------------------------------


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, css: str = "") -> Context:
    """A form field with its label, hint and error, tied together for screen readers. css: field--short, field--code."""
    return {
        "field": bound,
        "kind": "check" if isinstance(bound.field.widget, CheckboxInput) else "",
        "css": css,
    }


@register.inclusion_tag("components/form_fields.html")
def form_fields(form: BaseForm) -> Context:
    """The error summary and all fields; the page writes <form>, {% csrf_token %} and the button."""
    return {"form": form}


# --- Trends ----------------------------------------------------------------------------------------------------


@register.inclusion_tag("components/trend.html")
def trend(
    points: Sequence[tuple[str, float]],
    label: str,
    low: float | None = None,
    high: float | None = None,
    spark: bool = False,
) -> Context:
    """A line of (label, value) with the reference range as a band; `label` says in words what the picture shows."""
    width, height, edge, foot = (120, 32, 3, 0) if spark else (340, 140, 14, 18)
    values = [float(value) for _label, value in points]
    bounds = values + [float(bound) for bound in (low, high) if bound is not None]
    least, most = (min(bounds), max(bounds)) if bounds else (0.0, 1.0)
    if least == most:
        least, most = least - 1, most + 1
    bottom = height - edge - foot

    def y(value: float) -> float:
        return round(bottom - (value - least) / (most - least) * (bottom - edge), 1)

    def x(at: int) -> float:
        return round(edge + at * (width - 2 * edge) / max(1, len(values) - 1), 1)

    spots = [(x(at), y(value)) for at, value in enumerate(values)]
    shown = {0, len(values) // 2, len(values) - 1}
    dots = [
        {
            "x": spot[0],
            "y": spot[1],
            "out": (low is not None and value < low) or (high is not None and value > high),
            "label": points[at][0] if at in shown else "",
            "anchor": "start" if at == 0 else "end" if at == len(values) - 1 else "middle",
        }
        for at, (spot, value) in enumerate(zip(spots, values, strict=True))
    ]
    band = None
    if low is not None or high is not None:
        top = y(high) if high is not None else 0.0
        floor = y(low) if low is not None else float(height - foot)
        band = {"y": top, "height": round(max(0.0, floor - top), 1)}
    return {
        "width": width, "height": height, "label": label, "spark": spark, "band": band, "dots": dots,
        "line": " ".join(f"{a},{b}" for a, b in spots), "label_y": height - 3,
    }  # fmt: skip


@register.inclusion_tag("components/bars.html")
def bars(title: str, rows: Sequence[tuple[str, float, str]], unit: str = "") -> Context:
    """(label, value, value in words) as bars; the longest fills the line, percents fill a hundred. Read as a table."""
    most = 100.0 if unit == "%" else max((float(value) for _label, value, _text in rows), default=0.0)
    lines = [
        {"label": label, "text": text, "share": f"{min(100.0, 100 * float(value) / most) if most else 0:.1f}"}
        for label, value, text in rows
    ]
    return {"title": title, "rows": lines, "unit": unit}


# --- Frames ----------------------------------------------------------------------------------------------------


@register.inclusion_tag("components/tabs.html", takes_context=True)
def patient_tabs(context: template.RequestContext) -> Context:
    """The four places of a patient's page, as far as they exist; `unread_messages` of the page makes a badge."""
    path = context["request"].path
    places = [
        ("/", "home", _("Home")),
        ("/doctors/", "calendar", _("Book")),
        ("/messages/", "bell", _("Messages")),
        ("/me/", "user", _("Me")),
    ]
    return {
        "tabs": [
            {
                "url": url,
                "icon": name,
                "title": title,
                "current": path == url or (url != "/" and path.startswith(url)),
                "badge": context.get("unread_messages", 0) if url == "/messages/" else 0,
            }
            for url, name, title in places
            if page_exists(url)
        ]
    }


@register.simple_tag(takes_context=True)
def can_open(context: template.RequestContext, path: str) -> bool:
    """{% can_open "/staff/price-list/" as shown %}: would the page's own rule let the reader in?"""
    return may_open(actor_of(context["request"]), path)
