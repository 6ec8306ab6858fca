"""The no-show ledger, bans and appeals (AP-06, AP-07)."""

from datetime import datetime, timedelta

import pytest

from appointments import errors, policy, services
from appointments.models import Absence, Ban, Booking, Channel, Level
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


def give_back(clinic: Clinic, number: int) -> Booking:
    """Wang Fang books so many visits and gives each of them back; answers the last."""
    allow_cancels(clinic, 2)
    for _ in range(number):
        booking = another(clinic)
        services.booking_cancel(actor=actor_of_person(clinic.cast.wang_fang), booking_id=booking.pk, at=clinic.at)
    booking.refresh_from_db()
    return booking


def another(clinic: Clinic) -> Booking:
    """Another visit of Wang Fang's: what was given back comes back later."""
    return clinic.book(clinic.cast.wang_fang, clinic.period(Booking.objects.count()))


def allow_cancels(clinic: Clinic, number: int) -> None:
    PolicyParameter.objects.get_or_create(
        name="appointments.cancels_month",
        defaults={"value": number, "source": "t", "effective_from": clinic.at - timedelta(days=1)},
    )


def test_who_gives_back_too_often_has_a_missed_visit_for_each_more_ap_06(clinic: Clinic) -> None:
    give_back(clinic, 2)
    assert not Absence.objects.exists()
    booking = give_back(clinic, 1)
    (absence,) = Absence.objects.all()
    assert (absence.booking, absence.cause, absence.at, absence.status) == (booking, "given_back", clinic.at, "counted")
    give_back(clinic, 2)
    assert Absence.objects.count() == 3 and Ban.objects.get().cause == "no_show"
    with pytest.raises(errors.Banned):
        clinic.hold(clinic.cast.wang_fang)
    assert not broken_invariants()


def test_the_patient_is_told_before_and_may_appeal_after_ap_06(clinic: Clinic) -> None:
    give_back(clinic, 1)
    client, said = client_for(clinic.cast.wang_fang), "本次取消将计为一次爽约"
    for often in (False, True):
        booking = another(clinic)
        page = client.get(f"/visits/{booking.pk}/cancel/").content.decode()
        assert (said in page) == often
        assert client.post(f"/visits/{booking.pk}/cancel/", {"reason": ""}).status_code == 302
    assert f"/visits/{booking.pk}/appeal/" in client.get(f"/visits/{booking.pk}/").content.decode()
    assert "同一个月内取消次数过多" in client.get(f"/visits/{booking.pk}/appeal/").content.decode()
    assert client.get(f"/api/v1/bookings/{booking.pk}/absence/").json()["cause"] == "given_back"


def test_what_isnt_the_patients_doing_never_counts_as_given_back_ap_06(clinic: Clinic) -> None:
    """A hold that wasn't paid, a stopped clinic, the house, and who calls the desk."""
    allow_cancels(clinic, 0)
    patient = actor_of_person(clinic.cast.wang_fang)
    services.booking_cancel(actor=patient, booking_id=clinic.hold(clinic.cast.wang_fang).pk, at=clinic.at)
    services.booking_cancel(actor=HOUSE, booking_id=another(clinic).pk, at=clinic.at)
    stopped = another(clinic)
    services.session_stop(
        actor=actor_of_person(clinic.cast.admin), session_id=clinic.session.pk, reason="医生生病", at=clinic.at
    )
    services.booking_cancel(actor=patient, booking_id=stopped.pk, at=clinic.at)
    assert not Absence.objects.exists() and not Booking.objects.filter(given_back=True).exists()


def test_the_cut_off_depends_on_the_kind_of_clinic_ap_05(clinic: Clinic) -> None:
    booking = clinic.book(clinic.cast.wang_fang)
    for level, hours in ((Level.NORMAL, 2), (Level.EXPERT, 4), (Level.SPECIAL, 4)):
        booking.session.level = level
        assert booking.starts_at - policy.cancel_until(booking, clinic.at) == timedelta(hours=hours)


def test_an_account_begins_only_so_many_bookings_in_an_hour_ap_07(clinic: Clinic) -> None:
    PolicyParameter.objects.create(
        name="appointments.holds_per_hour", value=1, source="t", effective_from=clinic.at - timedelta(days=1)
    )
    clinic.hold(clinic.cast.wang_fang)
    with pytest.raises(TooMany):
        clinic.hold(clinic.cast.mother, clinic.period(1))
    assert clinic.hold(clinic.cast.mother, clinic.period(1), at=clinic.at + timedelta(minutes=61)).number == 2
