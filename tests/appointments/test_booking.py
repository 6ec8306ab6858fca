"""Hold, pay, book, cancel, expire."""

from datetime import timedelta

import pytest
from django.db import transaction

import billing.services
from appointments import errors, kinds, services
from appointments.models import Booking, Notice, Place
from appointments.states import BookingStatus
from billing.states import ChargeStatus
from hospital.kit.problems import NotFound, StaleMove
from hospital.messaging.models import Message, MessageStatus
from hospital.organisation import selectors as organisation
from hospital.organisation.models import PolicyParameter
from tests.appointments.conftest import FREE, HOUSE, Clinic, broken_invariants
from tests.cast import actor_of_person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_is_broken(clinic: Clinic) -> object:
    yield
    assert not broken_invariants()


def messages(clinic: Clinic, kind: str) -> list[Message]:
    return list(Message.objects.filter(account=clinic.cast.wang_fang.account, kind=kind))


def is_free(booking: Booking) -> bool:
    return Place.objects.filter(pk=booking.place_id, booking=None).exists()


def test_a_hold_takes_the_place_and_makes_its_bill_pay_11(clinic: Clinic) -> None:
    booking = clinic.hold(clinic.cast.wang_fang)
    assert booking.status == BookingStatus.HELD and booking.number == 1
    assert booking.held_until == clinic.at + timedelta(minutes=15)
    assert booking.charge is not None
    assert (booking.charge.amount, booking.charge.status, booking.charge.expires_at) == (
        5000, ChargeStatus.OPEN, booking.held_until,
    )  # fmt: skip
    assert not is_free(booking)


def test_payment_books_it_tells_the_patient_and_lets_the_doctor_read(clinic: Clinic) -> None:
    person, doctor = clinic.cast.wang_fang, actor_of_person(clinic.cast.doctor_li)
    assert not organisation.cares_for(doctor, person.patient_id, at=clinic.at)
    booking = clinic.book(person)
    assert booking.status == BookingStatus.BOOKED and booking.booked_at == clinic.at
    assert [one.url for one in messages(clinic, "booking.booked")] == [f"/visits/{booking.pk}/"]
    assert organisation.cares_for(doctor, person.patient_id, at=clinic.at)
    assert not organisation.cares_for(doctor, person.patient_id, at=booking.ends_at + timedelta(days=40))


def test_the_same_payment_told_twice_books_once(clinic: Clinic) -> None:
    booking = clinic.book(clinic.cast.wang_fang)
    with transaction.atomic():
        from appointments.services.booking import booking_paid

        booking_paid(booking.charge_id, clinic.at)
    assert len(messages(clinic, "booking.booked")) == 1


def test_what_costs_nothing_is_booked_at_once(clinic: Clinic) -> None:
    day = clinic.day + timedelta(days=1)
    session = clinic.open(clinic.roster(clinic.cast.doctor_li, day, "09:00", "10:00", fee_item=FREE))
    booking = clinic.hold(clinic.cast.wang_fang, clinic.period(0, session))
    assert booking.status == BookingStatus.BOOKED
    billing.services.notices_deliver(at=clinic.at)
    assert len(messages(clinic, "booking.booked")) == 1


def test_the_last_place_goes_to_one_of_two(clinic: Clinic) -> None:
    clinic.hold(clinic.cast.wang_fang)
    with pytest.raises(errors.PeriodFull):
        clinic.hold(clinic.cast.stranger)


def test_holding_the_same_time_again_is_the_same_hold(clinic: Clinic) -> None:
    first = clinic.hold(clinic.cast.wang_fang)
    assert clinic.hold(clinic.cast.wang_fang) == first
    assert Booking.objects.count() == 1


def test_one_booking_with_a_doctor_in_a_half_day_ap_04(clinic: Clinic) -> None:
    clinic.hold(clinic.cast.wang_fang)
    with pytest.raises(errors.OnePerHalfDay):
        clinic.hold(clinic.cast.wang_fang, clinic.period(5))
    assert Place.objects.exclude(booking=None).count() == 1  # the refused place was given back


