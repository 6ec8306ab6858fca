"""What the pages of forms show: the fields of a response, its pages, its differences."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from . import selectors
from .engine import rendering, scoring, validation
from .engine.definition import Json
from .engine.rendering import Field, Page
from .engine.tree import grow
from .engine.validation import Fault
from .models import Response

BASES = {"patient": "base_patient.html", "staff": "base_staff.html"}
CHECK = "check"


def urls(response: Response, frame: str) -> dict[str, str]:
    space = "forms_staff" if frame == "staff" else "forms"
    return {
        "fill": reverse(f"{space}:response", args=[response.pk]),
        "autosave": reverse(f"{space}:autosave", args=[response.pk]),
        "concepts": reverse("forms:concepts"),
    }


def pages_of(
    response: Response, *, answers: list[Json] | None = None, faults: Iterable[Fault] = (),
    unread: Mapping[str, list[str]] | None = None, more: frozenset[str] = frozenset(),
) -> list[Page]:  # fmt: skip
    definition = selectors.definition_of(response)
    roots = grow(definition, response.answers if answers is None else answers, more=more)
    scoring.settle(definition, roots)
    return rendering.pages(definition, roots, faults=faults, unread=response.unread if unread is None else unread)


def faults_of(response: Response) -> list[Fault]:
    """Why these answers can't be handed in yet: of the questions that are asked, and of no other.

    A text that can't be read stays in the draft when an earlier answer takes its question away; nobody would see why
    the form is refused.
    """
    definition = selectors.definition_of(response)
    pruned = validation.pruned(definition, response.answers)
    checked = validation.check(definition, pruned, strict=True, terminology=selectors.Catalogues())
    asked = {f.name for page in pages_of(response) for top in page.fields for f in top.walk() if f.enabled}
    items = {item.key: item for item in definition.walk()}
    unreadable = [
        Fault(name, items[key].link_id, _("This can't be read: %(text)s") % {"text": ", ".join(texts)})
        for name, texts in response.unread.items()
        for key in [name.rsplit(".", 1)[-1]]
        if key in items and name in asked
    ]
    named = {fault.name for fault in unreadable}
    return [*unreadable, *(fault for fault in checked.faults if fault.name not in named)]


def form_context(response: Response, *, frame: str, number: int = 0, pages: list[Page] | None = None) -> dict[str, Any]:
    """`number` 0 shows the whole form on one page, as staff fill it in."""
    made = pages if pages is not None else pages_of(response)
    shown = [page for page in made if page.number == number] if number else made
    last = not number or not any(page.enabled and page.number > number for page in made)
    several = len(made) > 1
    if last and not (number and several):
        action, label = "submit", _("Hand in")
    else:
        action, label = "next", _("Next")
    return {
        "frame": frame,
        "base": BASES[frame],
        "response": response,
        "definition": selectors.definition_of(response),
        "urls": urls(response, frame),
        "shown_pages": shown,
        "page_number": number,
        "total": len(made) if number else 1,
        "progress_label": _("Part %(n)d of %(all)d") % {"n": number, "all": len(made)},
        "errors": [field for page in shown for field in page.errors],
        "main_action": action,
        "main_label": label,
    }


def live_state(pages: Iterable[Page]) -> dict[str, Any]:
    """What the page's script needs after a save: which questions aren't asked, and what was calculated."""
    fields = [field for page in pages for top in page.fields for field in top.walk()]
    return {
        "hidden": [field.name for field in fields if not field.enabled],
        "calculated": {f.name: f.shown[0] if f.shown else "" for f in fields if f.widget == "calculated"},
        "meaning": {f.name: f.meaning for f in fields if f.widget == "calculated"},
    }


def differences(response: Response, saved: list[Json], mine: list[Json]) -> list[dict[str, str]]:
    """Question, what is saved, what the writer has: only where the two differ."""
    left, right = (_words(pages_of(response, answers=a, unread={})) for a in (saved, mine))
    names = [*left, *(name for name in right if name not in left)]
    rows = [
        {"label": (left.get(n) or right[n])[0], "saved": left.get(n, ("", ""))[1], "mine": right.get(n, ("", ""))[1]}
        for n in names
    ]
    return [row for row in rows if row["saved"] != row["mine"]]


def _words(pages: Iterable[Page]) -> dict[str, tuple[str, str]]:
    fields: list[Field] = [field for page in pages for top in page.fields for field in top.walk()]
    return {f.name: (f.label, "、".join(f.shown)) for f in fields if f.item.is_question}
