"""The faces of booking by hand in a browser: a visit's whole life on a phone and at a desk, and the kiosk (A2-A5, H13)."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from appointments import services
from appointments.models import Booking, Kiosk, StopCase, Ticket, Waiting
from appointments.states import BookingStatus
from billing.models import PayOrder
from hospital.kit import clock
from tests.access.subjects_appointments import clinic_of
from tests.appointments.conftest import HOUSE, Clinic, broken_invariants
from tests.appointments.faces import nothing_runs_over, seen
from tests.billing.conftest import Bank, bank, wechat_keys
from tests.browser import DESKTOP, PHONE, OpenPage, Size
from tests.cast import Cast

__all__ = ["bank", "wechat_keys"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("noon")]


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


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_who_finds_a_clinic_full_waits_is_offered_a_place_and_pays_by_hand_a4_ap_07(
    clinic: Clinic, open_page: OpenPage, size: Size
) -> None:
    cast, day = clinic.cast, clinic.day + timedelta(days=1)
    session = clinic.open(clinic.roster(cast.head, day, "14:00", "15:00", period_minutes=60))
    sold = clinic.book(cast.stranger, clinic.period(0, session))
    page = open_page(size, cast.wang_fang)
    page.goto("/visits/waiting/")
    seen(page, f"waiting-empty-{size[0]}")
    page.goto(f"/doctors/{session.doctor_id}/?day={day:%F}")
    page.locator(f"a[href='/doctors/{session.doctor_id}/waiting/']").first.click()
    page.wait_for_url("**/waiting/")
    page.locator("[name=patient]").select_option(label=cast.mother.name)
    seen(page, f"waiting-enter-{size[0]}")
    page.locator("form button.btn--accent").click()
    page.wait_for_url("**/visits/waiting/")
    seen(page, f"waiting-{size[0]}")
    services.booking_cancel(actor=HOUSE, booking_id=sold.pk, at=clock.now())
    services.waiting_work_off(at=clock.now())
    page.reload()
    seen(page, f"waiting-offered-{size[0]}")
    page.locator("a.btn--accent[href^='/visits/']").click()
    offered = Booking.objects.get(patient_id=cast.mother.patient_id)
    page.wait_for_url(f"**/visits/{offered.pk}/")
    expect(page.locator(f"a[href='/pay/{offered.charge_id}/']")).to_be_visible()
    seen(page, f"waiting-offer-{size[0]}")
    clinic.pay(offered, at=clock.now())
    services.waiting_work_off(at=clock.now())
    page.goto("/visits/waiting/")
    expect(page.locator("a.btn--accent[href^='/visits/']")).to_have_count(0)
    assert Waiting.objects.get().status == "filled" and not broken_invariants()


def test_what_is_owed_is_paid_at_the_kiosk_by_hand_h13(clinic: Clinic, open_page: OpenPage, bank: Bank) -> None:
    clinic.hold(clinic.cast.mother, at=clock.now())
    key = services.kiosk_key_new(actor=HOUSE, kiosk=Kiosk(name="一楼", campus=clinic.cast.campus), at=clinic.at)
    page = open_page((1080, 1920))
    page.goto("/kiosk/")
    page.locator("[name=key]").fill(key)
    page.keyboard.press("Enter")
    page.locator("[name=code]:focus").wait_for()
    seen(page, "kiosk-start")
    page.keyboard.type(f"V{clinic.cast.mother.patient.record_no}")
    page.keyboard.press("Enter")
    page.wait_for_url("**/kiosk/visits/")
    seen(page, "kiosk-owed")
    page.locator("form[action='/kiosk/pay/'] button").click()
    expect(page.locator("#kiosk-pay img.qr")).to_be_visible()
    seen(page, "kiosk-pay")
    bank.pays(PayOrder.objects.get())
    assert bank.rings() == 1
    expect(page.locator("#kiosk-pay img.qr")).to_have_count(0)
    expect(page.locator("#kiosk-pay .price")).to_contain_text("50.00")
    seen(page, "kiosk-paid")
