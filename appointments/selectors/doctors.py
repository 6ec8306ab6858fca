"""What the public may see: doctors, when they sit, what is free and what it costs (IH-14). No patient data."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import Count, F, Q, QuerySet
from django.urls import reverse

from hospital.kit import clock
from hospital.kit.actor import Role
from hospital.kit.kept import Given, Kept
from hospital.organisation.models import Department, Post, Staff
from hospital.organisation.selectors import staff_search

from .. import kinds
from ..models import Session, VisitKind
from ..states import SessionStatus
from .free import FREE_SQL, is_free

DAYS_SHOWN = 14
LAST_DAY_SHOWN = timedelta(days=DAYS_SHOWN - 1)

Fee = Callable[[str, int | None], int | None]

# The first session with something free, by doctor and kind; when all are full, the first one, marked so.
_NEXT = f"""
SELECT DISTINCT ON (doctor_id, kind) id, doctor_id, kind, date, half_day, fee_item, department_id, free
FROM (
    SELECT session.*, EXISTS (
        SELECT FROM appointments_period AS period
        JOIN appointments_place AS place ON place.period_id = period.id AND {FREE_SQL}
        WHERE period.session_id = session.id AND period.starts_at > %(at)s
          AND (session.releases_at IS NULL OR session.releases_at <= %(at)s)
    ) AS free
    FROM appointments_session AS session
    WHERE status = 'open' AND doctor_id = ANY(%(doctors)s) AND date BETWEEN %(first)s AND %(last)s
      AND upper(during) > %(at)s
) AS sessions
ORDER BY doctor_id, kind, free DESC, during
"""  # noqa: S608 - constants only


_FEES = """
SELECT code, campus_id, price FROM billing_priceitem
WHERE code = ANY(%(codes)s::text[]) AND (campus_id IS NULL OR campus_id = ANY(%(campuses)s::bigint[]))
  AND effective_from <= %(at)s AND (effective_to IS NULL OR effective_to > %(at)s)
"""


@dataclass(frozen=True, slots=True)
class NextSession:
    """The next chance with a doctor, of one kind. `fee` is None when the price list has no price: nobody may guess."""

    session_id: int
    kind: str
    date: date
    half_day: str
    is_free: bool
    fee: int | None
    url: str


@dataclass(frozen=True, slots=True)
class DoctorCard:
    """A doctor in a list of doctors."""

    staff: Staff
    department: Department
    departments: list[Department]
    clinic: NextSession | None = None
    online: NextSession | None = None

    @property
    def soonest(self) -> date | None:
        """The first day with a free place."""
        return min((one.date for one in (self.clinic, self.online) if one is not None and one.is_free), default=None)

    @property
    def only_online(self) -> bool:
        """The clinic is full, or there is none, and an online visit is to be had (A2)."""
        return not (self.clinic and self.clinic.is_free) and bool(self.online and self.online.is_free)


def start_url(kind: str, session_id: int, doctor_id: int) -> str:
    """Where a patient begins to book a session of this kind."""
    registered = kinds.registered().get(kind)
    if registered is not None and registered.start_url is not None:
        return registered.start_url(session_id, doctor_id)
    return reverse("appointments:book", args=[session_id])


def fees_at(codes: Collection[str], campuses: Collection[int], *, at: datetime) -> Fee:
    """Prices of several items at several campuses in one query: fee(code, campus id) in fen, the campus's own before
    the hospital's, None where the price list has none (PAY-16)."""
    with connection.cursor() as cursor:
        cursor.execute(_FEES, {"at": at, "codes": list(set(codes)), "campuses": list(set(campuses))})
        found: dict[tuple[str, int | None], int] = {(code, campus): price for code, campus, price in cursor.fetchall()}
    return lambda code, campus_id: found.get((code, campus_id), found.get((code, None)))


def doctor_cards(
    text: str = "", department_id: int | None = None, *, at: datetime, limit: int = 50
) -> list[DoctorCard]:
    """Doctors by name, pinyin, initials, department or disease, with their next free clinic and online visit (A2)."""
    return cards_of(staff_search(text, department_id, at=at, limit=limit), at=at)


def earliest_first(cards: Collection[DoctorCard]) -> list[DoctorCard]:
    """Who can be seen soonest, at the hospital or online; who is full stands last, in the order of the search."""
    return sorted(cards, key=lambda card: card.soonest or date.max)


def cards_of(doctors: list[Staff], *, at: datetime) -> list[DoctorCard]:
    chances = _next_sessions([doctor.pk for doctor in doctors], at)
    cards = []
    for doctor in doctors:
        departments = [post.department for post in doctor.posts_now]  # type: ignore[attr-defined]
        if departments:
            own = chances.get(doctor.pk, {})
            cards.append(
                DoctorCard(doctor, departments[0], departments, own.get(VisitKind.CLINIC), own.get(VisitKind.ONLINE))
            )
    return cards


