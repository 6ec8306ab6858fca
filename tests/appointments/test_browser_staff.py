"""The faces of those who work with bookings, by hand in a browser: the week, the window, the telephone, the consulting
room, the call after a stopped clinic, appeals (A1, A3, A4, A5)."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

import billing.services
from appointments import services
from appointments.models import Absence, Booking, Override, Session, StopCase, Ticket
from appointments.states import BookingStatus
from billing.models import PayOrder
from emr.models import Encounter
from hospital.kit import clock
from tests.access.subjects_appointments import clinic_of
from tests.appointments.conftest import HOUSE, Clinic, broken_invariants
from tests.appointments.faces import seen
from tests.billing.conftest import Bank, bank, wechat_keys
from tests.browser import DESKTOP, PHONE, TABLET, WORKSTATION, OpenPage
from tests.cast import Cast, Person, actor_of_person

__all__ = ["bank", "wechat_keys"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("noon")]


def test_the_head_keeps_the_week_by_hand_a1(clinic: Clinic, open_page: OpenPage) -> None:
    """An extra session, a substitute, the week copied, half a day stopped."""
    cast = clinic.cast
    booking = clinic.book(cast.mother)
    page = open_page(WORKSTATION, cast.head)
    page.goto(f"/staff/rosters/?department={cast.oncology.pk}&week={clinic.day:%F}")
    seen(page, "rosters", also=TABLET)
    extra = page.locator("form:has(input[name=verb][value=extra])")
    extra.locator("[name=doctor]").select_option(label=cast.head.name)
    extra.locator("[name=day]").fill(f"{clinic.day:%F}")
    extra.locator("[name=starts]").fill("14:00")
    extra.locator("[name=ends]").fill("15:00")
    extra.locator("[name=room]").fill("8诊室")
    extra.locator("button").click()
    expect(page.locator(".session", has_text="14:00–15:00")).to_be_visible()
    made = Session.objects.get(doctor=cast.head.staff)
    assert (made.room, made.date) == ("8诊室", clinic.day)

    line = page.locator(".session", has_text="09:00–10:00")
    line.locator("summary").click()
    line.locator("select[name=doctor]").select_option(label=cast.head.name)
    seen(page, "rosters-substitute")
    line.locator("button").click()
    expect(line).to_contain_text(f"替{cast.doctor_li.name}")
    clinic.session.refresh_from_db()
    assert clinic.session.doctor_id == cast.head.staff.pk

    page.locator("form:has(input[name=verb][value=copy]) button").click()
    page.wait_for_load_state()
    stop = page.locator("form:has(input[name=verb][value=stop])")
    stop.locator("[name=doctor]").select_option(label=cast.head.name)
    stop.locator("[name=first]").fill(f"{clinic.day:%F}")
    stop.locator("[name=last]").fill(f"{clinic.day:%F}")
    stop.locator("[name=half_day]").select_option("am")
    stop.locator("[name=reason]").fill("外出会诊")
    stop.locator("button").click()
    expect(page.locator(".session", has_text="09:00–10:00").locator(".tag--danger")).to_be_visible()
    seen(page, "rosters-stopped", also=PHONE)
    services.stopped_bookings_cancel(at=clock.now())
    made.refresh_from_db()
    assert made.status == "open" and Session.objects.get(pk=booking.session_id).status == "stopped"
    assert StopCase.objects.get().booking_id == booking.pk and not broken_invariants()


@pytest.mark.parametrize("channel", ["desk", "phone"])
def test_who_stands_at_the_window_or_calls_is_booked_in_five_keys_and_served_to_the_end_a3(
    clinic: Clinic, open_page: OpenPage, bank: Bank, channel: str
) -> None:
    cast, staff = clinic.cast, clinic.cast.doctor_li.staff
    staff.pinyin, staff.initials = "lijianguo", "ljg"
    staff.save(update_fields=["pinyin", "initials"])
    page = open_page(WORKSTATION, cast.nurse)
    page.goto(f"/staff/desk/?channel={channel}")
    seen(page, f"{channel}-empty", also=TABLET)
    page.locator("input[name=text]:focus").wait_for()
    page.keyboard.type(cast.stranger.phone)
    page.keyboard.press("Enter")
    page.wait_for_url("**/staff/desk/*/")
    page.locator("input[name=q]:focus").wait_for()
    seen(page, f"{channel}-found")
    keys = ["l", "j", "g", "Enter", "Enter"]
    for number, key in enumerate(keys):
        if number == 4:
            page.locator("input[name=session]:focus").wait_for()
            seen(page, f"{channel}-choices", also=TABLET)
        page.keyboard.press(key)
    page.wait_for_url("**/bookings/*/")
    assert len(keys) == 5
    booking = Booking.objects.get()
    assert (booking.channel, booking.patient_id) == (channel, cast.stranger.patient_id)
    if channel == "desk":
        page.locator("button[value=pay]").click()
        page.locator("img.qr").wait_for()
        seen(page, "desk-pay")
        bank.pays(PayOrder.objects.get())
        assert bank.rings() == 1
        billing.services.notices_deliver(at=clock.now() + timedelta(minutes=1))
        expect(page.locator("img.qr")).to_have_count(0)
        seen(page, "desk-paid")
    else:
        clinic.pay(booking)
    page.goto(page.url.split("?")[0])
    expect(page.locator(".tag--success, .tag", has_text=str(BookingStatus.BOOKED.label)).first).to_be_visible()
    seen(page, f"{channel}-booked", also=TABLET)
    page.locator("select[name=period]").select_option(str(clinic.period(5).pk))
    page.locator("form:has(input[name=verb][value=move]) button").click()
    page.wait_for_load_state()
    expect(page.locator("h2", has_text="09:25")).to_be_visible()
    page.locator("form:has(input[name=verb][value=cancel]) button").click()
    page.wait_for_url("**/staff/desk/*/")
    booking.refresh_from_db()
    assert (booking.moves, booking.status) == (1, BookingStatus.CANCELLED)
    page.locator("form[action$='/leave/'] button").click()
    page.locator("input[name=text]:focus").wait_for()
    assert page.locator(f"input[name=channel][value={channel}]").is_checked(), "the next call comes by telephone too"
    assert not broken_invariants()


def test_the_telephone_tells_of_a_stopped_clinic_and_gives_another_doctor_a4(
    clinic: Clinic, open_page: OpenPage
) -> None:
    cast = clinic.cast
    instead = clinic.open(clinic.roster(cast.head, clinic.day, "09:00", "09:30"))
    booking = clinic.book(cast.stranger)
    services.session_stop(actor=HOUSE, session_id=clinic.session.pk, reason="外出会诊", at=clinic.at)
    services.stopped_bookings_cancel(at=clinic.at)
    page = open_page(WORKSTATION, cast.nurse)
    page.goto("/staff/stops/")
    seen(page, "stops-nobody-yet")
    StopCase.objects.update(told_at=clinic.at - timedelta(minutes=61))
    page.reload()
    expect(page.locator("#main")).to_contain_text(cast.stranger.phone)
    seen(page, "stops", also=TABLET)
    page.locator("form[action='/staff/desk/'] button").click()
    page.wait_for_url("**/staff/desk/*/")
    page.locator("a.cell").click()
    page.wait_for_url("**/bookings/*/")
    seen(page, "desk-stopped", also=TABLET)
    page.locator("select[name=period]").select_option(str(clinic.period(1, instead).pk))
    page.locator("form:has(input[name=verb][value=move]) button").click()
    expect(page.locator("#main dl").first).to_contain_text(cast.head.name)
    page.goto("/staff/stops/")
    expect(page.locator("#main")).not_to_contain_text(cast.stranger.phone)
    seen(page, "stops-chosen")
    booking.refresh_from_db()
    assert booking.session_id == instead.pk and not Override.objects.exists() and not broken_invariants()


def the_room(cast: Cast, people: list[Person]) -> tuple[Clinic, Session, list[Booking]]:
    """A clinic of Doctor Li that goes on now, with these people booked and paid."""
    clinic, session = clinic_of(cast, cast.doctor_li, cast.oncology, days=0)
    periods = list(session.periods.filter(ends_at__gt=clock.now()).order_by("starts_at"))
    before = session.starts_at - timedelta(hours=1)
    held = [clinic.hold(person, period, at=before) for person, period in zip(people, periods, strict=False)]
    return clinic, session, [clinic.pay(one, at=before + timedelta(minutes=10)) for one in held]


def test_a_clinic_by_hand_from_the_card_to_the_next_visit_a5_a3(cast: Cast, open_page: OpenPage) -> None:
    """The station checks in, the hall and the phone show it, the doctor calls, sends to an exam, books the next visit."""
    people = [cast.mother, cast.stranger, cast.wang_fang]
    clinic, session, bookings = the_room(cast, people)
    slot = clinic.roster(cast.doctor_li, clinic.day, "14:00", "15:00")
    later = clinic.open(slot)
    station = open_page(TABLET, cast.nurse)
    station.goto("/staff/check-in/")
    seen(station, "check-in-empty", also=WORKSTATION)
    for person in people:
        station.locator("[name=code]").fill(f"V{person.patient.record_no}")
        station.keyboard.press("Enter")
        expect(station.locator(".card--brand")).to_contain_text(person.patient.masked_name)
    seen(station, "check-in-done")

    hall = open_page((1920, 1080))
    hall.goto(f"/hall/{cast.oncology.pk}/")
    expect(hall.locator("body")).to_contain_text(cast.mother.patient.masked_name)
    expect(hall.locator("body")).not_to_contain_text(cast.mother.name)
    phone = open_page(PHONE, cast.wang_fang)
    phone.goto(f"/visits/{bookings[2].pk}/")
    expect(phone.locator("#queue")).to_be_visible()
    seen(phone, "visit-queue", also=DESKTOP)

    doctor = open_page(WORKSTATION, cast.doctor_li)
    doctor.goto(f"/staff/queue/{session.pk}/")
    seen(doctor, "queue", also=TABLET)
    doctor.keyboard.press("n")
    expect(doctor.locator(".patient-strip")).to_contain_text(cast.mother.name)
    hall.reload()
    expect(hall.locator(".hall__called")).to_contain_text(cast.mother.patient.masked_name)
    seen(hall, "hall")
    doctor.keyboard.press("r")
    doctor.wait_for_load_state()
    doctor.keyboard.press("p")  # not there
    expect(doctor.locator(".patient-strip")).to_have_count(0)
    doctor.keyboard.press("n")
    expect(doctor.locator(".patient-strip")).to_contain_text(cast.stranger.name)
    doctor.keyboard.press("s")
    expect(doctor.locator("[data-key=f]")).to_be_visible()
    seen(doctor, "queue-serving", also=TABLET)
    doctor.locator("[data-key=x]").click()
    expect(doctor.locator(".patient-strip")).to_have_count(0)
    assert Ticket.objects.get(booking=bookings[1]).status == "away"
    doctor.keyboard.press("n")
    expect(doctor.locator(".patient-strip")).to_be_visible()
    doctor.keyboard.press("s")
    expect(doctor.locator("[data-key=f]")).to_be_visible()
    encounter = Encounter.objects.latest("pk")
    doctor.goto(f"/staff/next-visit/{encounter.pk}/")
    expect(doctor.locator(f"input[name=session][value='{later.pk}']")).to_be_visible()
    seen(doctor, "next-visit", also=TABLET)
    doctor.locator(f"input[name=session][value='{later.pk}']").check()
    doctor.locator(f"select[name=period-{later.pk}]").select_option(str(clinic.period(2, later).pk))
    doctor.locator("form button.btn--accent").click()
    doctor.wait_for_load_state()
    booked = Booking.objects.get(session=later)
    assert (booked.patient_id, booked.channel) == (encounter.patient_id, "doctor")
    doctor.goto(f"/staff/next-visit/{encounter.pk}/")
    seen(doctor, "next-visit-standing")
    doctor.goto(f"/staff/queue/{session.pk}/")
    doctor.keyboard.press("f")
    expect(doctor.locator(".patient-strip")).to_have_count(0)
    assert not broken_invariants()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_who_missed_a_visit_appeals_and_is_answered_by_hand_a4(
    clinic: Clinic, open_page: OpenPage, size: tuple[int, int]
) -> None:
    cast = clinic.cast
    booking = clinic.book(cast.mother)
    services.sessions_close(at=clinic.session.ends_at + timedelta(hours=2))
    page = open_page(size, cast.wang_fang)
    page.goto(f"/visits/{booking.pk}/")
    page.locator(f"a[href='/visits/{booking.pk}/appeal/']").click()
    seen(page, f"appeal-{size[0]}")
    page.locator("[name=reason]").fill("当天发热住院，附出院小结")
    page.locator("form button.btn--accent").click()
    expect(page.locator("#main")).to_contain_text("当天发热住院")
    head = open_page(WORKSTATION, cast.head)
    head.goto("/staff/appeals/")
    seen(head, "appeals", also=TABLET)
    head.locator("[name=answer]").fill("已核实住院，不计入爽约。")
    head.locator("button[name=excuse][value='1']").click()
    expect(head.locator("[name=answer]")).to_have_count(0)
    seen(head, "appeals-empty")
    page.reload()
    expect(page.locator("#main")).to_contain_text("已核实住院")
    seen(page, f"appeal-answered-{size[0]}")
    assert Absence.objects.get().status == "excused"


def test_a_rule_that_was_set_aside_is_read_by_the_head_by_hand_a4(clinic: Clinic, open_page: OpenPage) -> None:
    cast = clinic.cast
    booking = clinic.book(cast.stranger)
    nurse = actor_of_person(cast.nurse)
    (turn,) = services.desk_find(actor=nurse, text=cast.stranger.patient.record_no, channel="desk", at=clinic.at)
    late = booking.starts_at - timedelta(minutes=30)
    turn.__class__.objects.update(ends_at=late + timedelta(hours=1))
    services.desk_cancel(actor=nurse, turn_id=turn.pk, booking_id=booking.pk, at=late, because="住院")
    page: Page = open_page(WORKSTATION, cast.head)
    page.goto("/staff/overrides/")
    expect(page.locator("#main")).to_contain_text("住院")
    seen(page, "overrides", also=TABLET)
