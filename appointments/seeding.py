"""The demo's rosters and sessions; run again, they change nothing.

The doctor of the demo's day (doctor01) has a small clinic that is sold out for two weeks and online hours every day.
`large` is 500 doctors with 60 places a day for 30 days: 900,000 places, made by the same one statement as any session.
"""

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from django.db import transaction

import billing.services
from billing.models import Channel as PayChannel
from billing.models import PayMethod
from hospital.kit import clock
from hospital.kit.actor import Role, system
from hospital.organisation.models import Post, Staff, Title
from hospital.people.models import Patient

from . import kinds, services
from .exam_seeding import seed_exams
from .models import Channel, Level, Period, RosterSlot, VisitKind

_HOUSE = system("appointments.seed")
_SOLD_OUT = "doctor01"
_DAYS = {"tiny": 7, "demo": 14, "large": 30}
_WORKDAYS = (1, 2, 3, 4, 5)
_EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)

# Items of the demo's price list by title: at the hospital, online.
_FEES = {
    Title.CHIEF: ("110200003", "111000003"),
    Title.ASSOCIATE_CHIEF: ("110200002", "111000002"),
}
_FEE = ("110200001", "111000001")


def seed(*, size: str, rng: random.Random, at: datetime) -> None:
    """Rosters of every doctor that patients see, their sessions, and a doctor whose clinic is full."""
    doctors = list(_doctors(at))
    with transaction.atomic():
        for place, (doctor, department_id) in enumerate(doctors):
            lines = _large(place) if size == "large" else _weekly(doctor, place, rng)
            for line in lines:
                _slot(doctor, department_id, place, at, *line)
    today = clock.business_day(at)
    for number in range(_DAYS[size] + 1):  # what is left of today, and so many whole days
        services.sessions_generate(
            actor=_HOUSE, first=today + timedelta(days=number), last=today + timedelta(days=number), at=at
        )
    if size != "large":
        _sell_out(at)
        seed_exams(days=_DAYS[size], at=at)


def _doctors(at: datetime) -> Iterator[tuple[Staff, int]]:
    """Doctors shown to patients, each with a department of theirs."""
    seen: set[int] = set()
    posts = Post.objects.filter(
        role=Role.DOCTOR, effective_to=None, staff__is_listed=True, staff__suspended_at=None, department__is_open=True
    ).select_related("staff")
    for post in posts.order_by("staff__number", "pk"):
        if post.staff_id not in seen:
            seen.add(post.staff_id)
            yield post.staff, post.department_id


# weekdays, starts, ends, kind, minutes of a period, places in it
Line = tuple[tuple[int, ...], str, str, str, int, int]


def _weekly(doctor: Staff, place: int, rng: random.Random) -> list[Line]:
    if doctor.number == _SOLD_OUT:
        return [
            ((2, 4), "08:00", "10:00", VisitKind.CLINIC, 15, 1),
            (_EVERY_DAY, "12:00", "13:30", VisitKind.ONLINE, 10, 1),
            (_EVERY_DAY, "19:00", "21:00", VisitKind.ONLINE, 10, 1),
        ]
    mornings = _WORKDAYS[place % 2 :: 2]
    afternoons = tuple(day for day in _WORKDAYS if day not in mornings)
    lines: list[Line] = [
        (mornings, "08:00", "11:30", VisitKind.CLINIC, 5, 1),
        (afternoons, "13:30", "16:30", VisitKind.CLINIC, 10, 2),
    ]
    if doctor.online_consent_at is not None:
        evenings = tuple(sorted(rng.sample(_EVERY_DAY, 3)))
        lines.append((evenings, "19:00", "20:30", VisitKind.ONLINE, 10, 1))
    return lines


def _large(place: int) -> list[Line]:
    """60 places a day: 30 in the morning, 30 in the afternoon or online in the evening."""
    second = ("19:00", "21:30", VisitKind.ONLINE) if place % 4 == 0 else ("13:30", "16:00", VisitKind.CLINIC)
    return [
        (_EVERY_DAY, "08:00", "10:30", VisitKind.CLINIC, 5, 1),
        (_EVERY_DAY, *second, 5, 1),
    ]


def _slot(
    doctor: Staff,
    department_id: int,
    place: int,
    at: datetime,
    weekdays: tuple[int, ...],
    starts: str,
    ends: str,
    kind: str,
    minutes: int,
    places: int,
) -> None:
    fees = _FEES.get(Title(doctor.title), _FEE)
    expert = doctor.title in _FEES
    known = set(
        RosterSlot.objects.filter(doctor=doctor, starts=time.fromisoformat(starts)).values_list("weekday", flat=True)
    )
    RosterSlot.objects.bulk_create(
        RosterSlot(
            doctor=doctor, department_id=department_id, room="" if kind == VisitKind.ONLINE else f"{place % 20 + 1}诊室",
            weekday=weekday, starts=time.fromisoformat(starts), ends=time.fromisoformat(ends), kind=kind,
            level=Level.EXPERT if expert else Level.NORMAL, period_minutes=minutes, places_per_period=places,
            fee_item=fees[kind == VisitKind.ONLINE], effective_from=_monday(at),
        )
        for weekday in weekdays
        if weekday not in known
    )  # fmt: skip


def _monday(at: datetime) -> date:
    day = clock.business_day(at)
    return day - timedelta(days=day.isoweekday() - 1)


def _sell_out(at: datetime) -> None:
    """Every place of the sold-out clinic is booked and paid at the desk, by patients who aren't the demo's heroine."""
    patients = list(Patient.objects.exclude(verified_at=None).order_by("record_no").values_list("pk", flat=True)[2:])
    free = Period.objects.filter(
        session__doctor__number=_SOLD_OUT, session__kind=VisitKind.CLINIC, starts_at__gt=at, places__booking=None
    ).select_related("session")
    sessions: dict[int, list[Period]] = {}
    for period in free.order_by("starts_at"):
        sessions.setdefault(period.session_id, []).append(period)
    if "clinic" not in kinds.registered() or not patients:
        return
    for turn, periods in enumerate(sessions.values()):
        for number, period in enumerate(periods[: len(patients)]):
            _book(patients[(turn * 3 + number) % len(patients)], period, at)


def _book(patient_id: int, period: Period, at: datetime) -> None:
    booking = services.booking_hold(
        actor=_HOUSE, patient_id=patient_id, period_id=period.pk, at=at, channel=Channel.DESK
    )
    if booking.charge is None or booking.charge.amount == 0:
        return
    with transaction.atomic():
        order = billing.services.pay_order_open(
            actor=_HOUSE, charge_ids=[booking.charge.pk], channel=PayChannel.CASH, method=PayMethod.DESK, at=at
        )
    money = billing.services.Money(
        transaction_id=f"SEED-{order.number}", amount=order.amount, success_at=at, source="desk"
    )
    billing.services.payment_record(order_id=order.pk, money=money, at=at)
    billing.services.notices_deliver(at=at)
