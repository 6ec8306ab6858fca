"""Check-in and the queue (AP-10, AP-11)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from appointments import errors, selectors, services
from appointments.models import Booking, Ticket
from appointments.states import BookingStatus, TicketStatus
from billing import errors as billing_errors
from billing import services as billing
from emr.models import Encounter
from hospital.audit.models import Entry, StatusChange
from hospital.kit.problems import NotFound, StaleMove
from tests.appointments.conftest import HOUSE, Clinic, broken_invariants
from tests.cast import Person, actor_of_person


@pytest.fixture(autouse=True)
def nothing_is_broken(clinic: Clinic) -> object:
    yield
    assert not broken_invariants()


@pytest.fixture
def people(clinic: Clinic) -> list[Person]:
    return [clinic.cast.new_patient(f"陈小{number}") for number in range(6)]


@pytest.fixture
def booked(clinic: Clinic, people: list[Person]) -> list[Booking]:
    return [clinic.book(person, clinic.period(number)) for number, person in enumerate(people)]


def line(clinic: Clinic) -> list[int]:
    queue = selectors.queue_for(actor_of_person(clinic.cast.nurse), clinic.session.pk, at=clinic.at)
    assert queue is not None
    return [ticket.booking.number for ticket in queue.waiting]


def call(clinic: Clinic, **options: Any) -> Ticket:
    return services.ticket_call(
        actor=actor_of_person(clinic.cast.nurse), session_id=clinic.session.pk, at=clinic.session.starts_at, **options
    )


def act(verb: Any, ticket: Ticket, person: Person, at: Any) -> Ticket:
    return verb(actor=actor_of_person(person), ticket_id=ticket.pk, at=at)  # type: ignore[no-any-return]


def test_check_in_opens_thirty_minutes_before_ap_10(clinic: Clinic, booked: list[Booking]) -> None:
    with pytest.raises(errors.TooEarly) as refused:
        clinic.check_in(booked[0], minutes=-31)
    assert "08:30" in refused.value.reason
    ticket = clinic.check_in(booked[0], minutes=-30)
    booked[0].refresh_from_db()
    assert booked[0].status == BookingStatus.CHECKED_IN and not ticket.is_late
    assert clinic.check_in(booked[0], minutes=-29).pk == ticket.pk  # scanned twice is once


def test_who_is_late_waits_until_the_end_of_the_hour_ap_10(clinic: Clinic, booked: list[Booking]) -> None:
    late = clinic.check_in(booked[0], minutes=16)  # 09:16 for 09:00
    clinic.check_in(booked[3], minutes=0)
    assert late.is_late and not clinic.check_in(booked[1], minutes=15).is_late
    assert line(clinic) == [2, 4, 1]


def test_after_the_session_nobody_checks_in(clinic: Clinic, booked: list[Booking]) -> None:
    with pytest.raises(errors.TooLate):
        clinic.check_in(booked[0], minutes=60)


def test_an_unpaid_or_cancelled_booking_does_not_check_in(clinic: Clinic) -> None:
    held = clinic.hold(clinic.cast.wang_fang)
    with pytest.raises(StaleMove):
        clinic.check_in(held)


def test_appointments_go_before_who_walked_in_ap_11(clinic: Clinic, booked: list[Booking]) -> None:
    walk_in = booked[0]
    walk_in.channel = "desk"
    walk_in.created_at = clinic.session.starts_at - timedelta(hours=1)
    walk_in.save(update_fields=["channel", "created_at"])
    clinic.check_in(booked[1]), clinic.check_in(walk_in), clinic.check_in(booked[2])
    assert line(clinic) == [2, 3, 1]


def test_one_patient_in_the_room_from_call_to_finish(clinic: Clinic, booked: list[Booking]) -> None:
    for booking in booked[:3]:
        clinic.check_in(booking)
    doctor, at = clinic.cast.doctor_li, clinic.session.starts_at
    first = call(clinic)
    assert first.booking_id == booked[0].pk
    with pytest.raises(errors.RoomOccupied):
        call(clinic)
    assert not Encounter.objects.exists()  # called isn't seen
    assert act(services.ticket_recall, first, clinic.cast.nurse, at).calls == 2
    served = act(services.ticket_start, first, doctor, at)
    encounter = Encounter.objects.get(pk=served.encounter_id)
    assert (encounter.doctor_id, encounter.patient_id, encounter.kind) == (doctor.staff.pk, booked[0].patient_id, "O")
    booked[0].refresh_from_db()
    assert booked[0].status == BookingStatus.SEEN
    finished = act(services.ticket_finish, first, doctor, at + timedelta(minutes=6))
    encounter.refresh_from_db()
    assert finished.status == TicketStatus.FINISHED and encounter.status != "open"
    assert call(clinic).booking_id == booked[1].pk


def test_a_missed_call_costs_three_positions_and_the_second_all_ap_10(clinic: Clinic, booked: list[Booking]) -> None:
    for booking in booked:
        clinic.check_in(booking)
    missed = call(clinic)
    act(services.ticket_pass, missed, clinic.cast.nurse, clinic.session.starts_at)
    assert line(clinic) == [2, 3, 4, 1, 5, 6]
    for _ in range(3):
        ticket = call(clinic)
        act(services.ticket_start, ticket, clinic.cast.doctor_li, clinic.session.starts_at)
        act(services.ticket_finish, ticket, clinic.cast.doctor_li, clinic.session.starts_at)
    again = call(clinic)
    assert again.pk == missed.pk
    act(services.ticket_pass, again, clinic.cast.nurse, clinic.session.starts_at)
    assert line(clinic) == [5, 6, 1]


def test_calling_out_of_turn_needs_a_reason_that_is_kept_ap_11(clinic: Clinic, booked: list[Booking]) -> None:
    tickets = [clinic.check_in(booking) for booking in booked[:3]]
    with pytest.raises(errors.ReasonNeeded):
        call(clinic, ticket_id=tickets[2].pk)
    assert call(clinic, ticket_id=tickets[2].pk, reason="胸闷，优先").pk == tickets[2].pk
    kept = StatusChange.objects.get(lifecycle="appointments.ticket", row_id=tickets[2].pk, new="called")
    assert kept.reason == "胸闷，优先" and kept.staff_id == clinic.cast.nurse.staff.pk


def test_only_the_session_s_own_people_run_its_queue(clinic: Clinic, booked: list[Booking]) -> None:
    ticket = clinic.check_in(booked[0])
    for person in (clinic.cast.other_doctor, clinic.cast.cashier, clinic.cast.wang_fang, clinic.cast.admin):
        actor = actor_of_person(person)
        with pytest.raises(NotFound):
            services.ticket_call(actor=actor, session_id=clinic.session.pk, at=clinic.at)
        with pytest.raises(NotFound):
            selectors.queue_for(actor, clinic.session.pk, at=clinic.at)
    call(clinic)
    with pytest.raises(NotFound):  # a nurse calls, the doctor sees
        act(services.ticket_start, ticket, clinic.cast.nurse, clinic.at)


def test_after_check_in_nothing_is_refunded_pay_09(clinic: Clinic) -> None:
    booking = clinic.book(clinic.cast.wang_fang)
    clinic.check_in(booking)
    with pytest.raises(errors.NotCancellable):
        services.booking_cancel(actor=actor_of_person(clinic.cast.wang_fang), booking_id=booking.pk, at=clinic.at)
    with pytest.raises(billing_errors.RefundRefused), transaction.atomic():
        billing.refund_request(
            actor=actor_of_person(clinic.cast.cashier), charge_id=booking.charge_id, at=clinic.at, reason="x", key="k"
        )


def test_a_stop_after_check_in_withdraws_the_ticket_and_refunds_ap_08(clinic: Clinic, booked: list[Booking]) -> None:
    ticket = clinic.check_in(booked[0])
    services.session_stop(actor=HOUSE, session_id=clinic.session.pk, reason="停诊", at=clinic.session.starts_at)
    services.stopped_bookings_cancel(at=clinic.session.starts_at)
    ticket.refresh_from_db()
    booked[0].refresh_from_db()
    assert ticket.status == TicketStatus.WITHDRAWN and booked[0].status == BookingStatus.CANCELLED
    assert booked[0].charge is not None and booked[0].charge.refund_reserved == 5000


def test_the_position_and_the_minutes_a5(clinic: Clinic, booked: list[Booking]) -> None:
    tickets = [clinic.check_in(booking) for booking in booked]
    assert selectors.queue_position(tickets[2], at=clinic.at) == selectors.queue.QueueLine(2, 10)  # 5 minutes a place
    at = clinic.session.starts_at
    for _ in range(3):  # the doctor takes 9 minutes for each
        ticket = call(clinic)
        act(services.ticket_start, ticket, clinic.cast.doctor_li, at)
        act(services.ticket_finish, ticket, clinic.cast.doctor_li, at + timedelta(minutes=9))
    assert selectors.queue_position(tickets[5], at=at) == selectors.queue.QueueLine(2, 18)


def test_the_hall_shows_masked_names_only_sec_09(clinic: Clinic, booked: list[Booking]) -> None:
    for booking in booked:
        clinic.check_in(booking)
    call(clinic)
    (room,) = selectors.hall_rooms(clinic.cast.oncology.pk, at=clinic.session.starts_at)
    assert (room.called_number, room.called) == (1, "陈*0")
    assert [name for _, name in room.waiting] == ["陈*1", "陈*2", "陈*3", "陈*4"] and room.more == 1


def test_reading_the_queue_leaves_a_line_and_an_unchanged_picture_none_g15(
    clinic: Clinic, booked: list[Booking]
) -> None:
    clinic.check_in(booked[0])
    actor = actor_of_person(clinic.cast.nurse)
    queue = selectors.queue_for(actor, clinic.session.pk, at=clinic.at)
    assert queue is not None
    assert Entry.objects.filter(action="queue.read", staff_id=actor.staff_id).count() == 1
    assert selectors.queue_for(actor, clinic.session.pk, at=clinic.at, seen=queue.version) is None
    assert Entry.objects.filter(action="queue.read").count() == 1
    clinic.check_in(booked[1])
    assert selectors.queue_for(actor, clinic.session.pk, at=clinic.at, seen=queue.version) is not None
