"""Another time for the same booking, a stopped clinic, and the waiting list (AP-05, AP-07, AP-08)."""

import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from appointments import errors, services
from appointments.models import Booking, Place, Session, StopCase, Waiting
from appointments.selectors.stops import stops_to_phone
from appointments.states import BookingStatus, SessionStatus, WaitingStatus
from hospital.kit.problems import NotFound, StaleMove
from hospital.messaging.models import Message
from hospital.messaging.states import MessageStatus
from hospital.organisation import selectors as organisation
from hospital.people.models import FamilyLink
from tests.appointments.conftest import FREE, HOUSE, Clinic, broken_invariants
from tests.cast import Cast, Person, actor_of_person, client_for

pytestmark = pytest.mark.django_db


def told(kind: str) -> list[Message]:
    return list(Message.objects.filter(kind=kind).exclude(status=MessageStatus.WITHDRAWN).order_by("pk"))


def move(clinic: Clinic, person: Person, booking: Booking, period: Any, at: datetime | None = None) -> Booking:
    return services.booking_move(
        actor=actor_of_person(person), booking_id=booking.pk, period_id=period.pk, at=at or clinic.at
    )


@pytest.fixture
def other_day(clinic: Clinic) -> Session:
    return clinic.open(clinic.roster(clinic.cast.doctor_li, clinic.day + timedelta(days=1), "09:00", "10:00"))


def test_a_moved_booking_keeps_its_bill_and_its_chain_ap_05(clinic: Clinic, other_day: Session) -> None:
    wang = clinic.cast.wang_fang
    booking = clinic.book(wang)
    old = booking.place_id
    moved = move(clinic, wang, booking, clinic.period(2, other_day))
    assert (moved.pk, moved.charge_id, moved.status) == (booking.pk, booking.charge_id, BookingStatus.BOOKED)
    assert moved.session_id == other_day.pk and moved.moves == 1
    (link,) = moved.chain.all()
    assert (link.old_period_id, link.new_period_id, link.because) == (booking.period_id, moved.period_id, "patient")
    place = Place.objects.get(pk=old)
    assert place.booking_id is None and place.free_from is not None
    assert clinic.at + timedelta(minutes=5) <= place.free_from <= clinic.at + timedelta(minutes=30)
    assert len(told("booking.moved")) == 1 and not told("booking.booked")
    assert not broken_invariants()


def test_a_booking_is_moved_twice_at_most_in_time_and_by_its_own_people(clinic: Clinic, other_day: Session) -> None:
    wang = clinic.cast.wang_fang
    booking = clinic.book(wang)
    with pytest.raises(NotFound):
        move(clinic, clinic.cast.stranger, booking, clinic.period(1))
    with pytest.raises(errors.CancelTooLate):
        move(clinic, wang, booking, clinic.period(0, other_day), at=booking.starts_at - timedelta(minutes=90))
    move(clinic, wang, booking, clinic.period(1))
    move(clinic, wang, booking, clinic.period(0, other_day))
    with pytest.raises(errors.NoMoreMoves):
        move(clinic, wang, booking, clinic.period(3))
    assert [link.order for link in booking.chain.order_by("order")] == [1, 2]
    assert not broken_invariants()


def test_a_move_to_another_price_or_a_full_time_changes_nothing(clinic: Clinic) -> None:
    wang = clinic.cast.wang_fang
    booking = clinic.book(wang)
    clinic.hold(clinic.cast.stranger, clinic.period(1))
    with pytest.raises(errors.PeriodFull):
        move(clinic, wang, booking, clinic.period(1))
    cheap = clinic.open(
        clinic.roster(clinic.cast.doctor_li, clinic.day + timedelta(days=2), "09:00", "10:00", fee_item=FREE)
    )
    with pytest.raises(errors.OtherPrice):
        move(clinic, wang, booking, clinic.period(0, cheap))
    booking.refresh_from_db()
    assert booking.moves == 0 and Place.objects.get(booking=booking).pk == booking.place_id
    assert not broken_invariants()


