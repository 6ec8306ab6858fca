"""What apps above may register with emr.

    kinds.register_order(OrderKind("treatment", _("Treatment"), item_of=..., on_placed=..., on_paid=..., on_cancelled=...))
    kinds.follow_orders(OrderFollower("appointments.exams", _("Exam appointments"), ("lab", "imaging"), on_paid=...))
    kinds.register_encounter(EncounterUse("consult.visit", _("Online visit"), may_order=..., on_note_signed=...))

The `on_...` handlers are called from a Notice, after the commit of what they speak of, and may be called again when
they failed; the questions (`item_of`, `may_...`) are asked inside the verb, must only read, and refuse by a Problem.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise

from hospital.kit.problems import Text

from .models import Encounter, Order

Told = Callable[[int, datetime], None]


def nothing(row_id: int, at: datetime) -> None:
    """For handlers that an app doesn't need."""


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """What an order keeps of an item of a catalogue. `price_code` empty: free of charge."""

    code: str
    name: str
    price_code: str = ""
    preparation: str = ""
    sex: str = ""  # GB/T 2261.1; empty: everyone


@dataclass(frozen=True, slots=True)
class OrderKind:
    """item_of(code, at): the facts of an item, None when it can't be ordered.

    may_cancel(order, at): raises a Problem when it is too late; asked when the patient or doctor takes the order back
    and when billing asks whether it may be refunded. page(encounter_id): where the doctor orders this kind, when it
    has a page of its own; a link to it stands beside the orders of the visit. paid_page(order_id): where the patient goes on
    who has paid. used(order_id): of an order that is given piece by piece, how many of each price code were given: their
    money stays (PAY-09).
    """

    name: str
    title: str | Promise
    item_of: Callable[[str, datetime], ItemFacts | None]
    on_placed: Told = nothing
    on_paid: Told = nothing
    on_cancelled: Told = nothing
    may_cancel: Callable[[Order, datetime], None] | None = None
    page: Callable[[int], str] | None = None
    paid_page: Callable[[int], str] | None = None
    used: Callable[[int], Mapping[str, int]] | None = None


@dataclass(frozen=True, slots=True)
class OrderFollower:
    """An app that does something with orders of kinds that aren't its own, e.g. finds a time for them.

    page(encounter_id): where staff sees to it; a link to it stands beside the orders of the visit.
    """

    name: str
    title: str | Promise
    kinds: tuple[str, ...]
    on_paid: Told = nothing
    on_cancelled: Told = nothing
    page: Callable[[int], str] | None = None


@dataclass(frozen=True, slots=True)
class EncounterLink:
    """Something else that a doctor does from a visit, on a page of an upper app; a link to it stands beside the orders."""

    name: str
    title: str | Promise
    page: Callable[[int], str]  # encounter id


def always(encounter: Encounter, at: datetime) -> None:
    """For uses without further conditions."""


def no_defects(encounter: Encounter, at: datetime) -> Mapping[str, Text]:
    """For uses without quality rules of their own."""
    return {}


@dataclass(frozen=True, slots=True)
class EncounterUse:
    """Why encounters exist, by Encounter.because. may_order and may_prescribe raise the Problem that forbids it.

    page(encounter): where its doctor works, when the note stands beside something of the upper app (a talk); saving,
    signing and ordering come back there. desk(request, context, status) draws that page around the note's own
    context, so that a refused signature is shown there too, with every word that was typed.
    """

    name: str
    title: str | Promise
    may_order: Callable[[Encounter, datetime], None] = always
    may_prescribe: Callable[[Encounter, datetime], None] = always
    defects: Callable[[Encounter, datetime], Mapping[str, Text]] = no_defects  # class A rules of its own (Q38..Q41)
    on_note_signed: Told = nothing  # encounter id
    on_prescribed: Told = nothing  # prescription id, after signing
    on_ordered: Told = nothing  # order id, after placing
    page: Callable[[Encounter], str] | None = None
    desk: Callable[[HttpRequest, dict[str, Any], int], HttpResponse] | None = None


_orders: dict[str, OrderKind] = {}
_encounters: dict[str, EncounterUse] = {}
_followers: dict[str, OrderFollower] = {}
_links: dict[str, EncounterLink] = {}


def register_order(kind: OrderKind) -> None:
    if kind.name in _orders:
        raise ValueError(f"two kinds of order are named {kind.name}")
    _orders[kind.name] = kind


def follow_orders(follower: OrderFollower) -> None:
    if follower.name in _followers:
        raise ValueError(f"two followers of orders are named {follower.name}")
    _followers[follower.name] = follower


def order_followers(kind: str = "") -> list[OrderFollower]:
    """Those of one kind of order, or all."""
    return [one for one in _followers.values() if not kind or kind in one.kinds]


def link_encounters(link: EncounterLink) -> None:
    if link.name in _links:
        raise ValueError(f"two links of encounters are named {link.name}")
    _links[link.name] = link


def encounter_links() -> list[EncounterLink]:
    return list(_links.values())


def register_encounter(use: EncounterUse) -> None:
    if use.name in _encounters:
        raise ValueError(f"two uses of encounters are named {use.name}")
    _encounters[use.name] = use


def order_kind(name: str) -> OrderKind:
    return _orders[name]


def order_kinds() -> dict[str, OrderKind]:
    return dict(_orders)


def encounter_use(encounter: Encounter) -> EncounterUse:
    """The use that an upper app registered; an encounter that nobody registered for has no conditions."""
    return _encounters.get(encounter.because) or EncounterUse(encounter.because, encounter.because)


def work_url(encounter: Encounter) -> str:
    """The page on which its doctor works on this encounter."""
    page = encounter_use(encounter).page
    return page(encounter) if page is not None else reverse("emr_staff:encounter", args=[encounter.pk])
