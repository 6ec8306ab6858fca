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
    at = clinic.session.starts_at
    assert selectors.queue_position(tickets[2], at=at) == selectors.QueueLine(2, 10)  # 5 minutes a place by plan
    early = selectors.queue_position(tickets[2], at=at - timedelta(minutes=30))
    assert early == selectors.QueueLine(2, 40)  # nobody is called before the doctor's hours
    for _ in range(3):  # the doctor takes 9 minutes for each: half way between the plan and what was seen
        ticket = call(clinic)
        act(services.ticket_start, ticket, clinic.cast.doctor_li, at)
        act(services.ticket_finish, ticket, clinic.cast.doctor_li, at + timedelta(minutes=9))
    assert selectors.queue_position(tickets[5], at=at) == selectors.QueueLine(2, 14)


def test_who_booked_before_and_is_still_to_come_is_counted_in_the_minutes_a5(
    clinic: Clinic, booked: list[Booking]
) -> None:
    at = clinic.session.starts_at
    ticket = clinic.check_in(booked[3])  # 09:15; three are booked before and aren't here
    assert selectors.queue_position(ticket, at=at) == selectors.QueueLine(0, 0)  # nobody is here: come in
    clinic.check_in(booked[0])
    call(clinic)  # in the room for five minutes; in these the two others arrive, or not
    assert selectors.queue_position(ticket, at=at) == selectors.QueueLine(1, 14)


def test_the_expected_minutes_are_kept_and_their_error_measured_a5(clinic: Clinic, booked: list[Booking]) -> None:
    at = clinic.session.starts_at
    assert selectors.expected_errors(clinic.day, clinic.day) is None
    first = clinic.check_in(booked[0])
    assert first.expected_at == at
    called = call(clinic)
    assert called.error_minutes == 0
    assert selectors.expected_errors(clinic.day, clinic.day) == selectors.ExpectedErrors(1, 0.0, 0.0, 0.0)


def test_back_from_the_exam_after_every_two_appointments_ap_11(clinic: Clinic, booked: list[Booking]) -> None:
    at, doctor, nurse = clinic.session.starts_at, clinic.cast.doctor_li, clinic.cast.nurse
    for booking in booked:
        clinic.check_in(booking)
    first = call(clinic)
    act(services.ticket_start, first, doctor, at)
    away = act(services.ticket_send_to_exam, first, doctor, at)
    assert away.status == TicketStatus.AWAY
    encounter = Encounter.objects.get(pk=away.encounter_id)
    assert encounter.status == "open"  # the same visit goes on when she is back
    back = services.booking_check_in(actor=actor_of_person(nurse), booking_id=booked[0].pk, at=at)
    assert back.pk == first.pk and line(clinic) == [2, 1, 3, 4, 5, 6]  # one went already: one more, then she
    act(services.ticket_start, call(clinic), doctor, at)
    again = Ticket.objects.get(status="serving")
    act(services.ticket_finish, again, doctor, at)
    assert call(clinic).pk == first.pk
    seen = act(services.ticket_start, first, doctor, at)
    assert seen.encounter_id == encounter.pk and Encounter.objects.count() == 2
    act(services.ticket_finish, first, doctor, at)
    encounter.refresh_from_db()
    assert encounter.status != "open"


def test_triage_goes_before_all_and_the_old_first_in_their_class_ap_11(clinic: Clinic, booked: list[Booking]) -> None:
    from datetime import date

    old = clinic.book(clinic.cast.new_patient("陈奶奶", birth=date(1940, 1, 1)), clinic.period(8))
    for booking in [*booked, old]:
        clinic.check_in(booking, minutes=-30)
    assert line(clinic) == [9, 1, 2, 3, 4, 5, 6]
    nurse = actor_of_person(clinic.cast.nurse)
    bad = Ticket.objects.get(booking=booked[5])
    with pytest.raises(errors.ReasonNeeded):
        services.ticket_prioritise(actor=nurse, ticket_id=bad.pk, at=clinic.at, reason=" ", triage=2)
    services.ticket_prioritise(actor=nurse, ticket_id=bad.pk, at=clinic.at, reason="血压 80/50", triage=2)
    assert line(clinic) == [6, 9, 1, 2, 3, 4, 5]
    kept = Entry.objects.get(action="ticket.prioritise")
    assert kept.staff_id == nurse.staff_id and "血压" in kept.reason
    services.ticket_prioritise(
        actor=nurse, ticket_id=Ticket.objects.get(booking=booked[2]).pk, at=clinic.at, reason="证件", priority="soldier"
    )
    assert line(clinic) == [6, 3, 9, 1, 2, 4, 5]


def test_the_phone_is_told_when_three_are_ahead_and_when_called_a5(clinic: Clinic, booked: list[Booking]) -> None:
    from hospital.messaging.models import Message

    for booking in booked:
        clinic.check_in(booking)
    assert not Message.objects.filter(kind="queue.near").exists()
    call(clinic)
    called = Message.objects.filter(kind="queue.called")
    assert [message.patient_id for message in called] == [booked[0].patient_id]
    near = Message.objects.filter(kind="queue.near")  # four and less saw it at check-in
    assert not near.exists()
    at, doctor = clinic.session.starts_at, clinic.cast.doctor_li
    for expected in (booked[4], booked[5]):
        ticket = Ticket.objects.get(status="called")
        act(services.ticket_start, ticket, doctor, at)
        act(services.ticket_finish, ticket, doctor, at)
        call(clinic)
        assert near.order_by("pk").last().patient_id == expected.patient_id  # type: ignore[union-attr]
    assert near.count() == 2