def test_who_moves_by_the_page_chooses_among_free_times_of_the_same_doctor(clinic: Clinic, other_day: Session) -> None:
    booking = clinic.book(clinic.cast.wang_fang)
    client = client_for(clinic.cast.wang_fang)
    page = client.get(f"/visits/{booking.pk}/move/")
    assert page.status_code == 200 and f'value="{clinic.period(0, other_day).pk}"' in page.content.decode()
    done = client.post(f"/visits/{booking.pk}/move/", {"period": clinic.period(0, other_day).pk})
    assert done.status_code == 302
    booking.refresh_from_db()
    assert booking.session_id == other_day.pk


@pytest.fixture
def substitute(clinic: Clinic) -> Session:
    """Another doctor of the department, at the same price, on the same day."""
    return clinic.open(clinic.roster(clinic.cast.head, clinic.day, "09:00", "10:00"))


def stop(clinic: Clinic) -> None:
    services.session_stop(actor=HOUSE, session_id=clinic.session.pk, reason="外出会诊", at=clinic.at)
    services.stopped_bookings_cancel(at=clinic.at)


def test_only_the_page_of_a_stopped_visit_says_that_its_patient_knows_ap_08(clinic: Clinic) -> None:
    """A program that reads the booking for itself, or somebody else, has told the patient nothing."""
    booking = clinic.book(clinic.cast.wang_fang)
    stop(clinic)
    assert client_for(clinic.cast.wang_fang).get(f"/api/v1/bookings/{booking.pk}/").status_code == 200
    assert client_for(clinic.cast.stranger).get(f"/visits/{booking.pk}/").status_code == 404
    assert StopCase.objects.get().reached_at is None
    assert client_for(clinic.cast.wang_fang).get(f"/visits/{booking.pk}/").status_code == 200
    assert StopCase.objects.get().reached_at is not None


def test_who_is_stopped_takes_another_doctor_and_the_money_never_moves_ap_08(
    clinic: Clinic, substitute: Session
) -> None:
    wang = clinic.cast.wang_fang
    booking = clinic.book(wang)
    stop(clinic)
    assert len(told("booking.stopped")) == 1
    page = client_for(wang).get(f"/visits/{booking.pk}/stopped/")
    assert page.status_code == 200 and "韩主任" in page.content.decode()
    assert StopCase.objects.get().reached_at is not None  # nobody needs to phone
    client_for(wang).post(f"/visits/{booking.pk}/stopped/", {"period": clinic.period(0, substitute).pk})
    booking.refresh_from_db()
    assert booking.doctor_id == clinic.cast.head.staff.pk and booking.status == BookingStatus.BOOKED
    assert StopCase.objects.get().status == "moved" and booking.charge is not None
    assert booking.charge.refund_reserved == 0 and not told("booking.stopped")
    head, li = actor_of_person(clinic.cast.head), actor_of_person(clinic.cast.doctor_li)
    later = clinic.at + timedelta(seconds=1)
    assert organisation.cares_for(head, wang.patient_id, at=later)
    assert booking.department_id in li.department_ids  # of the same department, which goes on caring
    assert services.stopped_bookings_cancel(at=clinic.session.ends_at) == 0
    assert not broken_invariants()


def test_a_visit_of_a_stopped_clinic_looks_stopped_until_one_has_chosen_ap_08(clinic: Clinic) -> None:
    wang = clinic.cast.wang_fang
    booking = clinic.book(wang)
    client = client_for(wang)
    assert f"/visits/{booking.pk}/move/" in client.get(f"/visits/{booking.pk}/").content.decode()
    services.session_stop(actor=HOUSE, session_id=clinic.session.pk, reason="会议", at=clinic.at)
    stopped = str(SessionStatus.STOPPED.label)
    page = client.get(f"/visits/{booking.pk}/")
    assert page.context["shown"] == stopped and f"/visits/{booking.pk}/stopped/" in page.content.decode()
    for way in ("move/", "cancel/", "check-in/"):
        assert f"/visits/{booking.pk}/{way}" not in page.content.decode()
    assert [row.shown for row in client.get("/visits/").context["rows"]] == [stopped]
    assert f"/visits/{booking.pk}/stopped/" in client.get("/").content.decode()