def test_two_doctors_at_the_same_time_are_refused_ap_04(clinic: Clinic) -> None:
    clinic.hold(clinic.cast.wang_fang)
    session = clinic.open(
        clinic.roster(
            clinic.cast.other_doctor, clinic.day, "09:00", "10:00", department=clinic.cast.radiotherapy,
            period_minutes=30,
        )
    )  # fmt: skip
    with pytest.raises(errors.TimeOverlap):
        clinic.hold(clinic.cast.wang_fang, clinic.period(0, session))
    assert clinic.hold(clinic.cast.mother, clinic.period(0, session)).status == BookingStatus.HELD  # family is free


def test_so_many_departments_on_one_day_ap_04(clinic: Clinic) -> None:
    PolicyParameter.objects.create(
        name="appointments.departments_per_day", value=1, source="test", effective_from=clinic.at - timedelta(days=1)
    )
    clinic.hold(clinic.cast.wang_fang)
    session = clinic.open(
        clinic.roster(clinic.cast.other_doctor, clinic.day, "14:00", "15:00", department=clinic.cast.radiotherapy)
    )
    with pytest.raises(errors.TooManyDepartments) as refused:
        clinic.hold(clinic.cast.wang_fang, clinic.period(0, session))
    assert "1" in refused.value.reason


def test_a_real_name_is_needed_ap_01(clinic: Clinic) -> None:
    with pytest.raises(errors.RealNameNeeded):
        clinic.hold(clinic.cast.unverified)
    clinic.cast.mother.patient.verified_at = None
    clinic.cast.mother.patient.save(update_fields=["verified_at"])
    with pytest.raises(errors.RealNameNeeded):
        clinic.hold(clinic.cast.mother)


def test_nobody_books_for_a_stranger(clinic: Clinic) -> None:
    with pytest.raises(NotFound):
        services.booking_hold(
            actor=actor_of_person(clinic.cast.stranger), patient_id=clinic.cast.wang_fang.patient_id,
            period_id=clinic.period().pk, at=clinic.at,
        )  # fmt: skip


def test_a_time_that_is_over_is_refused(clinic: Clinic) -> None:
    with pytest.raises(errors.PeriodOver):
        clinic.hold(clinic.cast.wang_fang, at=clinic.session.starts_at)


def test_an_unpaid_hold_ends_when_billing_says_so_and_the_place_is_free_pay_11(clinic: Clinic) -> None:
    booking = clinic.hold(clinic.cast.wang_fang)
    later = clinic.at + timedelta(minutes=16)
    billing.services.charges_expire(at=later)
    billing.services.notices_deliver(at=later)
    booking.refresh_from_db()
    assert booking.status == BookingStatus.EXPIRED and is_free(booking)
    with pytest.raises(errors.PeriodFull):  # nobody can tell when it is to be had again (AP-05)
        clinic.hold(clinic.cast.stranger, at=later)
    assert clinic.hold(clinic.cast.stranger, at=later + timedelta(minutes=30)).place_id == booking.place_id
    assert not messages(clinic, "booking.cancelled")


def test_the_sweep_ends_a_hold_that_nobody_told_us_about(clinic: Clinic) -> None:
    booking = clinic.hold(clinic.cast.wang_fang)
    assert services.holds_expire(at=clinic.at + timedelta(minutes=15)) == 0  # billing may still hear of a payment
    assert services.holds_expire(at=clinic.at + timedelta(minutes=19)) == 1
    booking.refresh_from_db()
    assert booking.charge is not None
    assert (booking.status, booking.charge.status) == (BookingStatus.EXPIRED, ChargeStatus.CANCELLED)
    assert is_free(booking)


