"""Quotas by channel, their way back to everybody, and the release of a day (AP-02, AP-03, G01)."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from appointments import errors, services
from appointments.models import Booking, Channel, Place, Pool, Quota, ReleaseRule, RosterSlot, Session
from appointments.pools import Seat, Share, shared_out
from appointments.selectors import doctor_days, periods_free
from appointments.services.pools import place_take_extra, quotas_apply
from hospital.kit import clock
from tests.appointments.conftest import HOUSE, Clinic, broken_invariants
from tests.cast import Person


def quota(clinic: Clinic, pool: str, percent: int, **columns: Any) -> Quota:
    """It falls back an hour before: whenever the test runs, a session of tomorrow morning is longer away."""
    return Quota.objects.create(pool=pool, percent=percent, effective_from=clinic.day, **({"back_hours": 1} | columns))


def kept(session: Session) -> dict[str, int]:
    pools = list(Place.objects.filter(session=session).values_list("pool", flat=True))
    return {pool: pools.count(pool) for pool in sorted(set(pools))}


def hold(clinic: Clinic, person: Person, channel: Channel, period: Any = None, at: datetime | None = None) -> Booking:
    return services.booking_hold(
        actor=HOUSE, patient_id=person.patient_id, period_id=(period or clinic.period()).pk, at=at or clinic.at,
        channel=channel,
    )  # fmt: skip


def apply(clinic: Clinic) -> int:
    return quotas_apply(actor=HOUSE, first=clinic.day, last=clinic.day, at=clinic.at)


def seats(number: int, taken: int = 0) -> list[Seat]:
    return [Seat(n, Pool.PHONE if n < taken else Pool.COMMON, n < taken, time(8, n)) for n in range(number)]


@pytest.mark.parametrize(
    ("number", "percent", "wanted"), [(12, 25, 3), (12, 0, 0), (12, 100, 12), (7, 20, 1), (0, 50, 0)]
)
def test_a_share_is_its_part_of_the_places_rounded_down(number: int, percent: int, wanted: int) -> None:
    found = shared_out(seats(number), [Share(Pool.PHONE, percent, 24)])
    assert len(found) == number and sum(share is not None for share in found.values()) == wanted


def test_shares_never_get_more_than_there_is_nor_the_same_place() -> None:
    found = shared_out(seats(10), [Share(Pool.KIOSK, 70, 24), Share(Pool.PHONE, 60, 24)])
    pools = [share.pool for share in found.values() if share]
    assert pools.count(Pool.KIOSK) == 7 and pools.count(Pool.PHONE) == 3


def test_what_a_pool_sold_counts_against_its_share() -> None:
    found = shared_out(seats(10, taken=2), [Share(Pool.PHONE, 30, 24)])
    assert sum(share is not None for share in found.values()) == 1


def test_a_share_of_some_hours_is_spread_through_them() -> None:
    share = Share(Pool.PHONE, 50, 24, time(8, 0), time(8, 10))
    found = shared_out(seats(20), [share])
    chosen = [place for place, one in found.items() if one]
    assert len(chosen) == 5 and max(chosen) < 10 and max(chosen) - min(chosen) >= 6


@pytest.mark.django_db
def test_a_session_is_made_with_the_quotas_of_its_day(clinic: Clinic) -> None:
    quota(clinic, Pool.PHONE, 25)
    quota(clinic, Pool.ROOM, 25)
    quota(clinic, Pool.PHONE, 50, doctor=clinic.cast.doctor_li.staff)  # the doctor's own word holds
    quota(clinic, Pool.KIOSK, 50, department=clinic.cast.radiotherapy)  # not of this department
    session = clinic.open(clinic.roster(clinic.cast.doctor_li, clinic.day, "10:00", "11:00"))
    assert kept(session) == {"common": 3, "phone": 6, "room": 3}
    assert not broken_invariants()


@pytest.mark.django_db
def test_each_channel_sells_its_own_pool_first_and_no_other_ap_02(clinic: Clinic) -> None:
    """Phones, web and window share the common pool in step; what is kept for the telephone desk is nobody else's."""
    quota(clinic, Pool.PHONE, 50)
    session = clinic.open(
        clinic.roster(clinic.cast.doctor_li, clinic.day, "10:00", "11:00", period_minutes=60, places_per_period=4)
    )
    period, people = session.periods.get(), [clinic.cast.new_patient(f"钱{n}") for n in range(5)]
    assert periods_free(session.pk, at=clinic.at)[0].free == 2
    bought = [hold(clinic, people[0], Channel.PHONE, period), hold(clinic, people[1], Channel.APP, period)]
    bought.append(hold(clinic, people[2], Channel.DESK, period))
    assert [one.pool for one in bought] == ["phone", "common", "common"]
    for channel in (Channel.APP, Channel.DESK, Channel.KIOSK, Channel.DOCTOR, Channel.WAITING):
        with pytest.raises(errors.PeriodFull):
            hold(clinic, people[3], channel, period)
    assert hold(clinic, people[3], Channel.PHONE, period).pool == "phone"
    with pytest.raises(errors.PeriodFull):
        hold(clinic, people[4], Channel.PHONE, period)
    assert not broken_invariants()