def test_who_wants_the_money_of_a_stopped_clinic_has_it_at_once(clinic: Clinic) -> None:
    booking = clinic.book(clinic.cast.wang_fang)
    stop(clinic)
    client_for(clinic.cast.wang_fang).post(f"/visits/{booking.pk}/stopped/", {"refund": "1"})
    booking.refresh_from_db()
    assert booking.status == BookingStatus.CANCELLED and booking.charge is not None
    assert booking.charge.refund_reserved == 5000 and StopCase.objects.get().status == "refunded"
    assert not broken_invariants()


def test_who_has_not_read_is_on_the_list_of_calls_ap_08(clinic: Clinic) -> None:
    booking = clinic.book(clinic.cast.wang_fang)
    stop(clinic)
    StopCase.objects.update(told_at=clinic.at - timedelta(minutes=61))
    client = client_for(clinic.cast.nurse)
    page = client.get("/staff/stops/").content.decode()
    case = StopCase.objects.get()
    assert "王芳" in page and clinic.cast.wang_fang.phone in page
    client.post(f"/staff/stops/{case.pk}/called/", {"reached": "0"})
    client.post(f"/staff/stops/{case.pk}/called/", {"reached": "1"})
    case.refresh_from_db()
    assert case.calls == 2 and case.reached_at is not None and case.last_call_by_id == clinic.cast.nurse.staff.pk
    page = client.get("/staff/stops/").content.decode()
    assert "王芳" not in page and clinic.cast.wang_fang.phone not in page
    assert clinic.cast.wang_fang.patient.masked_name in page and clinic.cast.nurse.name in page  # reached, and by whom
    assert booking.status == BookingStatus.BOOKED


def test_whose_money_went_back_unread_is_called_all_the_same_until_the_hour_of_the_visit_ap_08(clinic: Clinic) -> None:
    """The money is no message: who never opened anything would still travel to a clinic that isn't there."""
    slot = clinic.roster(clinic.cast.doctor_li, clinic.day + timedelta(days=3), "09:00", "10:00")
    session = clinic.open(slot)
    unread, knows = (
        clinic.book(one, clinic.period(n, session)) for n, one in enumerate([clinic.cast.mother, clinic.cast.stranger])
    )
    services.session_stop(actor=HOUSE, session_id=session.pk, reason="停诊", at=clinic.at)
    services.stopped_bookings_cancel(at=clinic.at)
    services.stop_refund(actor=actor_of_person(clinic.cast.stranger), booking_id=knows.pk, at=clinic.at)
    nurse, later = actor_of_person(clinic.cast.nurse), clinic.at + timedelta(days=2)
    services.stopped_bookings_cancel(at=later)
    unread.refresh_from_db()
    assert unread.status == BookingStatus.CANCELLED
    found = stops_to_phone(nurse, at=later)
    assert [call.patient.pk for call in found.calls] == [clinic.cast.mother.patient_id]
    (line,) = found.clinics
    assert (line.patients, line.read, line.called, line.to_call, line.refunded) == (2, 1, 0, 1, 2)
    assert not stops_to_phone(nurse, at=session.starts_at).calls
    page = client_for(clinic.cast.wang_fang).get(f"/visits/{unread.pk}/")
    assert page.status_code == 200 and not stops_to_phone(nurse, at=later).calls  # the daughter opened the visit


def test_one_call_tells_of_all_stopped_visits_of_a_patient_ap_08(clinic: Clinic, other_day: Session) -> None:
    wang = clinic.cast.wang_fang
    clinic.book(wang)
    clinic.book(wang, clinic.period(0, other_day))
    for session in (clinic.session, other_day):
        services.session_stop(actor=HOUSE, session_id=session.pk, reason="停诊", at=clinic.at)
    services.stopped_bookings_cancel(at=clinic.at)
    nurse, later = actor_of_person(clinic.cast.nurse), clinic.at + timedelta(minutes=1)
    StopCase.objects.update(told_at=clinic.at - timedelta(minutes=61))
    (call,) = stops_to_phone(nurse, at=later).calls
    assert [case.session_id for case in call.cases] == [clinic.session.pk, other_day.pk]
    assert services.stop_called(actor=nurse, case_id=call.first.pk, reached=True, at=later)
    assert not stops_to_phone(nurse, at=later).calls
    assert not services.stop_called(actor=nurse, case_id=call.first.pk, reached=True, at=later)  # somebody else did
    assert set(StopCase.objects.values_list("calls", flat=True)) == {1}


