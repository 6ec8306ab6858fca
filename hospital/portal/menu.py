"""What the portal offers, in which order: only what exists, and opens for the reader (hospital.kit.routes)."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hospital.kit.actor import Actor, Role
from hospital.kit.routes import may_open, page_exists


@dataclass(frozen=True, slots=True)
class Item:
    title: Promise
    path: str
    icon: str
    text: Promise | str = ""


@dataclass(frozen=True, slots=True)
class Group:
    title: Promise
    items: list[Item]


# The functions of one touch (H3): the four that most visits begin with.
_COMMON = (
    Item(_("Book a visit"), "/doctors/", "calendar-check", _("Outpatient clinic")),
    Item(_("Online return visit"), "/consult/", "talk", _("Text and pictures")),
    Item(_("Pay"), "/pay/", "pay", _("Everything that is open")),
    Item(_("Reports"), "/reports/", "report", _("Tests and imaging")),
)

# The groups of H3.
_OUTPATIENT = (
    Item(_("My visits"), "/visits/", "clock"),
    Item(_("Pre-visit questions"), "/forms/", "form"),
    Item(_("My tests and treatments"), "/orders/", "flask"),
    Item(_("Prescriptions"), "/prescriptions/", "pill"),
    Item(_("Check in"), "/check-in/", "scan"),
    Item(_("Which department?"), "/triage/", "stethoscope"),
    Item(_("Exam appointments"), "/exams/", "calendar"),
)
_TREATMENT = (
    Item(_("My treatment"), "/treatment/", "treatment"),
    Item(_("Follow-up"), "/follow-up/", "follow-up"),
    Item(_("Admission"), "/inpatient/", "bed"),
)
_CONVENIENCE = (
    Item(_("Visit card"), "/card/", "qr"),
    Item(_("Bills and invoices"), "/bills/", "bill"),
    Item(_("Family members"), "/family/", "users"),
    Item(_("Price list"), "/prices/", "list"),
    Item(_("Copies of records"), "/copies/", "book"),
    Item(_("Who opened my record"), "/record-access/", "eye"),
)
_HEALTH = (
    Item(_("Health articles"), "/articles/", "book"),
    Item(_("Risk assessment"), "/risk/", "heart"),
)

# Care mode (AG-01): these six and nothing else.
_CARE = (
    Item(_("Book a visit"), "/doctors/", "calendar-check"),
    Item(_("Online return visit"), "/consult/", "talk"),
    Item(_("Pay by phone"), "/pay/", "pay"),
    Item(_("See reports"), "/reports/", "report"),
    Item(_("Pre-visit questions"), "/forms/", "form"),
    Item(_("Family members"), "/family/", "users"),
)

_MINE = (
    Item(_("Family members"), "/family/", "users"),
    Item(_("Visit card"), "/card/", "qr"),
    Item(_("My visits"), "/visits/", "calendar-check"),
    Item(_("Reports"), "/reports/", "report"),
    Item(_("Prescriptions"), "/prescriptions/", "pill"),
    Item(_("Bills and invoices"), "/bills/", "bill"),
    Item(_("Messages"), "/messages/", "bell"),
    Item(_("Who opened my record"), "/record-access/", "eye"),
)
_HELP = (
    Item(_("About the hospital"), "/about/", "building"),
    Item(_("Price list"), "/prices/", "list"),
    Item(_("Complaints"), "/complaints/", "message"),
)


def _there(items: Iterable[Item], actor: Actor) -> list[Item]:
    """Who hasn't signed in yet is shown everything: each door asks them in."""
    if Role.ANONYMOUS in actor.roles:
        return [item for item in items if page_exists(item.path)]
    return [item for item in items if may_open(actor, item.path)]


def common(actor: Actor) -> list[Item]:
    return _there(_COMMON, actor)


def groups(actor: Actor) -> list[Group]:
    found = [
        Group(_("Outpatient"), _there(_OUTPATIENT, actor)),
        Group(_("Treatment and inpatient"), _there(_TREATMENT, actor)),
        Group(_("Convenience"), _there(_CONVENIENCE, actor)),
        Group(_("Health"), _there(_HEALTH, actor)),
    ]
    return [group for group in found if group.items]


def care(actor: Actor) -> list[Item]:
    return _there(_CARE, actor)


def mine(actor: Actor) -> list[Item]:
    return _there(_MINE, actor)


def help_places(actor: Actor) -> list[Item]:
    return _there(_HELP, actor)


def care_mode_on(request: HttpRequest) -> bool:
    """Did this person, or this device, ask for care mode?"""
    return bool(getattr(request.user, "care_mode", False)) or request.COOKIES.get("ih_care") == "1"
