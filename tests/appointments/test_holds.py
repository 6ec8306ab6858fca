"""A crowd that is answered in one transaction gets what each would have got alone (services/holds.py)."""

from typing import Any

import pytest
from django.db import connection, transaction

from appointments import errors, services
from appointments.models import Booking, Channel, Place, Session
from appointments.services import HoldAsked, Undone
from appointments.services.places import place_take, places_take
from appointments.states import ACTIVE_BOOKING, SessionStatus
from hospital.kit.problems import NotFound, Problem
from tests.appointments.conftest import FREE, Clinic, broken_invariants
from tests.appointments.rows import left_behind
from tests.cast import Person, actor_of_person


def asked(clinic: Clinic, person: Person, period: int = 0, payer: Person | None = None) -> HoldAsked:
    return HoldAsked(actor_of_person(payer or person), person.patient_id, clinic.period(period).pk)


def hold_all(clinic: Clinic, *requests: HoldAsked) -> list[Any]:
    with transaction.atomic():
        return services.bookings_hold_within(asked=requests, channel=Channel.API, at=clinic.at)


def alone(clinic: Clinic, one: HoldAsked) -> Any:
    try:
        return services.booking_hold(
            actor=one.actor, patient_id=one.patient_id, period_id=one.period_id, at=clinic.at, channel=Channel.API
        )
    except Problem as problem:
        return problem


def told(held: Any) -> Any:
    return (
        held.code
        if isinstance(held, Problem)
        else {f.attname: getattr(held, f.attname) for f in held._meta.concrete_fields}
    )


def crowd(clinic: Clinic, count: int) -> list[Person]:
    return [clinic.cast.new_patient(f"某{number}") for number in range(count)]


def test_a_crowd_of_one_leaves_the_very_rows_of_a_single_hold(clinic: Clinic) -> None:
    one = asked(clinic, clinic.cast.mother, payer=clinic.cast.wang_fang)
    many, rows = left_behind(lambda: hold_all(clinic, one)[0])
    single, rows_alone = left_behind(lambda: alone(clinic, one))
    assert told(many) == told(single)
    assert rows == rows_alone
    assert len(rows["appointments_booking"]) == len(rows["billing_chargeline"]) == 1


def test_who_comes_first_is_served_first_and_gets_the_first_number_ap_02(clinic: Clinic) -> None:
    people = crowd(clinic, 5)
    clinic.hold(clinic.cast.mother, clinic.period(2))
    requests = [asked(clinic, person, number % 2) for number, person in enumerate(people)]
    answers = hold_all(clinic, *requests, asked(clinic, clinic.cast.stranger, 2))
    assert [isinstance(answer, Booking) for answer in answers] == [True, True, False, False, False, False]
    assert {answer.code for answer in answers[2:]} == {errors.PeriodFull.code}
    assert [answer.period_id for answer in answers[:2]] == [request.period_id for request in requests[:2]]
    assert Booking.objects.filter(status__in=ACTIVE_BOOKING).count() == 3
    assert not broken_invariants()


def test_numbers_of_a_period_go_out_in_the_order_of_the_crowd(clinic: Clinic) -> None:
    wide = clinic.open(
        clinic.roster(clinic.cast.doctor_li, clinic.day, "14:00", "15:00", period_minutes=60, places_per_period=6)
    )
    period = clinic.period(0, wide)
    requests = [HoldAsked(actor_of_person(person), person.patient_id, period.pk) for person in crowd(clinic, 8)]
    answers = hold_all(clinic, *requests)
    assert [answer.number for answer in answers[:6]] == [1, 2, 3, 4, 5, 6]
    assert [answer.code for answer in answers[6:]] == [errors.PeriodFull.code] * 2
    for answer, request in zip(answers[:6], requests, strict=False):
        stored = Booking.objects.get(pk=answer.pk)
        assert (stored.patient_id, stored.charge.subject_id) == (request.patient_id, stored.pk)
        assert stored.charge.lines.get().amount == stored.charge.amount == 5000


def test_one_patient_account_or_device_is_in_a_crowd_once_ap_07(clinic: Clinic) -> None:
    """What one booking changes for another must be seen by that other."""
    twice = asked(clinic, clinic.cast.wang_fang)
    family = asked(clinic, clinic.cast.mother, 1, payer=clinic.cast.wang_fang)
    first, second, third = hold_all(clinic, twice, twice, family)
    assert isinstance(first, Booking) and second is third is Undone.LATER