def test_who_has_no_account_is_called_at_once_ap_08(clinic: Clinic) -> None:
    """No channel reaches them: there is nothing to wait for."""
    somebody = clinic.cast.new_patient("郑大爷")
    for number, person in enumerate((somebody, clinic.cast.wang_fang)):
        clinic.book(person, clinic.period(number))
    FamilyLink.objects.filter(patient_id=somebody.patient_id).update(revoked_at=clinic.at)
    stop(clinic)
    found = stops_to_phone(actor_of_person(clinic.cast.nurse), at=clinic.at)
    assert [call.patient.pk for call in found.calls] == [somebody.patient_id]
    assert [(one.to_call, one.told) for one in found.clinics] == [(1, 1)]


def test_who_opens_the_choice_before_the_sweep_has_it_at_once_ap_08(clinic: Clinic) -> None:
    booking = clinic.book(clinic.cast.wang_fang)
    services.session_stop(actor=HOUSE, session_id=clinic.session.pk, reason="停诊", at=clinic.at)
    assert client_for(clinic.cast.stranger).get(f"/visits/{booking.pk}/stopped/").status_code == 404
    assert client_for(clinic.cast.wang_fang).get(f"/visits/{booking.pk}/stopped/").status_code == 200
    services.stopped_bookings_cancel(at=clinic.at)
    assert StopCase.objects.count() == 1 == len(told("booking.stopped"))


_WORKER = """
import django, os
django.setup()
from datetime import datetime
from appointments.services import stops
whole, count = stops._stopped, 0
def slowly(**asked):
    global count
    done = whole(**asked)
    count += 1
    print(count, flush=True)
    return done
stops._stopped = slowly
stops.stopped_bookings_cancel(at=datetime.fromisoformat(os.environ["AT"]))
"""