def test_money_of_the_last_second_books_even_if_the_sweep_comes_before_the_notice_g02(clinic: Clinic) -> None:
    booking = clinic.hold(clinic.cast.wang_fang)
    clinic.money(booking, at=clinic.at + timedelta(minutes=14, seconds=59))
    services.holds_expire(at=clinic.at + timedelta(minutes=19))
    booking.refresh_from_db()
    assert booking.status == BookingStatus.BOOKED
    billing.services.notices_deliver(at=clinic.at + timedelta(minutes=20))
    booking.refresh_from_db()
    assert booking.status == BookingStatus.BOOKED
    assert booking.charge is not None and booking.charge.refund_reserved == 0


def test_money_for_a_place_that_is_gone_goes_back_g02(clinic: Clinic) -> None:
    booking = clinic.hold(clinic.cast.wang_fang)
    clinic.money(booking)  # the channel took it; before the notice is delivered, the hold is cancelled
    services.booking_cancel(actor=actor_of_person(clinic.cast.wang_fang), booking_id=booking.pk, at=clinic.at)
    billing.services.notices_deliver(at=clinic.at)
    booking.refresh_from_db()
    assert booking.charge is not None
    assert booking.status == BookingStatus.CANCELLED and booking.charge.refund_reserved == 5000


def test_cancelling_gives_the_place_and_all_the_money_back_ap_05(clinic: Clinic) -> None:
    booking = clinic.book(clinic.cast.wang_fang)
    services.booking_cancel(
        actor=actor_of_person(clinic.cast.wang_fang), booking_id=booking.pk, at=clinic.at, reason="去不了"
    )
    booking.refresh_from_db()
    assert booking.charge is not None
    assert booking.status == BookingStatus.CANCELLED and booking.charge.refund_reserved == 5000
    assert is_free(booking)
    assert len(messages(clinic, "booking.cancelled")) == 1
    doctor = actor_of_person(clinic.cast.doctor_li)
    assert not organisation.cares_for(doctor, booking.patient_id, at=clinic.at + timedelta(seconds=1))
    clinic.at += timedelta(minutes=30)  # a given back place is offered again after a while (AP-05)
    assert clinic.book(clinic.cast.wang_fang).status == BookingStatus.BOOKED


def test_the_cut_off_of_cancelling_ap_05(clinic: Clinic) -> None:
    """An expert's clinic; of others: test_conduct.py."""
    booking = clinic.book(clinic.cast.wang_fang)
    actor = actor_of_person(clinic.cast.wang_fang)
    with pytest.raises(errors.CancelTooLate):
        services.booking_cancel(
            actor=actor, booking_id=booking.pk, at=booking.starts_at - timedelta(hours=3, minutes=59)
        )
    services.booking_cancel(actor=actor, booking_id=booking.pk, at=booking.starts_at - timedelta(hours=4))


def test_what_is_cancelled_is_not_cancelled_again_and_never_by_a_stranger(clinic: Clinic) -> None:
    booking = clinic.book(clinic.cast.wang_fang)
    with pytest.raises(NotFound):
        services.booking_cancel(actor=actor_of_person(clinic.cast.stranger), booking_id=booking.pk, at=clinic.at)
    services.booking_cancel(actor=actor_of_person(clinic.cast.wang_fang), booking_id=booking.pk, at=clinic.at)
    with pytest.raises(errors.NotCancellable):
        services.booking_cancel(actor=actor_of_person(clinic.cast.wang_fang), booking_id=booking.pk, at=clinic.at)


def test_the_reminder_waits_for_the_day_before_and_is_withdrawn_with_the_booking(clinic: Clinic) -> None:
    day = clinic.day + timedelta(days=3)
    session = clinic.open(clinic.roster(clinic.cast.doctor_li, day, "09:00", "10:00"))
    booking = clinic.book(clinic.cast.wang_fang, clinic.period(0, session))
    (reminder,) = messages(clinic, "booking.reminder")
    assert clinic.at < reminder.not_before < booking.starts_at
    services.booking_cancel(actor=actor_of_person(clinic.cast.wang_fang), booking_id=booking.pk, at=clinic.at)
    reminder.refresh_from_db()
    assert reminder.status == MessageStatus.WITHDRAWN


