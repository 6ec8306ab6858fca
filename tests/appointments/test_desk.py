"""Booking at the window and by telephone: the right to see a patient, five keys, holds, and rules set aside."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from appointments import errors, services
from appointments.models import Booking, Channel, DeskTurn, Override, Quota, StopCase
from appointments.states import BookingStatus
from billing.models import Payment, Refund
from billing.states import ChargeStatus
from hospital.audit.models import Entry
from hospital.kit.actor import Actor
from hospital.kit.problems import NotFound
from hospital.messaging.models import Message
from hospital.organisation.models import PolicyParameter
from hospital.people.models import VisitCard
from tests.appointments.conftest import HOUSE, Clinic, broken_invariants
from tests.appointments.test_pages import text
from tests.browser import WORKSTATION, OpenPage
from tests.cast import Person, actor_of_person, client_for


def serve(clinic: Clinic, person: Person, channel: Channel = Channel.DESK) -> tuple[Actor, int]:
    nurse = actor_of_person(clinic.cast.nurse)
    found = services.desk_find(actor=nurse, text=person.patient.record_no, channel=channel, at=clinic.at)
    return nurse, found[0].pk


def limit(clinic: Clinic, name: str, value: int) -> None:
    PolicyParameter.objects.create(name=name, value=value, effective_from=clinic.at - timedelta(days=1), source="t")


@pytest.mark.parametrize("said", ["card", "phone", "document", "record", "spaced phone"])
@pytest.mark.django_db
def test_a_patient_is_found_by_any_whole_number_and_it_leaves_a_line_sec_12(clinic: Clinic, said: str) -> None:
    patient = clinic.cast.stranger.patient
    number = {
        "card": VisitCard.objects.get(patient=patient).number, "phone": patient.phone, "record": patient.record_no,
        "document": patient.document_no.lower(), "spaced phone": f"{patient.phone[:3]} {patient.phone[3:]}",
    }[said]  # fmt: skip
    desk = client_for(clinic.cast.nurse)
    answer = desk.post("/staff/desk/", {"text": number, "channel": "desk"})
    turn = DeskTurn.objects.get()
    assert answer.status_code == 302 and answer["Location"] == f"/staff/desk/{turn.pk}/"
    assert (turn.patient_id, turn.staff_id) == (patient.pk, clinic.cast.nurse.staff.pk)
    assert Entry.objects.filter(action="booking.desk_find", patient_id=patient.pk).count() == 1
    page = desk.get(answer["Location"])
    assert patient.name not in text(page) and patient.masked_name in text(page) and patient.phone not in text(page)


@pytest.mark.parametrize("said", ["赵敏", "1990000", "T00"])
@pytest.mark.django_db
def test_a_name_or_a_part_of_a_number_finds_nobody_and_is_kept_sec_12(clinic: Clinic, said: str) -> None:
    page = client_for(clinic.cast.nurse).post("/staff/desk/", {"text": said, "channel": "desk"})
    assert page.status_code == 422 and not DeskTurn.objects.exists()
    assert Entry.objects.get(action="booking.desk_find").outcome == "nobody"


@pytest.mark.django_db
def test_looking_for_patients_has_a_limit_that_misses_count_against_sec_12(clinic: Clinic) -> None:
    limit(clinic, "appointments.desk_finds", 3)
    desk = client_for(clinic.cast.nurse)
    answers = [desk.post("/staff/desk/", {"text": f"1390000000{n}", "channel": "desk"}).status_code for n in range(4)]
    assert answers == [422, 422, 422, 429]


@pytest.mark.django_db
def test_the_right_ends_with_the_time_with_the_next_patient_and_at_another_desk_sec_05(clinic: Clinic) -> None:
    nurse, turn = serve(clinic, clinic.cast.stranger)
    hold = {"turn_id": turn, "period_id": clinic.period().pk}
    with pytest.raises(NotFound):
        services.desk_hold(actor=actor_of_person(clinic.cast.cashier), at=clinic.at, **hold)
    with pytest.raises(NotFound):
        services.desk_hold(actor=nurse, at=clinic.at + timedelta(minutes=31), **hold)
    services.desk_leave(actor=nurse, turn_id=turn, at=clinic.at)
    with pytest.raises(NotFound):
        services.desk_hold(actor=nurse, at=clinic.at, **hold)
    with pytest.raises(NotFound):
        services.booking_hold(
            actor=nurse, patient_id=clinic.cast.stranger.patient_id, period_id=clinic.period().pk, at=clinic.at
        )
    assert not Booking.objects.exists()


@pytest.mark.django_db
def test_the_window_books_shows_a_code_and_sees_it_paid(clinic: Clinic) -> None:
    desk, cast = client_for(clinic.cast.nurse), clinic.cast
    _nurse, turn = serve(clinic, cast.stranger)
    page = desk.get(f"/staff/desk/{turn}/", {"q": "ljg"}) if cast.doctor_li.staff.initials == "ljg" else None
    page = page or desk.get(f"/staff/desk/{turn}/", {"q": cast.doctor_li.name})
    assert "¥50.00" in text(page) and b"checked autofocus" in page.content
    answer = desk.post(
        f"/staff/desk/{turn}/book/",
        {"session": clinic.session.pk, f"period-{clinic.session.pk}": clinic.period().pk, "q": "ljg"},
    )
    booking = Booking.objects.get()
    assert answer["Location"] == f"/staff/desk/{turn}/bookings/{booking.pk}/"
    assert (booking.channel, booking.status, booking.pool) == ("desk", "held", "common")
    assert booking.held_until - booking.created_at == timedelta(minutes=15)
    assert not Message.objects.filter(kind="booking.held").exists()
    shown = desk.post(answer["Location"], {"verb": "pay"}, follow=True)
    assert shown.status_code == 200 and "/paying/?order=P" in shown.content.decode()
    assert clinic.pay(booking).status == BookingStatus.BOOKED
    assert not broken_invariants()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_patient_who_was_found_is_booked_in_five_keys(clinic: Clinic, open_page: OpenPage) -> None:
    staff = clinic.cast.doctor_li.staff
    staff.pinyin, staff.initials = "lijianguo", "ljg"
    staff.save(update_fields=["pinyin", "initials"])
    page = open_page(WORKSTATION, clinic.cast.nurse)
    page.goto("/staff/desk/")
    page.wait_for_selector("input[name=text]:focus")
    page.keyboard.type(clinic.cast.stranger.patient.record_no)
    page.keyboard.press("Enter")
    page.wait_for_url("**/staff/desk/*/")
    page.wait_for_selector("input[name=q]:focus")
    for key in ("l", "j", "g", "Enter"):
        page.keyboard.press(key)
    page.wait_for_selector("input[name=session]:focus")
    page.keyboard.press("Enter")
    page.wait_for_url("**/bookings/*/")
    assert Booking.objects.get().period_id == clinic.period().pk, "the earliest free time"


@pytest.mark.django_db
def test_the_telephone_sells_its_pool_and_the_patient_pays_at_home_ap_02(clinic: Clinic) -> None:
    cast = clinic.cast
    Quota.objects.create(pool="phone", percent=100, effective_from=clinic.day, back_hours=1)
    session = clinic.open(clinic.roster(cast.doctor_li, clinic.day, "10:00", "11:00"))
    period = clinic.period(0, session)
    desk = client_for(cast.nurse)
    _, at_window = serve(clinic, cast.wang_fang)
    nurse, caller = serve(clinic, cast.stranger, Channel.PHONE)
    url = "/staff/desk/{}/?q=" + cast.doctor_li.name
    beyond = f'name="extra" value="{session.pk}"'  # all that is left for who isn't on the telephone
    assert beyond not in desk.get(url.format(caller)).content.decode()
    assert beyond in desk.get(url.format(at_window)).content.decode()
    booking = services.desk_hold(actor=nurse, turn_id=caller, period_id=period.pk, at=clinic.at)
    assert (booking.channel, booking.pool) == ("phone", "phone")
    assert booking.held_until - clinic.at == timedelta(minutes=120)
    told = Message.objects.get(kind="booking.held")
    assert told.url == f"/visits/{booking.pk}/"
    at_home = client_for(cast.stranger).get(f"/visits/{booking.pk}/")
    assert f"/pay/{booking.charge_id}/" in at_home.content.decode()
    assert not broken_invariants()


@pytest.mark.django_db
def test_a_long_hold_ends_at_the_latest_with_the_visit_pay_11(clinic: Clinic) -> None:
    nurse, turn = serve(clinic, clinic.cast.stranger, Channel.PHONE)
    DeskTurn.objects.update(ends_at=clinic.session.ends_at)
    soon = clinic.session.starts_at - timedelta(minutes=40)
    booking = services.desk_hold(actor=nurse, turn_id=turn, period_id=clinic.period().pk, at=soon)
    assert booking.held_until == clinic.session.starts_at


@pytest.mark.django_db
def test_a_soft_rule_is_set_aside_with_a_reason_that_the_head_reads_ap_07(clinic: Clinic) -> None:
    cast = clinic.cast
    limit(clinic, "appointments.departments_per_day", 1)
    other = clinic.open(clinic.roster(cast.other_doctor, clinic.day, "14:00", "15:00", department=cast.radiotherapy))
    clinic.book(cast.stranger)
    nurse, turn = serve(clinic, cast.stranger)
    hold: dict[str, Any] = {"turn_id": turn, "period_id": clinic.period(0, other).pk, "at": clinic.at}
    with pytest.raises(errors.TooManyDepartments):
        services.desk_hold(actor=nurse, because="  ", **hold)
    desk = client_for(cast.nurse)
    data = {"session": other.pk, f"period-{other.pk}": clinic.period(0, other).pk, "q": cast.other_doctor.name}
    asked = desk.post(f"/staff/desk/{turn}/book/", data)
    assert asked.status_code == 409 and "<details open>" in asked.content.decode()
    assert desk.post(f"/staff/desk/{turn}/book/", data | {"because": "化疗间隙，只能当天"}).status_code == 302
    kept = Override.objects.get()
    assert (kept.rule, kept.reason, kept.staff_id) == (
        "AP-04-departments", "化疗间隙，只能当天", cast.nurse.staff.pk,
    )  # fmt: skip
    assert Entry.objects.filter(action="booking.override", patient_id=cast.stranger.patient_id).count() == 1
    assert "化疗间隙" not in text(client_for(cast.head).get("/staff/overrides/")), "another department's head"
    assert "化疗间隙" in text(client_for(cast.auditor).get("/staff/overrides/"))
    assert client_for(cast.nurse).get("/staff/overrides/").status_code == 404


@pytest.mark.django_db
def test_a_reason_given_where_no_rule_stood_in_the_way_is_no_override(clinic: Clinic) -> None:
    nurse, turn = serve(clinic, clinic.cast.stranger)
    services.desk_hold(actor=nurse, turn_id=turn, period_id=clinic.period().pk, at=clinic.at, because="x")
    assert not Override.objects.exists()


@pytest.mark.django_db
def test_hard_rules_hold_whatever_the_reason_ap_04(clinic: Clinic) -> None:
    clinic.book(clinic.cast.stranger)
    nurse, turn = serve(clinic, clinic.cast.stranger)
    with pytest.raises(errors.OnePerHalfDay):
        services.desk_hold(actor=nurse, turn_id=turn, period_id=clinic.period(3).pk, at=clinic.at, because="x")
    _, unproved = serve(clinic, clinic.cast.unverified)
    with pytest.raises(errors.RealNameNeeded):
        services.desk_hold(actor=nurse, turn_id=unproved, period_id=clinic.period(4).pk, at=clinic.at, because="x")


@pytest.mark.django_db
def test_a_nurse_of_the_department_adds_a_place_at_the_window_only_with_a_reason_ap_02(clinic: Clinic) -> None:
    cast = clinic.cast
    session = clinic.open(clinic.roster(cast.doctor_li, clinic.day, "14:00", "14:10", period_minutes=10))
    full = clinic.period(0, session)
    clinic.book(cast.mother, full)
    nurse, turn = serve(clinic, cast.stranger)
    hold: dict[str, Any] = {"turn_id": turn, "period_id": full.pk, "at": clinic.at}
    with pytest.raises(errors.PeriodFull):
        services.desk_hold(actor=nurse, because="急", **hold)
    with pytest.raises(errors.OverrideReasonNeeded):
        services.desk_hold(actor=nurse, extra=True, **hold)
    booking = services.desk_hold(actor=nurse, extra=True, because="术后发热", **hold)
    assert (booking.pool, booking.channel, booking.number) == ("extra", "desk", 2)
    assert Override.objects.get().rule == "AP-02-extra"
    assert not broken_invariants()
    _, by_phone = serve(clinic, cast.wang_fang, Channel.PHONE)
    with pytest.raises(NotFound):
        services.desk_hold(
            actor=nurse, turn_id=by_phone, period_id=full.pk, at=clinic.at, extra=True, because="x"
        )  # fmt: skip
    cashier = actor_of_person(cast.cashier)
    at_cash = services.desk_find(
        actor=cashier, text=cast.wang_fang.patient.record_no, channel=Channel.DESK, at=clinic.at
    )[0]
    with pytest.raises(NotFound):
        services.desk_hold(
            actor=cashier, turn_id=at_cash.pk, period_id=full.pk, at=clinic.at, extra=True, because="x"
        )  # fmt: skip


@pytest.mark.django_db
def test_the_desk_moves_and_after_the_cut_off_cancels_with_a_reason_ap_05(clinic: Clinic) -> None:
    cast, desk = clinic.cast, client_for(clinic.cast.nurse)
    booking = clinic.book(cast.stranger)
    nurse, turn = serve(clinic, cast.stranger)
    url = f"/staff/desk/{turn}/bookings/{booking.pk}/"
    assert desk.post(url, {"verb": "move", "period": clinic.period(5).pk})["Location"] == url
    booking.refresh_from_db()
    assert (booking.period_id, booking.moves) == (clinic.period(5).pk, 1)
    late = booking.starts_at - timedelta(minutes=30)
    DeskTurn.objects.update(ends_at=late + timedelta(hours=1))
    with pytest.raises(errors.CancelTooLate):
        services.desk_cancel(actor=nurse, turn_id=turn, booking_id=booking.pk, at=late)
    services.desk_cancel(actor=nurse, turn_id=turn, booking_id=booking.pk, at=late, because="住院")
    booking.refresh_from_db()
    assert booking.status == BookingStatus.CANCELLED and Override.objects.get().rule == "AP-05-too-late"
    assert Refund.objects.get().amount == Payment.objects.get().amount == 5000
    assert not broken_invariants()


@pytest.mark.parametrize("swept", [False, True], ids=["before the sweep", "after it"])
@pytest.mark.django_db
def test_after_a_stop_the_desk_gives_another_doctor_or_the_money_without_a_reason_ap_08(
    clinic: Clinic, swept: bool
) -> None:
    """What the list of calls promises the patient on the telephone, the desk can do, as late as it may be."""
    cast, desk = clinic.cast, client_for(clinic.cast.nurse)
    instead = clinic.open(clinic.roster(cast.head, clinic.day, "09:00", "09:30"))
    moves, refunds = clinic.book(cast.stranger), clinic.book(cast.wang_fang, clinic.period(1))
    services.session_stop(actor=HOUSE, session_id=clinic.session.pk, reason="外出会诊", at=clinic.at)
    late = moves.starts_at - timedelta(minutes=30)
    if swept:
        services.stopped_bookings_cancel(at=late)
    _nurse, turn = serve(clinic, cast.stranger, Channel.PHONE)
    url = f"/staff/desk/{turn}/bookings/{moves.pk}/"
    page = desk.get(url)
    assert f'value="{clinic.period(2, instead).pk}"' in page.content.decode() and cast.head.name in text(page)
    nurse, other = serve(clinic, cast.wang_fang, Channel.PHONE)
    DeskTurn.objects.update(ends_at=late + timedelta(hours=1))
    services.desk_move(actor=nurse, turn_id=turn, booking_id=moves.pk, period_id=clinic.period(2, instead).pk, at=late)
    services.desk_cancel(actor=nurse, turn_id=other, booking_id=refunds.pk, at=late)
    moves.refresh_from_db()
    refunds.refresh_from_db()
    assert (moves.status, moves.doctor_id) == (BookingStatus.BOOKED, cast.head.staff.pk)
    assert (refunds.status, Refund.objects.get().amount) == (BookingStatus.CANCELLED, 5000)
    assert not Override.objects.exists() and not broken_invariants()
    assert StopCase.objects.get(booking=moves).status == "moved"


@pytest.mark.django_db
def test_another_patients_booking_is_none_of_this_desks(clinic: Clinic) -> None:
    booking = clinic.book(clinic.cast.mother)
    _, turn = serve(clinic, clinic.cast.stranger)
    desk: Client = client_for(clinic.cast.nurse)
    for verb in ("cancel", "move", "pay"):
        data = {"verb": verb, "period": clinic.period(4).pk}
        assert desk.post(f"/staff/desk/{turn}/bookings/{booking.pk}/", data).status_code == 404
    booking.refresh_from_db()
    assert booking.status == BookingStatus.BOOKED and booking.charge.status == ChargeStatus.PAID


@pytest.mark.django_db
def test_the_search_costs_the_same_for_one_and_for_many_sessions(
    clinic: Clinic, django_assert_max_num_queries: Any
) -> None:
    from appointments.selectors.desk import desk_choices

    cast = clinic.cast
    for number in range(6):
        doctor = cast.new_staff(f"孙医{number}", cast.oncology, *actor_of_person(cast.doctor_li).roles, is_listed=True)
        clinic.open(clinic.roster(doctor, clinic.day, "09:00", "09:30"))
    nurse = actor_of_person(cast.nurse)
    with django_assert_max_num_queries(6):
        found = desk_choices(nurse, cast.oncology.name, Channel.DESK, at=clinic.at)
    assert len(found) == 7 and all(one.periods for one in found)
