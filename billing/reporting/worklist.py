"""The differences as the list that the finance office works off: sieved, in pages, and whole as a file (PAY-05, PAY-08)."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Case, Count, IntegerField, QuerySet, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hospital.kit.actor import Actor, Role
from hospital.kit.problems import NotFound
from hospital.organisation.models import Staff

from ..models import Channel, ReconCase
from ..states import CaseStatus
from .sheets import Cell, yuan
from .words import reason_title

# Days since the day that a difference is of: first and last.
AGES = {"1": ("≤1", 0, 1), "3": ("2-3", 2, 3), "7": ("4-7", 4, 7), "8": (">7", 8, 36500)}
STATES = {
    "": gettext_lazy("not finished"), **{status.value: status.label for status in CaseStatus}, "all": gettext_lazy("all")
}  # fmt: skip
MINE, NOBODY = "mine", "nobody"

# What nobody works on comes first, then what waits for a second person; the oldest before the younger.
_TURN = Case(
    When(status=CaseStatus.OPEN, then=Value(0)),
    When(status=CaseStatus.PROPOSED, then=Value(1)),
    When(status=CaseStatus.CARRIED, then=Value(2)),
    default=Value(3),
    output_field=IntegerField(),
)


@dataclass(frozen=True, slots=True)
class Sieve:
    """Which differences: an empty value lets all pass; `state` empty means those that aren't finished."""

    day: date | None = None
    channel: str = ""
    difference: str = ""
    state: str = ""
    owner: str = ""  # MINE, NOBODY or the number of a member of staff
    age: str = ""


def cases_found(actor: Actor, sieve: Sieve, *, today: date) -> QuerySet[ReconCase]:
    """The differences that pass the sieve, in the order in which they are worked off."""
    if not actor.is_any(Role.FINANCE):
        raise NotFound
    rows = ReconCase.objects.select_related("owner")
    if sieve.state == "":
        rows = rows.exclude(status=CaseStatus.DONE)
    elif sieve.state != "all":
        rows = rows.filter(status=sieve.state)
    same = {"day": sieve.day, "channel": sieve.channel, "difference": sieve.difference}
    rows = rows.filter(**{name: value for name, value in same.items() if value})
    if sieve.owner == NOBODY:
        rows = rows.filter(owner=None)
    elif sieve.owner:
        rows = rows.filter(owner=actor.own_staff_id if sieve.owner == MINE else int(sieve.owner))
    if sieve.age:
        _label, least, most = AGES[sieve.age]
        rows = rows.filter(day__lte=today - timedelta(days=least), day__gte=today - timedelta(days=most))
    return rows.order_by(_TURN, "day", "pk")


def case_after(actor: Actor, case: ReconCase) -> int | None:
    """The next unfinished difference of the same day, channel and class, round and round; None when this was the last."""
    if not actor.is_any(Role.FINANCE):
        raise NotFound
    rows = ReconCase.objects.filter(channel=case.channel, day=case.day, difference=case.difference)
    left = rows.exclude(status=CaseStatus.DONE).exclude(pk=case.pk).order_by("pk").values_list("pk", flat=True)
    return left.filter(pk__gt=case.pk).first() or left.first()


def owners() -> list[tuple[int, str]]:
    """Who works on what isn't finished."""
    busy = ReconCase.objects.exclude(status=CaseStatus.DONE).exclude(owner=None)
    return list(Staff.objects.filter(pk__in=busy.values("owner_id")).order_by("name", "pk").values_list("pk", "name"))


def unfinished_by_age(today: date) -> list[tuple[str, str, int]]:
    """How old the differences are that nobody finished: the age's code, its words, how many."""
    days = ReconCase.objects.exclude(status=CaseStatus.DONE).values_list("day").annotate(n=Count("pk")).order_by("day")
    found: Counter[str] = Counter()
    for day, many in days:
        age = (today - day).days
        found[next(code for code, (_label, least, most) in AGES.items() if least <= max(age, 0) <= most)] += many
    return [(code, label, found[code]) for code, (label, _least, _most) in AGES.items()]


def as_rows(cases: Iterable[ReconCase]) -> Iterator[list[Cell]]:
    """A file's lines, one after the other: nothing is kept of those that went before."""
    yield [
        _("Day"), _("Channel"), _("Class"), _("What differs"), _("Movement"), _("Our number"), _("Hospital"), _("Platform"),
        _("At the channel"), _("State"), _("Days open"), _("Works on it"), _("Proposed action"), _("Remark"), _("Result"),
    ]  # fmt: skip
    channels = {channel.value: str(channel.label) for channel in Channel}
    for case in cases:
        yield [
            f"{case.day}", channels[case.channel], f"{case.difference} {case.get_difference_display()}", reason_title(case.reason),
            case.subject, case.numbers, yuan(case.hospital), yuan(case.platform), yuan(case.channel_amount),
            str(case.get_status_display()), None if case.status == CaseStatus.DONE else case.age,
            case.owner.name if case.owner else None, str(case.get_action_display()), case.note, case.result,
        ]  # fmt: skip