def test_come_near_is_untold_when_others_go_before_and_told_once_more_when_true_a5(
    clinic: Clinic, booked: list[Booking]
) -> None:
    from hospital.messaging import kinds
    from hospital.messaging.models import Message

    for booking in booked:
        clinic.check_in(booking)
    nurse, at, doctor = actor_of_person(clinic.cast.nurse), clinic.session.starts_at, clinic.cast.doctor_li
    call(clinic)
    ticket = Ticket.objects.get(status="called")
    act(services.ticket_start, ticket, doctor, at)
    act(services.ticket_finish, ticket, doctor, at)
    call(clinic)

    def near() -> list[int | None]:
        rows = Message.objects.filter(kind="queue.near").exclude(status="withdrawn").order_by("pk")
        return list(rows.values_list("patient_id", flat=True))

    assert near() == [booked[4].patient_id]
    message = Message.objects.get(kind="queue.near")
    last = Ticket.objects.get(booking=booked[5])
    services.ticket_prioritise(actor=nurse, ticket_id=last.pk, at=at + timedelta(minutes=1), reason="胸痛", triage=2)
    assert not kinds.get("queue.near").still_wanted(message.context, at)
    assert near() == [booked[5].patient_id]  # who was third is fourth now
    services.ticket_prioritise(actor=nurse, ticket_id=last.pk, at=at + timedelta(minutes=2), reason="误判", triage=4)
    assert near() == [booked[4].patient_id]
    for _ in range(2):  # nothing new: nothing is told again
        services.ticket_prioritise(
            actor=nurse, ticket_id=last.pk, at=at + timedelta(minutes=3), reason="核对", triage=4
        )
    assert near() == [booked[4].patient_id]
    assert not broken_invariants()


def test_who_missed_the_call_is_no_longer_asked_to_come_in_a5(clinic: Clinic, booked: list[Booking]) -> None:
    from hospital.messaging.models import Message

    for booking in booked:
        clinic.check_in(booking)
    call(clinic)
    act(services.ticket_pass, Ticket.objects.get(status="called"), clinic.cast.nurse, clinic.session.starts_at)
    assert set(Message.objects.filter(kind="queue.called").values_list("status", flat=True)) == {"withdrawn"}


def test_check_in_by_the_own_phone_only_near_the_campus_ap_10(clinic: Clinic, booked: list[Booking]) -> None:
    from appointments.geo import Position
    from appointments.models import CampusPoint

    mine, at = clinic.book(clinic.cast.mother, clinic.period(7)), clinic.session.starts_at
    actor = actor_of_person(clinic.cast.wang_fang)

    def here(latitude: float, accuracy: float = 20.0) -> Ticket:
        return services.booking_check_in_here(
            actor=actor, booking_id=mine.pk, at=at + timedelta(minutes=20),
            position=Position(latitude, 121.4737, accuracy),
        )  # fmt: skip

    with pytest.raises(errors.NotFromHere):
        here(31.2304)
    CampusPoint.objects.create(campus=clinic.cast.campus, latitude=31.2304, longitude=121.4737)
    with pytest.raises(errors.TooFar) as far:
        here(31.2484)
    assert "2.0 km" in far.value.reason
    with pytest.raises(errors.PositionTooRough):
        here(31.2304, 2000)
    ticket = here(31.2314)
    assert ticket.by == "phone" and ticket.status == "waiting"
    with pytest.raises(NotFound):  # nobody else's
        services.booking_check_in_here(
            actor=actor_of_person(clinic.cast.stranger), booking_id=mine.pk, at=at, position=Position(31.23, 121.47, 9)
        )


def test_no_ticket_stays_behind_when_the_session_closes_a5(clinic: Clinic, booked: list[Booking]) -> None:
    at, doctor = clinic.session.starts_at, clinic.cast.doctor_li
    for booking in booked[:5]:
        clinic.check_in(booking)
    first = call(clinic)
    act(services.ticket_start, first, doctor, at)
    act(services.ticket_send_to_exam, first, doctor, at)
    missed = call(clinic)
    act(services.ticket_pass, missed, doctor, at)
    over = clinic.session.ends_at + timedelta(hours=2)
    assert services.sessions_close(at=over) == 0  # people wait: the doctor is still at work
    assert services.sessions_close(at=over + timedelta(hours=3)) == 1
    ends = {ticket.booking_id: (ticket.status, ticket.booking.status) for ticket in Ticket.objects.all()}
    assert ends == {
        booked[0].pk: ("finished", "seen"), booked[1].pk: ("withdrawn", "no_show"),
        **{booking.pk: ("withdrawn", "cancelled") for booking in booked[2:5]},
    }  # fmt: skip
    booked[2].refresh_from_db()
    assert booked[2].charge is not None and booked[2].charge.refund_reserved == 5000  # waited in vain
    booked[5].refresh_from_db()
    assert booked[5].status == BookingStatus.NO_SHOW


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
