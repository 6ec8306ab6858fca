"""Lines of a talk as a page or socket shows them."""

from collections.abc import Iterable
from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hospital.kit.routes import page_exists

from . import selectors
from .models import MessageKind, OnlineVisit, Sender, TalkMessage

_CARDS: dict[str, tuple[Promise, str, str]] = {
    "order": (_("Tests ordered for you"), "flask", "/orders/{id}/"),
    "prescription": (_("Prescription, with the pharmacist first"), "pill", "/prescriptions/{id}/"),
    "note": (_("Record of this visit, signed"), "report", ""),
}


def shown(lines: Iterable[TalkMessage], viewer: str) -> list[dict[str, Any]]:
    """What a template needs of each line; `viewer` is the side that reads ("patient" or "doctor")."""
    return [_shown(line, viewer) for line in lines]


def _shown(line: TalkMessage, viewer: str) -> dict[str, Any]:
    if line.kind == MessageKind.PICTURE:
        return _picture(line, viewer)
    title, icon, url = _CARDS.get(str(line.card.get("what", "")), ("", "", ""))
    url = url.format(id=line.card.get("id", ""))
    return {
        "seq": line.seq,
        "at": line.at,
        "text": line.text,
        "mine": line.sender == viewer,
        "who": Sender(line.sender).label,
        "is_system": line.kind == MessageKind.SYSTEM,
        "is_card": line.kind == MessageKind.CARD,
        "key": line.client_key if line.sender == viewer else "",
        "title": title,
        "icon": icon,
        "url": url if viewer == Sender.PATIENT and url and page_exists(url) else "",
    }


def _picture(line: TalkMessage, viewer: str) -> dict[str, Any]:
    return {
        "seq": line.seq,
        "at": line.at,
        "mine": line.sender == viewer,
        "who": Sender(line.sender).label,
        "is_picture": True,
        "key": line.client_key if line.sender == viewer else "",
        "url": reverse("consult:picture", args=[line.visit_id, line.card["id"]]),
        "width": line.card["width"],
        "height": line.card["height"],
    }


def news(visit: OnlineVisit, after: int, viewer: str) -> dict[str, Any]:
    """Everything after line `after`, for a page that has the lines before."""
    found = selectors.lines_after(visit.pk, after)
    return {
        "type": "lines",
        "html": render_to_string("consult/_lines.html", {"lines": shown(found, viewer)}) if found else "",
        "last": found[-1].seq if found else after,
        "status": visit.status,
        "open": visit.talk_is_open,
    }
