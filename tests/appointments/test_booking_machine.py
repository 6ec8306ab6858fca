"""Any order of holds, payments, expiry, cancelling, moving, stops, substitutes, quotas and the waiting list leaves the house in order (G01, G02, AP-02).

After each step every SQL invariant of bookings and of money is asked, and what the person concerned may rely on. Time
moves by minutes, and to within half a second of the end of a hold. BOOKING_MACHINE=200 tries more, and longer.
"""

import os
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

import billing.services
from appointments import services
from appointments.models import Booking, Channel, Period, Place, Quota, Session, StopCase, Waiting
from appointments.services.pools import quotas_apply
from appointments.states import ACTIVE_BOOKING, BookingStatus
from hospital.kit import invariants
from hospital.kit.problems import NotFound, Problem
from tests.appointments.conftest import HOUSE, Clinic
from tests.cast import Person, actor_of_person

EXAMPLES = int(os.environ.get("BOOKING_MACHINE", "8"))
STEPS = 20 if EXAMPLES < 50 else 60
PEOPLE = 4
MOMENTS = st.integers(-500, 500)  # milliseconds from the end of a hold
SOME = st.integers(0, 7)

pytestmark = pytest.mark.django_db


class Bookings(RuleBasedStateMachine):
    clinic: ClassVar[Clinic]
    people: ClassVar[list[Person]]
    sessions: ClassVar[list[Session]]
    booked: ClassVar[int] = 0  # over all examples: a machine that never books would prove nothing
    given_back: ClassVar[int] = 0
    offered: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.atomic()
        self.savepoint._from_testcase = True  # type: ignore[attr-defined]  # lets the product's durable transactions run inside
        self.savepoint.__enter__()
        self.at = self.clinic.at
        self.paid = 0

    @initialize()
    def open(self) -> None:
        """Two who have paid and one who has not: from here every step has something to meet."""
        periods = self.periods()
        for number, period in enumerate([periods[0], periods[-1], periods[1]]):
            booking = self.clinic.hold(self.people[number], period)
            if number < 2:
                self.money(booking, told=True)

    def held(self, number: int) -> Booking | None:
        rows = list(Booking.objects.filter(status=BookingStatus.HELD).order_by("pk"))
        return rows[number % len(rows)] if rows else None

    def one(self, number: int) -> Booking | None:
        rows = list(Booking.objects.order_by("pk"))
        return rows[number % len(rows)] if rows else None

    def periods(self) -> list[Period]:
        return list(Period.objects.filter(session__in=self.sessions).order_by("pk"))

    def attempt(self, act: Any, **given: Any) -> Any:
        """A refusal is an answer; anything else that is raised fails the machine."""
        try:
            return act(at=self.at, **given)
        except NotFound:
            raise
        except Problem as problem:
            return problem

    @rule(
        who=st.integers(0, PEOPLE - 1), when=SOME, channel=st.sampled_from([Channel.APP, Channel.PHONE, Channel.DOCTOR])
    )
    def hold(self, who: int, when: int, channel: Channel) -> None:
        periods = self.periods()
        self.attempt(
            services.booking_hold, actor=HOUSE, patient_id=self.people[who].patient_id,
            period_id=periods[when % len(periods)].pk, channel=channel,
        )  # fmt: skip

    @rule(who=st.integers(0, PEOPLE - 1), when=SOME)
    def hold_extra(self, who: int, when: int) -> None:
        period = self.periods()[when % len(self.periods())]
        self.attempt(
            services.booking_hold, actor=HOUSE, patient_id=self.people[who].patient_id, period_id=period.pk,
            channel=Channel.DOCTOR, extra=True,
        )  # fmt: skip

    @rule(number=SOME, told=st.booleans())
    def pay(self, number: int, told: bool) -> None:
        booking = self.held(number)
        if booking is not None:
            self.money(booking, told)

    def money(self, booking: Booking, told: bool) -> None:
        """The channel took the money; whether billing's notice reaches us before the next step is chance."""
        try:
            self.clinic.money(booking, at=self.at)
        except Problem:  # the page was closed already: nothing was taken
            return
        self.paid += 1
        if told:
            billing.services.notices_deliver(at=self.at)

    @rule(number=SOME, off=MOMENTS, swept=st.sampled_from(["nothing", "holds", "charges", "both"]), told=st.booleans())
    def pay_at_the_last_moment(self, number: int, off: int, swept: str, told: bool) -> None:
        """G02: within half a second of the end, before or after the sweeps have seen it."""
        booking = self.held(number)
        if booking is None or booking.held_until is None:
            return
        self.at = max(self.at, booking.held_until + timedelta(milliseconds=off))
        if swept in {"charges", "both"}:
            billing.services.charges_expire(at=self.at)
        if swept in {"holds", "both"}:
            services.holds_expire(at=self.at)
        self.money(booking, told)

    @rule(minutes=st.integers(1, 25))
    def wait(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)

    @rule()
    def sweep(self) -> None:
        self.drain()

    @rule(number=SOME)
    def cancel(self, number: int) -> None:
        booking = self.one(number)
        if booking is not None:
            self.attempt(services.booking_cancel, actor=self.owner(booking), booking_id=booking.pk)

    @rule(number=SOME, when=SOME)
    def move(self, number: int, when: int) -> None:
        booking = self.one(number)
        if booking is not None:
            period = self.periods()[when % len(self.periods())]
            self.attempt(services.booking_move, actor=self.owner(booking), booking_id=booking.pk, period_id=period.pk)

    def owner(self, booking: Booking) -> Any:
        person = next(one for one in self.people if one.patient_id == booking.patient_id)
        return actor_of_person(person if person.account else self.clinic.cast.wang_fang)

    @rule(which=st.integers(0, 1))
    def stop(self, which: int) -> None:
        session = Session.objects.get(pk=self.sessions[which].pk)
        if session.status == "open":
            services.session_stop(actor=HOUSE, session_id=session.pk, reason="停诊", at=self.at)

    @rule(which=st.integers(0, 1))
    def substitute(self, which: int) -> None:
        """Another doctor takes the session, and gives it back when it comes again."""
        session = Session.objects.get(pk=self.sessions[which].pk)
        first, second = self.sessions[which].doctor_id, self.clinic.cast.head.staff.pk
        self.attempt(
            services.session_substitute, actor=HOUSE, session_id=session.pk,
            doctor_id=second if session.doctor_id == first else first,
        )  # fmt: skip

    @rule(number=SOME)
    def take_the_money_of_a_stopped_clinic(self, number: int) -> None:
        cases = list(StopCase.objects.filter(status="open").select_related("booking").order_by("pk"))
        if cases:
            booking = cases[number % len(cases)].booking
            self.attempt(services.stop_refund, actor=self.owner(booking), booking_id=booking.pk)

    @rule(who=st.integers(0, PEOPLE - 1), which=st.integers(0, 1))
    def wait_in_line(self, who: int, which: int) -> None:
        """The waiting list: what comes free is offered by the sweep, as a hold like any other."""
        person = self.people[who]
        self.attempt(
            services.waiting_enter, actor=actor_of_person(person if person.account else self.clinic.cast.wang_fang),
            patient_id=person.patient_id, doctor_id=self.sessions[which].doctor_id, first=self.clinic.day,
            last=self.clinic.day,
        )  # fmt: skip

    @rule(pool=st.sampled_from(["phone", "room", "kiosk"]), percent=st.sampled_from([0, 25, 50, 100]))
    def edit_quota(self, pool: str, percent: int) -> None:
        day = self.clinic.day
        Quota.objects.update_or_create(
            pool=pool, defaults={"percent": percent, "effective_from": day, "back_hours": 12}
        )
        quotas_apply(actor=HOUSE, first=day, last=day, at=self.at)

    @invariant()
    def the_house_is_in_order(self) -> None:
        ours = [one for one in invariants.registered() if one.name.split(".")[0] in {"appointments", "billing"}]
        assert len(ours) > 10
        broken = {one.name: rows for one in ours if (rows := invariants.offenders(one))}
        assert not broken, broken

    @invariant()
    def who_has_a_place_has_a_booking_and_the_other_way_round(self) -> None:
        owners = set(Place.objects.filter(booking__isnull=False).values_list("booking_id", "pk"))
        assert owners == set(Booking.objects.filter(status__in=ACTIVE_BOOKING).values_list("pk", "place_id"))

    @invariant()
    def an_offer_is_of_a_booking_of_the_one_who_waits(self) -> None:
        for row in Waiting.objects.exclude(booking=None).select_related("booking"):
            assert row.booking is not None and row.booking.patient_id == row.patient_id
            type(self).offered += 1

    def drain(self) -> None:
        for _ in range(12):
            work = [
                services.stopped_bookings_cancel, services.holds_expire, billing.services.charges_expire,
                billing.services.notices_deliver, services.waiting_work_off,
            ]  # fmt: skip
            if not sum(sweep(at=self.at) for sweep in work):
                return
        raise AssertionError("sweeps never come to rest")

    def teardown(self) -> None:
        """In the end, each payment has bought a place or was owed back whole: never both, never neither."""
        try:
            if self.clinic is not None:
                self.at += timedelta(hours=48)  # the longest hold is over
                self.drain()
                self.the_house_is_in_order()
                self.settled()
        finally:
            transaction.set_rollback(True)
            self.savepoint.__exit__(None, None, None)

    def settled(self) -> None:
        for booking in Booking.objects.select_related("charge"):
            assert booking.charge is not None and booking.status != BookingStatus.HELD
            paid = booking.charge.order_parts.filter(order__payments__isnull=False).exists()
            owed_back = booking.charge.refunds.exists()
            owns = booking.status == BookingStatus.BOOKED
            assert paid == (owns or owed_back), (booking.status, paid, owed_back)
            assert not (owns and owed_back), booking.status
            type(self).booked += owns
            type(self).given_back += owed_back


