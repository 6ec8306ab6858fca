"""The workstation's menu: every place that staff may go to, in the order of a working day.

Who sees an entry is not written here: it is asked of the page's own access rule (hospital.kit.routes), so that what a
role may not open is not shown, and what is not built is not promised. To add a page, add a Place.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hospital.kit.actor import Actor
from hospital.kit.routes import may_open


@dataclass(frozen=True, slots=True)
class Place:
    title: Promise
    path: str
    icon: str


@dataclass(frozen=True, slots=True)
class Group:
    title: Promise | str
    places: tuple[Place, ...]


GROUPS: tuple[Group, ...] = (
    Group(
        "",
        (
            Place(_("My day"), "/staff/", "home"),
            Place(_("Clinic queue"), "/staff/queue/", "users"),
            Place(_("Online visits"), "/staff/consult/", "talk"),
            Place(_("My patients"), "/staff/patients/", "user"),
            Place(_("Results to sign"), "/staff/results/", "flask"),
            Place(_("Take specimens"), "/staff/specimens/", "scan"),
            Place(_("Pharmacy"), "/staff/pharmacy/", "pill"),
            Place(_("Treatment board"), "/staff/treatment/", "treatment"),
            Place(_("Scan a code"), "/staff/treatment/scan/", "qr"),
            Place(_("Follow-up"), "/staff/follow-up/", "follow-up"),
            Place(_("Emergency access"), "/staff/emergency/", "lock"),
            Place(_("Messages"), "/staff/messages/", "bell"),
        ),
    ),
    Group(
        _("Desk"),
        (
            Place(_("Window and telephone"), "/staff/desk/", "phone"),
            Place(_("Check-in"), "/staff/check-in/", "scan"),
            Place(_("Exam room"), "/staff/exam-room/", "image"),
            Place(_("Calls after a stopped clinic"), "/staff/stops/", "bell"),
            Place(_("Appeals against missed visits"), "/staff/appeals/", "scale"),
            Place(_("Rules set aside"), "/staff/overrides/", "scale"),
            Place(_("Rosters"), "/staff/rosters/", "calendar"),
            Place(_("Cash desk"), "/staff/cash/", "pay"),
            Place(_("Counts to check"), "/staff/cash/shifts/", "ok"),
            Place(_("Refunds"), "/staff/refunds/", "undo"),
            Place(_("Reconciliation"), "/staff/finance/", "scale"),
            Place(_("Finance analysis"), "/staff/finance/analysis/", "chart"),
            Place(_("Days to sign"), "/staff/finance/days/", "lock"),
            Place(_("Refused receipts"), "/staff/receipts/", "bill"),
            Place(_("Amendments"), "/staff/amendments/", "edit"),
            Place(_("Record quality"), "/staff/quality/", "shield"),
            Place(_("Messages from other systems"), "/staff/inbound/", "download"),
            Place(_("Questionnaires"), "/staff/forms/", "form"),
        ),
    ),
    Group(
        _("House"),
        (
            Place(_("Limits and rules"), "/staff/parameters/", "list"),
            Place(_("Emergency openings"), "/staff/emergency/reviews/", "shield"),
            Place(_("Audit trail"), "/staff/audit/", "eye"),
            Place(_("Dashboards"), "/staff/insight/", "chart"),
            Place(_("Accounts of staff"), "/staff/accounts/", "users"),
            Place(_("Programs"), "/staff/programs/", "lock"),
            Place(_("Administration"), "/admin/", "settings"),
        ),
    ),
)


def places_for(actor: Actor) -> Iterator[tuple[Group, list[Place]]]:
    """The groups with what this actor may open; empty groups are left out."""
    for group in GROUPS:
        places = [place for place in group.places if may_open(actor, place.path)]
        if places:
            yield group, places