def test_what_needs_a_second_look_is_left_undone(clinic: Clinic) -> None:
    cast = clinic.cast
    free = clinic.open(clinic.roster(cast.other_doctor, clinic.day, "14:00", "14:10", fee_item=FREE))
    unpriced = clinic.open(clinic.roster(cast.other_doctor, clinic.day, "15:00", "15:10", fee_item="REG-NONE"))
    online = clinic.open(clinic.roster(cast.other_doctor, clinic.day, "16:00", "16:10", kind="online"))
    actor, patient = actor_of_person(cast.stranger), cast.stranger.patient_id
    for session in (free, unpriced, online):
        assert hold_all(clinic, HoldAsked(actor, patient, clinic.period(0, session).pk)) == [Undone.ALONE]
    assert hold_all(clinic, HoldAsked(actor, patient, 0)) == [Undone.ALONE]
    held = clinic.hold(cast.wang_fang)
    assert hold_all(clinic, asked(clinic, cast.wang_fang)) == [Undone.ALONE]  # the same hold again
    assert hold_all(clinic, asked(clinic, cast.wang_fang, 1)) == [Undone.ALONE]  # AP-04, by a constraint
    assert Booking.objects.get() == held


def test_rules_refuse_one_of_a_crowd_as_they_refuse_one_alone(clinic: Clinic) -> None:
    cast = clinic.cast
    clinic.hold(cast.new_patient("某人"))
    foreign = HoldAsked(actor_of_person(cast.stranger), cast.mother.patient_id, clinic.period(1).pk)
    unproved = asked(clinic, cast.unverified, 1)
    full = asked(clinic, cast.stranger)
    requests = [foreign, unproved, full]
    answers = hold_all(clinic, *requests)
    assert [told(answer) for answer in answers] == [told(alone(clinic, one)) for one in requests]
    assert [type(answer) for answer in answers] == [NotFound, errors.RealNameNeeded, errors.PeriodFull]


def test_a_session_that_is_stopped_meanwhile_undoes_the_whole_crowd_ap_08(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    from appointments.services import holds

    take = holds.places_take

    def stopped_meanwhile(*args: Any, **kwargs: Any) -> Any:
        Session.objects.filter(pk=clinic.session.pk).update(status=SessionStatus.STOPPED)
        return take(*args, **kwargs)

    monkeypatch.setattr(holds, "places_take", stopped_meanwhile)
    with pytest.raises(services.Redo):
        hold_all(clinic, asked(clinic, clinic.cast.wang_fang))
    assert not Booking.objects.exists() and not Place.objects.filter(booking__isnull=False).exists()


def test_a_crowd_asks_the_database_as_often_as_one(clinic: Clinic, django_assert_num_queries: Any) -> None:
    requests = [asked(clinic, person, number) for number, person in enumerate(crowd(clinic, 9))]
    for some in (requests[:1], requests[1:]):
        with transaction.atomic(), django_assert_num_queries(10):
            answers = services.bookings_hold_within(asked=some, channel=Channel.API, at=clinic.at)
        assert all(isinstance(answer, Booking) for answer in answers)


@pytest.mark.parametrize("sold_of_3000", [3000, 2999, 1500, 0], ids=["all sold", "one free", "half", "nothing sold"])
def test_places_are_looked_up_by_their_keys_whatever_the_planner_believes(clinic: Clinic, sold_of_3000: int) -> None:
    """Statistics of yesterday: by those of a day when everything was sold (null_frac = 0), a crowd went through all free
    places, choosing anew for each, because the index of who has which place held the free ones too."""
    known, free = 3000, 2000
    period = clinic.period(0)
    columns = "id, period_id, session_id, seat, number, capacity, pool"
    with connection.cursor() as cursor:
        # A twin for this transaction: what the planner is made to believe of it ends with it.
        cursor.execute(
            "CREATE TEMP TABLE appointments_place (LIKE public.appointments_place INCLUDING ALL) ON COMMIT DROP"
        )
        fill = f"INSERT INTO appointments_place ({columns}, booking_id) SELECT %s + n, {{}}, n, n, n, 'common', {{}} FROM generate_series(1, %s) AS n"
        owner = f"CASE WHEN n <= {sold_of_3000} THEN 1000000 + n END"
        cursor.execute(fill.format("1000000 + n, 1000000 + n", owner), [1_000_000, known])
        cursor.execute("ANALYZE appointments_place")
        cursor.execute(
            "SELECT null_frac FROM pg_stats WHERE schemaname LIKE 'pg_temp%%' AND tablename = 'appointments_place' AND attname = 'booking_id'"
        )
        assert cursor.fetchone()[0] == pytest.approx(1 - sold_of_3000 / known, abs=0.01)
        cursor.execute(fill.format("-n, -n", "NULL"), [2_000_000, free])
        cursor.execute(fill.format(f"{period.pk}, {period.session_id}", "NULL"), [3_000_000, 50])
    before = rows_read()
    taken = places_take({period.pk: 3}, at=clinic.at, channel=Channel.API)[period.pk]
    assert [place.number for place in taken] == [1, 2, 3]
    one = place_take(period.pk, at=clinic.at, channel=Channel.API)
    assert one is not None and one.number == 4
    assert rows_read() - before < 500  # of the period's own; it was four million of the house's


def rows_read() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relid = 'pg_temp.appointments_place'::regclass"
        )
        return int(cursor.fetchone()[0])