def test_any_order_of_what_can_happen_to_bookings_leaves_the_house_in_order_g01_g02(clinic: Clinic) -> None:
    cast = clinic.cast
    other = clinic.open(
        clinic.roster(
            cast.other_doctor, clinic.day, "14:00", "14:20", department=cast.radiotherapy, period_minutes=10,
            places_per_period=2,
        )
    )  # fmt: skip
    few = clinic.open(clinic.roster(cast.doctor_li, clinic.day, "10:00", "10:15"))
    Bookings.clinic, Bookings.sessions = clinic, [few, other]
    Bookings.people = [cast.wang_fang, cast.mother, cast.stranger, cast.new_patient("钱四")]
    run_state_machine_as_test(
        Bookings,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, derandomize=EXAMPLES < 50, database=None,
            phases=[Phase.generate] if EXAMPLES < 50 else list(Phase),
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    assert Bookings.booked and Bookings.given_back, "no example ever booked, or none gave money back"
    assert Bookings.offered, "nobody who waited was ever offered a place"


@pytest.mark.parametrize("first", ["money", "holds", "charges"])
def test_a_payment_within_half_a_second_of_the_end_is_booked_or_refunded_g02(clinic: Clinic, first: str) -> None:
    """A grid over the last second instead of luck, for each order in which the channel and the two sweeps may come."""
    person, ends = clinic.cast.stranger, set()
    for off in range(-500, 501, 125):
        booking = clinic.hold(person, at=clinic.at)
        at = booking.held_until + timedelta(milliseconds=off)
        steps = {
            "money": lambda booking=booking, at=at: clinic.money(booking, at=at),
            "holds": lambda at=at: services.holds_expire(at=at + timedelta(minutes=4)),
            "charges": lambda at=at: billing.services.charges_expire(at=at),
        }
        for name in sorted(steps, key=lambda name: name != first):
            try:
                steps[name]()
            except Problem as problem:
                assert name == "money", problem
        for _ in range(4):
            billing.services.notices_deliver(at=at + timedelta(minutes=5))
            services.holds_expire(at=at + timedelta(minutes=5))
        booking.refresh_from_db()
        paid = booking.charge.order_parts.filter(order__payments__isnull=False).exists()
        owed_back = booking.charge.refunds.exists()
        owns = Place.objects.filter(booking=booking).exists()
        assert owns == (booking.status == BookingStatus.BOOKED)
        assert paid == (owns != owed_back) and not (owns and owed_back), (off, booking.status)
        ends.add(booking.status)
        if owns:
            services.booking_cancel(actor=HOUSE, booking_id=booking.pk, at=at + timedelta(minutes=6))
        Place.objects.filter(period=clinic.period()).update(free_from=None)
    assert ends <= {BookingStatus.BOOKED, BookingStatus.EXPIRED}
    if first == "money":
        assert BookingStatus.BOOKED in ends
