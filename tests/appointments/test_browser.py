"""The faces of booking by hand in a browser: a visit's whole life on a phone and at a desk, and the kiosk (A2-A5, H13)."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from appointments import services
from appointments.models import Booking, Kiosk, StopCase, Ticket
from appointments.states import BookingStatus
from hospital.kit import clock
from tests.access.subjects_appointments import clinic_of
from tests.appointments.conftest import HOUSE, Clinic, broken_invariants
from tests.browser import DESKTOP, PHONE, OpenPage, Size
from tests.cast import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def nothing_runs_over(page: Page) -> None:
    assert page.evaluate("document.scrollingElement.scrollWidth - document.documentElement.clientWidth") <= 0, page.url


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_visit_is_booked_moved_and_after_a_stop_chosen_anew_by_hand_a2_ap_05_ap_08(
    clinic: Clinic, open_page: OpenPage, size: Size
) -> None:
    cast = clinic.cast
    first, second, instead = (  # days ahead, so that no cut-off is near at any hour
        clinic.open(clinic.roster(doctor, clinic.day + timedelta(days=days), "09:00", "09:15"))
        for doctor, days in ((cast.doctor_li, 3), (cast.doctor_li, 4), (cast.head, 4))
    )
    page = open_page(size, cast.wang_fang)
    page.goto(f"/doctors/?q={cast.doctor_li.name}")
    page.locator("#main").get_by_role("link", name=cast.doctor_li.name, exact=True).click()
    page.wait_for_url("**/doctors/*/")
    page.locator(f"a.day[href*='{first.date:%F}']").click()
    page.locator(f"a[href^='/book/{first.pk}/']").click()
    page.wait_for_url("**/book/*/**")
    page.locator("#patient .choice").filter(has_text=cast.mother.name).click()
    page.locator("#period .choice").nth(1).click()
    nothing_runs_over(page)
    page.locator("#hold button.btn--accent").click()
    page.wait_for_url("**/pay/**")
    booking = Booking.objects.get()
    assert (booking.patient_id, booking.period_id) == (cast.mother.patient_id, clinic.period(1, first).pk)
    clinic.pay(booking)

    page.goto(f"/visits/{booking.pk}/")
    nothing_runs_over(page)
    page.locator(f"a[href='/visits/{booking.pk}/move/']").click()
    page.wait_for_url("**/move/")
    target = page.locator(f"input[name=period][value='{clinic.period(0, second).pk}']")
    if not target.is_visible():  # days further on are folded
        page.locator(f"details:has(input[value='{clinic.period(0, second).pk}']) > summary").click()
    page.locator(f".choice:has(input[value='{clinic.period(0, second).pk}'])").click()
    nothing_runs_over(page)
    page.locator("form button.btn--accent").click()
    page.wait_for_url(f"**/visits/{booking.pk}/")
    booking.refresh_from_db()
    assert (booking.session_id, booking.moves) == (second.pk, 1)

    services.session_stop(actor=HOUSE, session_id=second.pk, reason="外出会诊", at=clock.now())
    page.goto("/visits/")
    page.locator(f"a[href='/visits/{booking.pk}/']").click()
    page.locator(f"a[href='/visits/{booking.pk}/stopped/']").click()  # before any sweep came by
    page.wait_for_url("**/stopped/")
    chosen = page.locator(f".choice:has(input[value='{clinic.period(2, instead).pk}'])")
    if not chosen.is_visible():
        page.locator(f"details:has(input[value='{clinic.period(2, instead).pk}']) > summary").click()
    chosen.click()
    nothing_runs_over(page)
    page.locator("form button.btn--accent").click()
    page.wait_for_url(f"**/visits/{booking.pk}/")
    booking.refresh_from_db()
    assert (booking.doctor_id, booking.status) == (cast.head.staff.pk, BookingStatus.BOOKED)
    assert StopCase.objects.get().status == "moved"

    page.locator(f"a[href='/visits/{booking.pk}/cancel/']").click()
    page.locator("button.btn--danger").click()
    page.wait_for_url(f"**/visits/{booking.pk}/")
    booking.refresh_from_db()
    assert booking.status == BookingStatus.CANCELLED and booking.charge.refund_reserved == 5000
    assert not broken_invariants()


def test_the_kiosk_reads_a_card_after_a_damaged_one_checks_in_prints_and_forgets_h13(
    cast: Cast, open_page: OpenPage
) -> None:
    clinic, session = clinic_of(cast, cast.doctor_li, cast.oncology, days=0)
    period = session.periods.filter(ends_at__gt=clock.now()).order_by("starts_at").first() or session.periods.last()
    assert period is not None
    held = clinic.hold(cast.mother, period, at=session.starts_at - timedelta(hours=1))
    booking = clinic.pay(held, at=session.starts_at - timedelta(minutes=50))
    key = services.kiosk_key_new(actor=HOUSE, kiosk=Kiosk(name="一楼", campus=cast.campus), at=cast.at)
    page = open_page((1080, 1920))
    page.add_init_script("window.printed = 0; window.print = () => { window.printed += 1 }")
    page.goto("/kiosk/")
    page.locator("[name=key]").fill(key)
    page.keyboard.press("Enter")
    field = page.locator("[name=code]:focus")  # the reader types wherever the cursor stands
    expect(field).to_be_visible()
    page.keyboard.type("V8000-damaged")
    page.keyboard.press("Enter")
    expect(page.locator(".alert--danger, [role=alert]").first).to_be_visible()
    expect(field).to_be_visible()
    expect(field).to_have_value("")
    page.keyboard.type(f"V{cast.mother.patient.record_no}")
    page.keyboard.press("Enter")
    page.wait_for_url("**/kiosk/visits/")
    expect(page.locator("body")).not_to_contain_text(cast.mother.name)
    nothing_runs_over(page)
    page.locator("form[action='/kiosk/check-in/'] button").click()
    page.locator(f"a[href='/kiosk/slip/?booking={booking.pk}']").click()
    page.wait_for_function("window.printed === 1")
    assert Ticket.objects.get().by == "kiosk"
    page.locator("form[action='/kiosk/leave/'] button").click()
    expect(field).to_be_visible()
    page.goto("/kiosk/visits/")  # who comes next and presses "back" sees nobody
    expect(field).to_be_visible()
