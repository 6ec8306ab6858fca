"""Check-in and the room under a crowd (A5, AP-10, AP-11, G36): however many machines read one card, it is one ticket; however
many call at once, one patient is called. RACE_ROUNDS=20 tries longer."""

import os
import threading
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from appointments import errors, parameters, services
from appointments.models import Booking, Kiosk, Session, Ticket
from appointments.services import check_in
from appointments.states import IN_ROOM_TICKET, TicketStatus
from hospital.kit.problems import StaleMove
from tests.appointments.conftest import HOUSE, Clinic, broken_invariants, clinic
from tests.cast import Person, actor_of_person
from tests.races.crowd import crowd

__all__ = ["clinic"]

CALLERS, ROUNDS = 50, int(os.environ.get("RACE_ROUNDS", "3"))

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def booked(clinic: Clinic) -> list[Booking]:
    """As many paid visits of one clinic as there are rounds."""
    cast, session = clinic.cast, clinic.open(clinic.roster(clinic.cast.head, clinic.day, "13:00", "17:00"))
    people: list[Person] = [cast.new_patient(f"周{number}") for number in range(ROUNDS)]
    return [clinic.book(person, clinic.period(number, session)) for number, person in enumerate(people)]


def machines(clinic: Clinic, booking: Booking) -> list[Any]:
    """The station and the kiosk, in turns, read the same card at the time of the visit."""
    services.kiosk_key_new(actor=HOUSE, kiosk=Kiosk(name=f"一楼 {booking.pk}", campus=clinic.cast.campus), at=clinic.at)
    kiosk = Kiosk.objects.latest("pk")
    nurse, at = actor_of_person(clinic.cast.nurse), booking.starts_at
    station = partial(services.booking_check_in, actor=nurse, booking_id=booking.pk, at=at)
    machine = partial(
        services.booking_check_in_at_kiosk, kiosk=kiosk, patient_id=booking.patient_id, booking_id=booking.pk, at=at
    )
    return [machine if number % 2 else station for number in range(CALLERS)]


def test_a_card_read_by_fifty_machines_at_once_is_one_ticket_ap_10(clinic: Clinic, booked: list[Booking]) -> None:
    for booking in booked:
        outcome = crowd(machines(clinic, booking))
        assert not outcome.errors and not outcome.refusals, (outcome.errors, outcome.refusals)
        assert {ticket.pk for ticket in outcome.values} == {Ticket.objects.get(booking=booking).pk}
    assert not broken_invariants()


def test_control_without_the_lock_everybody_but_one_is_refused(
    clinic: Clinic, booked: list[Booking], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All look for a ticket before anybody writes one: the race is real, and what it leaves to the others is a refusal."""
    everybody_has_looked = threading.Barrier(CALLERS)

    def unlocked(booking_id: int) -> Booking:
        return Booking.objects.select_related("session", "department__campus", "patient").get(pk=booking_id)

    def looked(*_args: Any) -> int:
        everybody_has_looked.wait(timeout=60)
        return 30

    monkeypatch.setattr(check_in, "_locked", unlocked)
    stand_in = SimpleNamespace(**(vars(parameters) | {"CHECK_IN_EARLY": SimpleNamespace(at=looked)}))
    monkeypatch.setattr(check_in, "parameters", stand_in)
    outcome = crowd(machines(clinic, booked[0]))
    assert len(outcome.values) == 1 and outcome.refusals == {StaleMove.code: CALLERS - 1}, outcome.errors


def test_fifty_calls_at_once_call_one_patient_ap_11(clinic: Clinic, booked: list[Booking]) -> None:
    nurse = actor_of_person(clinic.cast.nurse)
    at = booked[-1].starts_at
    for booking in booked:
        services.booking_check_in(actor=nurse, booking_id=booking.pk, at=at)
    session = Session.objects.get(pk=booked[0].session_id)
    called = set()
    for _round in booked:
        outcome = crowd([partial(services.ticket_call, actor=nurse, session_id=session.pk, at=at)] * CALLERS)
        assert not outcome.errors, outcome.errors
        (ticket,) = outcome.values
        assert outcome.refusals == {errors.RoomOccupied.code: CALLERS - 1}
        assert [one.pk for one in session.tickets.filter(status__in=IN_ROOM_TICKET)] == [ticket.pk]
        called.add(ticket.pk)
        services.ticket_start(actor=the_doctor(clinic), ticket_id=ticket.pk, at=at)
        services.ticket_finish(actor=the_doctor(clinic), ticket_id=ticket.pk, at=at)
    assert len(called) == ROUNDS and not session.tickets.exclude(status=TicketStatus.FINISHED).exists()
    assert not broken_invariants()


def the_doctor(clinic: Clinic) -> Any:
    return actor_of_person(clinic.cast.head)
