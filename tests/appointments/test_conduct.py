"""The no-show ledger, bans and appeals (AP-06, AP-07)."""

from datetime import datetime, timedelta

import pytest

from appointments import errors, services
from appointments.models import Absence, Ban, Booking, Channel
from appointments.selectors.conduct import appeals_for
from hospital.kit import clock
from hospital.kit.problems import NotFound, TooMany
from hospital.messaging.models import Message
from hospital.organisation.models import PolicyParameter
from tests.appointments.conftest import HOUSE, Clinic, broken_invariants
from tests.cast import actor_of_person, client_for

pytestmark = pytest.mark.django_db


def missed(clinic: Clinic, number: int) -> datetime:
    """Wang Fang booked on so many days and came on none; answers the last instant."""
    for days in range(number):
        day = clinic.day + timedelta(days=days)
        session = (
            clinic.session if days == 0 else clinic.open(clinic.roster(clinic.cast.doctor_li, day, "09:00", "10:00"))
        )
        clinic.book(clinic.cast.wang_fang, clinic.period(0, session))
        end = session.ends_at + timedelta(hours=2)
        services.sessions_close(at=end)
    return end


def hold_later(clinic: Clinic, at: datetime, channel: Channel = Channel.APP) -> Booking:
    day = clock.business_day(at) + timedelta(days=1)
    session = clinic.open(clinic.roster(clinic.cast.doctor_li, day, "14:00", "15:00"))
    return services.booking_hold(
        actor=HOUSE, patient_id=clinic.cast.wang_fang.patient_id, period_id=clinic.period(0, session).pk, at=at,
        channel=channel,
    )  # fmt: skip


def test_two_missed_visits_are_kept_and_ban_nobody_ap_06(clinic: Clinic) -> None:
    end = missed(clinic, 2)
    assert Absence.objects.count() == 2 and not Ban.objects.exists()
    assert hold_later(clinic, end).channel == Channel.APP


def test_three_missed_visits_ban_but_never_at_the_window_ap_06(clinic: Clinic) -> None:
    end = missed(clinic, 3)
    ban = Ban.objects.get()
    last = Absence.objects.latest("at")
    assert ban.ends_at == last.at + timedelta(days=183)
    for channel in (Channel.APP, Channel.API, Channel.PHONE, Channel.KIOSK):
        with pytest.raises(errors.Banned):
            hold_later(clinic, end, channel)
        end += timedelta(days=1)
    assert hold_later(clinic, end, Channel.DESK).channel == Channel.DESK
    assert hold_later(clinic, ban.ends_at + timedelta(seconds=1)).channel == Channel.APP
    assert not broken_invariants()


def test_a_month_has_a_limit_of_its_own_that_ends_with_it_ap_06(clinic: Clinic) -> None:
    PolicyParameter.objects.create(
        name="appointments.absences_month", value=1, source="t", effective_from=clinic.at - timedelta(days=1)
    )
    end = missed(clinic, 1)
    ban = Ban.objects.get()
    assert clock.local(ban.ends_at).day == 1 and end < ban.ends_at <= end + timedelta(days=31)


def test_who_is_excused_by_the_head_may_book_again_ap_06(clinic: Clinic) -> None:
    end = missed(clinic, 3)
    absence = Absence.objects.latest("at")
    client = client_for(clinic.cast.wang_fang)
    assert client.get(f"/visits/{absence.booking_id}/appeal/").status_code == 200
    assert client.post(f"/visits/{absence.booking_id}/appeal/", {"reason": " "}).status_code == 422
    assert client.post(f"/visits/{absence.booking_id}/appeal/", {"reason": "当天住院了"}).status_code == 302
    page = client_for(clinic.cast.head).get("/staff/appeals/").content.decode()
    assert "当天住院了" in page and "王芳" in page
    (appeal,) = appeals_for(actor_of_person(clinic.cast.head), at=end)
    assert (appeal.missed, appeal.banned_until) == (3, Ban.objects.get().ends_at)
    with pytest.raises(NotFound):
        services.appeal_decide(
            actor=actor_of_person(clinic.cast.other_doctor), absence_id=absence.pk, excuse=True, answer="x", at=end
        )
    answer = {"excuse": "1", "answer": "有住院记录"}
    assert client_for(clinic.cast.head).post(f"/staff/appeals/{absence.pk}/", answer).status_code == 302
    absence.refresh_from_db()
    assert absence.status == "excused" and Ban.objects.get().lifted_at is not None
    (told,) = Message.objects.filter(kind="absence.decided")
    assert told.url == f"/visits/{absence.booking_id}/appeal/" and "住院" not in str(told.context)
    again = client_for(clinic.cast.head).post(f"/staff/appeals/{absence.pk}/", answer, follow=True)
    assert again.status_code == 200 and Message.objects.filter(kind="absence.decided").count() == 1
    assert "有住院记录" in client.get(f"/visits/{absence.booking_id}/appeal/").content.decode()
    assert hold_later(clinic, end).channel == Channel.APP


def test_an_account_begins_only_so_many_bookings_in_an_hour_ap_07(clinic: Clinic) -> None:
    PolicyParameter.objects.create(
        name="appointments.holds_per_hour", value=1, source="t", effective_from=clinic.at - timedelta(days=1)
    )
    clinic.hold(clinic.cast.wang_fang)
    with pytest.raises(TooMany):
        clinic.hold(clinic.cast.mother, clinic.period(1))
    assert clinic.hold(clinic.cast.mother, clinic.period(1), at=clinic.at + timedelta(minutes=61)).number == 2