def _next_sessions(doctor_ids: list[int], at: datetime) -> dict[int, dict[str, NextSession]]:
    today = clock.business_day(at)
    with connection.cursor() as cursor:
        cursor.execute(
            _NEXT,
            {"at": at, "doctors": doctor_ids, "first": today, "last": today + timedelta(days=DAYS_SHOWN - 1)},
        )
        rows = cursor.fetchall()
    departments = dict(Department.objects.filter(pk__in={row[6] for row in rows}).values_list("pk", "campus_id"))
    fee = fees_at({row[5] for row in rows}, departments.values(), at=at)
    found: dict[int, dict[str, NextSession]] = {}
    for session_id, doctor_id, kind, day, half_day, item, department_id, free in rows:
        found.setdefault(doctor_id, {})[kind] = NextSession(
            session_id,
            kind,
            day,
            half_day,
            free,
            fee(item, departments[department_id]),
            start_url(kind, session_id, doctor_id),
        )
    return found


_SHOWN = Kept(
    lambda: (
        Post.objects.filter(
            Q(effective_to=None) | Q(effective_to__gte=Given("day")), role=Role.DOCTOR, effective_from__lte=Given("day"),
            department__is_open=True, staff=Given("staff_id"), staff__is_listed=True, staff__suspended_at=None,
        )
        .select_related("staff", "department__campus")
        .order_by("pk")
    )
)  # fmt: skip


def doctor_shown(staff_id: int, *, at: datetime) -> tuple[Staff, list[Department]] | None:
    """A doctor whom patients may see, with the departments of this day; None for everybody else."""
    posts = _SHOWN.rows(staff_id=staff_id, day=clock.business_day(at))
    return (posts[0].staff, [post.department for post in posts]) if posts else None


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A session as patients choose it: what is free of how much, at which price, and where to begin.

    opens_at: when its places are released, while that is still to come; nothing is free until then (AP-03)."""

    session: Session
    free: int
    fee: int | None
    url: str
    opens_at: datetime | None = None


@dataclass(slots=True)
class DoctorDay:
    """One day of a doctor's fortnight."""

    date: date
    lines: list[SessionLine] = field(default_factory=list)

    @property
    def free(self) -> int:
        return sum(line.free for line in self.lines)


def _with_free(at: datetime | Given) -> Count:
    return Count(
        "periods__places",
        filter=Q(periods__starts_at__gt=at, periods__places__isnull=False) & is_free(at, "periods__places__"),
    )


def _lines(sessions: Sequence[Session], at: datetime) -> list[SessionLine]:
    campus = {session.pk: getattr(session, "campus_id") for session in sessions}  # noqa: B009 - annotated
    fee = fees_at({session.fee_item for session in sessions}, set(campus.values()), at=at)
    return [
        SessionLine(
            session, 0 if _opens_at(session, at) else getattr(session, "free"),  # noqa: B009
            fee(session.fee_item, campus[session.pk]), start_url(session.kind, session.pk, session.doctor_id),
            _opens_at(session, at),
        )
        for session in sessions
    ]  # fmt: skip


def _opens_at(session: Session, at: datetime) -> datetime | None:
    return session.releases_at if session.releases_at is not None and session.releases_at > at else None


def _of_doctor() -> QuerySet[Session]:
    return (
        Session.objects.filter(
            doctor_id=Given("doctor_id"), status=SessionStatus.OPEN, date__gte=Given("first"), date__lte=Given("last"),
            during__endswith__gt=Given("at"),
        )
        .annotate(free=_with_free(Given("at")), campus_id=F("department__campus_id"))
        .order_by("during")
    )  # fmt: skip


_OF_DOCTOR = Kept(lambda: _of_doctor().select_related("department__campus"))
_OF_DOCTOR_BARE = Kept(_of_doctor)


def doctor_days(doctor_id: int, *, at: datetime) -> list[DoctorDay]:
    """The doctor's next fourteen days, by half-day, with what is free."""
    today = clock.business_day(at)
    days = {today + timedelta(days=number): DoctorDay(today + timedelta(days=number)) for number in range(DAYS_SHOWN)}
    sessions = _OF_DOCTOR.rows(doctor_id=doctor_id, first=today, last=today + LAST_DAY_SHOWN, at=at)
    for line in _lines(sessions, at):
        days[line.session.date].lines.append(line)
    return list(days.values())


def doctor_sessions(doctor_id: int, *, at: datetime) -> list[SessionLine]:
    """The same sessions one after the other, without the departments: a program knows them by number."""
    today = clock.business_day(at)
    return _lines(_OF_DOCTOR_BARE.rows(doctor_id=doctor_id, first=today, last=today + LAST_DAY_SHOWN, at=at), at)


_ONE = Kept(
    lambda: (
        Session.objects.filter(pk=Given("session_id"), status=SessionStatus.OPEN, during__endswith__gt=Given("at"))
        .select_related("department__campus", "doctor")
        .annotate(free=_with_free(Given("at")), campus_id=F("department__campus_id"))
    )
)


def session_line(session_id: int, *, at: datetime) -> SessionLine | None:
    """One session that can still be booked, or None."""
    session = _ONE.first(session_id=session_id, at=at)
    return None if session is None else _lines([session], at)[0]
