"""The doctor books the next visit from the workstation: the room's pool, an extra place, and the patient's message."""

from datetime import timedelta
from typing import Any

import pytest

from appointments import errors, services
from appointments.models import Booking, Override, Quota
from emr.models import Encounter
from hospital.kit.actor import Actor
from hospital.kit.problems import NotFound
from hospital.messaging.models import Message
from tests.appointments.conftest import Clinic, broken_invariants
from tests.appointments.exam_room import build_exam_room
from tests.appointments.test_pages import text
from tests.cast import actor_of_person, client_for

pytestmark = pytest.mark.django_db


def doctor(clinic: Clinic) -> Actor:
    clinic.cast.care_begins(clinic.cast.doctor_li, clinic.cast.mother)
    return actor_of_person(clinic.cast.doctor_li)


def hold(clinic: Clinic, actor: Actor, **more: Any) -> Booking:
    values = {"patient_id": clinic.cast.mother.patient_id, "period_id": clinic.period().pk, "at": clinic.at}
    return services.next_visit_hold(actor=actor, **(values | more))


def test_a_place_kept_for_the_room_is_the_doctors_and_the_daughter_pays_on_the_phone_ap_02(clinic: Clinic) -> None:
    Quota.objects.create(pool="room", percent=100, effective_from=clinic.day, back_hours=1)
    session = clinic.open(clinic.roster(clinic.cast.doctor_li, clinic.day, "10:00", "11:00"))
    booking = hold(clinic, doctor(clinic), period_id=clinic.period(0, session).pk)
    assert (booking.channel, booking.pool, booking.status) == ("doctor", "room", "held")
    assert booking.held_until == min(booking.starts_at, clinic.at + timedelta(days=1))
    told = Message.objects.filter(kind="booking.held")
    assert told.exists() and not Override.objects.exists()
    page = client_for(clinic.cast.wang_fang).get(told[0].url)
    assert f"/pay/{booking.charge_id}/" in page.content.decode()
    assert clinic.pay(booking, at=clinic.at + timedelta(hours=1)).status == "booked"
    assert not broken_invariants()


def test_an_extra_place_has_a_reason_and_an_end_ap_02(clinic: Clinic) -> None:
    actor, cast = doctor(clinic), clinic.cast
    session = clinic.open(clinic.roster(cast.doctor_li, clinic.day, "14:00", "14:05"))
    full = clinic.period(0, session)
    clinic.book(cast.stranger, full)
    with pytest.raises(errors.PeriodFull):
        hold(clinic, actor, period_id=full.pk)
    with pytest.raises(errors.OverrideReasonNeeded):
        hold(clinic, actor, period_id=full.pk, extra=True)
    booking = hold(clinic, actor, period_id=full.pk, extra=True, because="看病理结果")
    assert (booking.pool, booking.number) == ("extra", 2) and Override.objects.get().rule == "AP-02-extra"
    assert not broken_invariants()


def test_nobody_books_for_who_isnt_in_care_nor_into_another_doctors_clinic_mr_12(clinic: Clinic) -> None:
    actor, cast = doctor(clinic), clinic.cast
    with pytest.raises(NotFound):
        hold(clinic, actor, patient_id=cast.stranger.patient_id)
    other = clinic.open(clinic.roster(cast.other_doctor, clinic.day, "10:00", "11:00", department=cast.radiotherapy))
    with pytest.raises(NotFound):
        hold(clinic, actor, period_id=clinic.period(0, other).pk)
    cast.care_begins(cast.nurse, cast.mother)
    with pytest.raises(NotFound):
        hold(clinic, actor_of_person(cast.nurse))


def test_from_the_visit_to_the_next_one(clinic: Clinic) -> None:
    cast = clinic.cast
    build_exam_room(cast, clinic.at).order(cast.mother, "X-DRAW")
    encounter = Encounter.objects.get()
    desk = client_for(cast.doctor_li)
    url = f"/staff/next-visit/{encounter.pk}/"
    assert url in desk.get(f"/staff/encounters/{encounter.pk}/").content.decode()
    assert "09:00" in text(desk.get(url))
    data = {"session": clinic.session.pk, f"period-{clinic.session.pk}": clinic.period(2).pk}
    page = desk.post(url, data, follow=True)
    assert Booking.objects.get().period_id == clinic.period(2).pk and "09:10" in text(page)
    again = desk.post(url, data | {f"period-{clinic.session.pk}": clinic.period(4).pk})
    assert again.status_code == 409, "one booking with this doctor in a half-day"