@pytest.mark.django_db(transaction=True)
def test_a_stop_goes_on_after_its_worker_is_killed_in_the_middle_ap_08(clinic: Clinic) -> None:
    booked = [clinic.book(clinic.cast.new_patient(f"郑{n}"), clinic.period(n)) for n in range(12)]
    services.session_stop(actor=HOUSE, session_id=clinic.session.pk, reason="停诊", at=clinic.at)
    database = connection.settings_dict
    environment = os.environ | {
        "AT": clinic.at.isoformat(), "DJANGO_SETTINGS_MODULE": "hospital.settings",
        "DATABASE_URL": f"postgres://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}",
    }  # fmt: skip
    worker = subprocess.Popen(
        [sys.executable, "-c", _WORKER], cwd=Path(__file__).resolve().parents[2], env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert worker.stdout is not None
    assert [worker.stdout.readline().strip() for _ in range(3)] == ["1", "2", "3"]
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    before = StopCase.objects.count()
    assert before >= 3
    services.stopped_bookings_cancel(at=clinic.at)
    assert StopCase.objects.count() == len(booked) == len(told("booking.stopped"))
    assert len({message.context["booking_id"] for message in told("booking.stopped")}) == len(booked)
    services.stopped_bookings_cancel(at=clinic.session.starts_at + timedelta(hours=2))
    assert Booking.objects.filter(status=BookingStatus.CANCELLED).count() == len(booked)
    assert not broken_invariants()


@pytest.fixture
def full(cast: Cast, clinic: Clinic) -> tuple[Session, Booking]:
    """One place with Doctor Li the day after tomorrow, and it is the stranger's."""
    day = clinic.day + timedelta(days=1)
    session = clinic.open(clinic.roster(cast.doctor_li, day, "14:00", "15:00", period_minutes=60))
    return session, clinic.book(cast.stranger, clinic.period(0, session))


def waits(clinic: Clinic, person: Person, session: Session) -> Waiting:
    return services.waiting_enter(
        actor=actor_of_person(person if person.account else clinic.cast.wang_fang), patient_id=person.patient_id,
        doctor_id=session.doctor_id, first=session.date, last=session.date, at=clinic.at,
    )  # fmt: skip


def test_the_first_in_line_is_offered_the_place_that_comes_free_and_then_the_next_ap_07(
    clinic: Clinic, full: tuple[Session, Booking]
) -> None:
    session, sold = full
    first, second = (waits(clinic, person, session) for person in (clinic.cast.mother, clinic.cast.wang_fang))
    assert services.waiting_work_off(at=clinic.at) == 0
    services.booking_cancel(actor=actor_of_person(clinic.cast.stranger), booking_id=sold.pk, at=clinic.at)
    with pytest.raises(errors.PeriodFull):  # not yet everybody's, but at once the waiting list's (AP-05)
        clinic.hold(clinic.cast.stranger, clinic.period(0, session))
    assert services.waiting_work_off(at=clinic.at) == 1
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == (WaitingStatus.OFFERED, WaitingStatus.WAITING)
    assert first.booking is not None and first.booking.held_until == clinic.at + timedelta(minutes=30)
    assert len(told("waiting.offered")) == 1
    with pytest.raises(StaleMove):
        services.waiting_withdraw(actor=actor_of_person(clinic.cast.wang_fang), waiting_id=first.pk, at=clinic.at)
    over = clinic.at + timedelta(minutes=40)
    services.holds_expire(at=over)
    assert services.waiting_work_off(at=over) == 2  # the first has had their turn, the second gets it
    second.refresh_from_db()
    first.refresh_from_db()
    assert (first.status, second.status) == (WaitingStatus.LAPSED, WaitingStatus.OFFERED)
    assert [message.context["booking_id"] for message in told("waiting.offered")] == [second.booking_id]
    clinic.pay(Booking.objects.get(pk=second.booking_id), at=over)
    services.waiting_work_off(at=over)
    second.refresh_from_db()
    assert second.status == WaitingStatus.FILLED and not told("waiting.offered")
    assert not broken_invariants()


def test_nobody_waits_twice_for_one_doctor_nor_for_a_stranger(clinic: Clinic, full: tuple[Session, Booking]) -> None:
    session, _sold = full
    row = waits(clinic, clinic.cast.wang_fang, session)
    with pytest.raises(errors.AlreadyWaiting):
        waits(clinic, clinic.cast.wang_fang, session)
    with pytest.raises(NotFound):
        services.waiting_withdraw(actor=actor_of_person(clinic.cast.stranger), waiting_id=row.pk, at=clinic.at)
    services.waiting_withdraw(actor=actor_of_person(clinic.cast.wang_fang), waiting_id=row.pk, at=clinic.at)
    assert waits(clinic, clinic.cast.wang_fang, session).pk != row.pk


def test_the_waiting_ends_with_its_days(clinic: Clinic, full: tuple[Session, Booking]) -> None:
    session, _sold = full
    row = waits(clinic, clinic.cast.wang_fang, session)
    services.waiting_work_off(at=session.ends_at + timedelta(days=1))
    row.refresh_from_db()
    assert row.status == WaitingStatus.LAPSED and len(told("waiting.over")) == 1


def test_who_finds_a_clinic_full_enters_the_waiting_list_by_the_page(
    clinic: Clinic, full: tuple[Session, Booking]
) -> None:
    session, _sold = full
    client = client_for(clinic.cast.wang_fang)
    url = f"/doctors/{session.doctor_id}/waiting/"
    assert client.get(url).status_code == 200
    answer = client.post(
        url, {"patient": clinic.cast.mother.patient_id, "first": session.date, "last": session.date, "half_day": ""}
    )
    assert answer.status_code == 302
    row = Waiting.objects.get()
    assert row.patient_id == clinic.cast.mother.patient_id
    assert "李建国" in client.get("/visits/waiting/").content.decode()
    client.post(f"/visits/waiting/{row.pk}/withdraw/")
    row.refresh_from_db()
    assert row.status == WaitingStatus.WITHDRAWN