def test_money_given_back_at_the_desk_frees_the_place(clinic: Clinic) -> None:
    booking = clinic.book(clinic.cast.wang_fang)
    from appointments.services.booking import charge_refunded

    with transaction.atomic():
        billing.services.refund_request(
            actor=HOUSE, charge_id=booking.charge_id, at=clinic.at, reason="窗口退费", key="desk:1"
        )
        charge_refunded(booking.charge_id, clinic.at)
    booking.refresh_from_db()
    assert booking.status == BookingStatus.CANCELLED and is_free(booking)


def test_stopping_a_session_cancels_refunds_and_tells_everyone_ap_08(clinic: Clinic) -> None:
    booked, held = clinic.book(clinic.cast.wang_fang), clinic.hold(clinic.cast.stranger, clinic.period(3))
    concerned = services.session_stop(
        actor=actor_of_person(clinic.cast.admin), session_id=clinic.session.pk, reason="医生外出会诊", at=clinic.at
    )
    assert concerned == 2
    with pytest.raises(errors.SessionClosed):
        clinic.hold(clinic.cast.mother, clinic.period(6))
    assert services.stopped_bookings_cancel(at=clinic.at) == 2  # the hold ends, who has paid may choose
    assert services.stopped_bookings_cancel(at=clinic.at) == 0
    assert services.stopped_bookings_cancel(at=booked.starts_at) == 1  # nobody chose: the money goes back by itself
    for booking in (booked, held):
        booking.refresh_from_db()
        assert booking.status == BookingStatus.CANCELLED and booking.cancel_reason == "医生外出会诊"
    assert booked.charge is not None and booked.charge.refund_reserved == 5000
    assert len(messages(clinic, "booking.cancelled")) == 1
    with pytest.raises(StaleMove):
        services.session_stop(actor=HOUSE, session_id=clinic.session.pk, reason="再停", at=clinic.at)


def test_only_administration_and_heads_stop_sessions(clinic: Clinic) -> None:
    for person in (clinic.cast.wang_fang, clinic.cast.doctor_li, clinic.cast.cashier):
        with pytest.raises(NotFound):
            services.session_stop(actor=actor_of_person(person), session_id=clinic.session.pk, reason="x", at=clinic.at)


def test_who_never_came_is_a_no_show_when_the_session_is_over_ap_06(clinic: Clinic) -> None:
    booking = clinic.book(clinic.cast.wang_fang)
    assert services.sessions_close(at=clinic.session.ends_at) == 0
    assert services.sessions_close(at=clinic.session.ends_at + timedelta(hours=1)) == 1
    booking.refresh_from_db()
    assert booking.status == BookingStatus.NO_SHOW
    assert services.sessions_close(at=clinic.session.ends_at + timedelta(hours=2)) == 0


def test_the_app_above_is_told_afterwards_and_again_after_a_failure(clinic: Clinic) -> None:
    told: list[tuple[str, int]] = []
    broken = [True]

    def booked(booking_id: int, at: object) -> None:
        if broken.pop() if broken else False:
            raise RuntimeError("the app above is broken")
        told.append(("booked", booking_id))

    own = kinds._kinds["clinic"]
    kinds._kinds["clinic"] = kinds.BookingKind(
        "clinic", "", comes=True, on_booked=booked, on_cancelled=lambda pk, at: told.append(("cancelled", pk))
    )
    try:
        booking = clinic.book(clinic.cast.wang_fang)
        assert services.notices_deliver(at=clinic.at) == 0
        assert Notice.objects.get().last_error
        assert services.notices_deliver(at=clinic.at + timedelta(hours=1)) == 1
        services.booking_cancel(actor=actor_of_person(clinic.cast.wang_fang), booking_id=booking.pk, at=clinic.at)
        services.notices_deliver(at=clinic.at + timedelta(hours=1))
    finally:
        kinds._kinds["clinic"] = own
    assert told == [("booked", booking.pk), ("cancelled", booking.pk)]