@pytest.mark.django_db
def test_what_is_unsold_falls_back_to_everybody_in_time_ap_02(clinic: Clinic) -> None:
    quota(clinic, Pool.PARTNER, 100, back_hours=2)
    session = clinic.open(clinic.roster(clinic.cast.doctor_li, clinic.day, "10:00", "11:00"))
    period = session.periods.order_by("starts_at")[0]
    before, after = period.starts_at - timedelta(hours=2, seconds=1), period.starts_at - timedelta(hours=2)
    assert periods_free(session.pk, at=before)[0].free == 0
    with pytest.raises(errors.PeriodFull):
        hold(clinic, clinic.cast.wang_fang, Channel.APP, period, at=before)
    assert periods_free(session.pk, at=after)[0].free == 1
    assert hold(clinic, clinic.cast.wang_fang, Channel.APP, period, at=after).pool == "common"
    assert not broken_invariants()


@pytest.mark.django_db
def test_a_quota_put_into_force_later_leaves_what_is_sold(clinic: Clinic) -> None:
    sold = clinic.book(clinic.cast.wang_fang)
    quota(clinic, Pool.PHONE, 100)
    assert apply(clinic) == 11
    assert kept(clinic.session) == {"common": 1, "phone": 11}
    Quota.objects.update(percent=0)
    apply(clinic)
    assert kept(clinic.session) == {"common": 12}
    sold.refresh_from_db()
    assert sold.pool == "common" and not broken_invariants()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("pool", "channel"),
    [("phone", "app"), ("kiosk", "desk"), ("partner", "phone"), ("room", "app"), ("extra", "waiting")],
)
def test_the_database_refuses_a_booking_from_the_pool_of_another_channel(
    clinic: Clinic, pool: str, channel: str
) -> None:
    booking = clinic.hold(clinic.cast.wang_fang)
    with pytest.raises(IntegrityError, match="appointments_pool_of_its_channel"), transaction.atomic():
        Booking.objects.filter(pk=booking.pk).update(pool=pool, channel=channel)


@pytest.mark.django_db
def test_the_doctor_adds_a_place_beyond_the_roster_up_to_the_limit(clinic: Clinic) -> None:
    period = clinic.period()
    with transaction.atomic():
        taken = place_take_extra(period, at=clinic.at)
        assert (taken.number, taken.pool) == (13, Pool.EXTRA)
        transaction.set_rollback(True)
    for number in range(5):
        person = clinic.cast.new_patient(f"孙{number}")
        made = services.booking_hold(
            actor=HOUSE, patient_id=person.patient_id, period_id=period.pk, at=clinic.at, channel=Channel.DOCTOR,
            extra=True,
        )  # fmt: skip
        assert (made.pool, made.number) == ("extra", 13 + number)
    with pytest.raises(errors.NoMoreExtra):
        services.booking_hold(
            actor=HOUSE, patient_id=clinic.cast.stranger.patient_id, period_id=period.pk, at=clinic.at,
            channel=Channel.DOCTOR, extra=True,
        )  # fmt: skip
    assert not broken_invariants()


@pytest.mark.django_db
def test_a_day_is_released_at_its_hour_for_patients_and_earlier_for_the_doctor_ap_03(clinic: Clinic) -> None:
    day = clinic.day + timedelta(days=6)
    ReleaseRule.objects.create(days_ahead=10, opens=time(7), effective_from=day)
    ReleaseRule.objects.create(
        department=clinic.cast.oncology, days_ahead=3, opens=time(6, 30), effective_from=day
    )  # the department's own word holds
    session = clinic.open(clinic.roster(clinic.cast.doctor_li, day, "10:00", "11:00"))
    opens = clock.at_local(day - timedelta(days=3), time(6, 30))
    assert session.releases_at == opens
    period = clinic.period(0, session)
    with pytest.raises(errors.NotReleased):
        hold(clinic, clinic.cast.wang_fang, Channel.APP, period, at=opens - timedelta(seconds=1))
    line = next(line for one in doctor_days(session.doctor_id, at=clinic.at) for line in one.lines if line.opens_at)
    assert (line.free, line.opens_at) == (0, opens)
    assert hold(clinic, clinic.cast.stranger, Channel.DOCTOR, clinic.period(1, session)).pool == "common"
    assert hold(clinic, clinic.cast.wang_fang, Channel.APP, period, at=opens).channel == "app"


@pytest.mark.django_db
def test_the_sweep_makes_a_day_before_it_is_released(clinic: Clinic) -> None:
    RosterSlot.objects.filter(pk=clinic.slot.pk).update(effective_to=None)
    ReleaseRule.objects.create(days_ahead=28, opens=time(7), effective_from=clinic.day)
    services.sessions_open_ahead(at=clinic.at)
    last = Session.objects.latest("date")
    assert (last.date - clock.business_day(clinic.at)).days == 29
