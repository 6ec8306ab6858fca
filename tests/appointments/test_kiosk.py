"""The kiosk in the hall, the screens and check-in by phone, through their URLs (H13, A5)."""

from datetime import timedelta

import pytest
from django.test import Client

from appointments import services
from appointments.models import Booking, CampusPoint, Kiosk, Session, Ticket
from hospital.audit.models import Entry
from hospital.kit import clock
from tests.access.subjects_appointments import clinic_of
from tests.appointments.conftest import HOUSE, Clinic, broken_invariants
from tests.cast import Cast, client_for

pytestmark = pytest.mark.usefixtures("noon")


@pytest.fixture
def kiosk(cast: Cast) -> Client:
    """A machine in the hall, set up with its key as the administration would."""
    machine = Kiosk(name="一楼大厅 1 号", campus=cast.campus)
    key = services.kiosk_key_new(actor=HOUSE, kiosk=machine, at=cast.at)
    assert key not in machine.key_hash
    client = Client()
    assert client.post("/kiosk/", {"key": "wrong"}).status_code == 422
    assert client.post("/kiosk/", {"key": key}).status_code == 302
    return client


@pytest.fixture
def today(cast: Cast) -> tuple[Clinic, Session, Booking]:
    """Wang Fang's mother has a visit right now."""
    clinic, session = clinic_of(cast, cast.doctor_li, cast.oncology, days=0)
    period = session.periods.filter(ends_at__gt=clock.now()).order_by("starts_at").first() or session.periods.last()
    assert period is not None
    held = clinic.hold(cast.mother, period, at=session.starts_at - timedelta(hours=1))
    return clinic, session, clinic.pay(held, at=session.starts_at - timedelta(minutes=50))


def card(client: Client, cast: Cast) -> str:
    response = client.post("/kiosk/", {"code": f"V{cast.mother.patient.record_no}"}, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def test_an_unknown_machine_is_asked_for_its_key_and_shows_nothing(client: Client, cast: Cast) -> None:
    assert "key" in client.get("/kiosk/").content.decode()
    for path in ("/kiosk/visits/", "/kiosk/slip/?booking=1", "/kiosk/pay/state/?order=x"):
        assert client.get(path).url == "/kiosk/"  # type: ignore[attr-defined]


def test_card_check_in_slip_and_done_h13(kiosk: Client, today: tuple[Clinic, Session, Booking], cast: Cast) -> None:
    _, _, booking = today
    page = card(kiosk, cast)
    assert cast.mother.patient.masked_name in page and cast.mother.name not in page
    assert Entry.objects.filter(action="booking.to_check_in", patient_id=cast.mother.patient_id).count() == 1
    page = kiosk.post("/kiosk/check-in/", {"booking": booking.pk}, follow=True).content.decode()
    ticket = Ticket.objects.get(booking=booking)
    assert ticket.by == "kiosk" and f"/kiosk/slip/?booking={booking.pk}" in page
    slip = kiosk.get("/kiosk/slip/", {"booking": booking.pk}).content.decode()
    assert "3诊室" in slip and 'content="10;url=/kiosk/"' in slip  # back to the start by itself
    assert kiosk.post("/kiosk/leave/").url == "/kiosk/"  # type: ignore[attr-defined]
    assert kiosk.get("/kiosk/visits/").url == "/kiosk/"  # type: ignore[attr-defined]
    assert not broken_invariants()


def test_the_card_is_forgotten_after_a_while_h13(
    kiosk: Client, today: tuple[Clinic, Session, Booking], cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = card(kiosk, cast)
    assert '<meta http-equiv="refresh" content="90;url=/kiosk/">' in page
    monkeypatch.setattr("appointments.views.kiosk._STAYS_PAYING", -1)
    assert kiosk.get("/kiosk/visits/").url == "/kiosk/"  # type: ignore[attr-defined]


def test_nobody_else_s_visit_can_be_touched_with_one_s_own_card(
    kiosk: Client, today: tuple[Clinic, Session, Booking], cast: Cast
) -> None:
    _, _, booking = today
    kiosk.post("/kiosk/", {"code": f"V{cast.stranger.patient.record_no}"})
    assert kiosk.post("/kiosk/check-in/", {"booking": booking.pk}).status_code == 404
    assert kiosk.get("/kiosk/slip/", {"booking": booking.pk}).status_code == 404
    assert not Ticket.objects.exists()


def test_a_machine_at_another_campus_says_where_to_go(
    kiosk: Client, today: tuple[Clinic, Session, Booking], cast: Cast
) -> None:
    from hospital.organisation.models import Campus

    Kiosk.objects.update(campus=Campus.objects.create(code="T2", name="城北院区"))
    card(kiosk, cast)
    answer = kiosk.post("/kiosk/check-in/", {"booking": today[2].pk})
    assert answer.status_code == 409 and "滨江院区" in answer.content.decode()


def test_a_new_key_shuts_the_old_machine_out(kiosk: Client, cast: Cast) -> None:
    services.kiosk_key_new(actor=HOUSE, kiosk=Kiosk.objects.get(), at=cast.at)
    assert 'type="password"' in kiosk.get("/kiosk/").content.decode()


def test_what_is_owed_is_paid_by_a_code_and_the_channel_s_word_counts_h13(
    kiosk: Client, today: tuple[Clinic, Session, Booking], cast: Cast
) -> None:
    from billing.models import PayOrder

    clinic, session, _ = today
    owed = clinic.hold(cast.mother, clinic.period(-0, _later(clinic, session)))
    page = card(kiosk, cast)
    assert "50.00" in page
    shown = kiosk.post("/kiosk/pay/", follow=True)  # no channel here: the page says so, nothing is lost
    assert shown.status_code == 200
    order = PayOrder.objects.get(parts__charge_id=owed.charge_id)
    assert order.method == "native" and order.account_id is None and order.amount == 5000
    assert kiosk.get("/kiosk/pay/state/", {"order": "P-none"}).status_code == 404


def _later(clinic: Clinic, session: Session) -> Session:
    slot = clinic.roster(clinic.cast.other_doctor, clinic.day, "14:00", "15:00", department=clinic.cast.radiotherapy)
    return clinic.open(slot)


def test_the_screen_at_the_door_shows_one_room_masked_a5(
    client: Client, today: tuple[Clinic, Session, Booking], cast: Cast
) -> None:
    _, session, booking = today
    services.booking_check_in(actor=HOUSE, booking_id=booking.pk, at=clock.now())
    page = client.get(f"/hall/{session.department_id}/room/", {"name": "3诊室"}).content.decode()
    assert cast.doctor_li.name in page and cast.mother.patient.masked_name in page and cast.mother.name not in page
    other = client.get(f"/hall/{session.department_id}/room/", {"name": "9诊室"}).content.decode()
    assert cast.doctor_li.name not in other


def test_check_in_by_phone_from_the_page_of_the_visit_ap_10(today: tuple[Clinic, Session, Booking], cast: Cast) -> None:
    booking, client = today[2], client_for(cast.wang_fang)
    here = {"latitude": "31.2305", "longitude": "121.4737", "accuracy": "15"}
    button = f'action="/visits/{booking.pk}/check-in/"'
    assert button not in client.get(f"/visits/{booking.pk}/").content.decode()  # the campus' position isn't known
    CampusPoint.objects.create(campus=cast.campus, latitude=31.2304, longitude=121.4737)
    assert button in client.get(f"/visits/{booking.pk}/").content.decode()
    far = client.post(f"/visits/{booking.pk}/check-in/", here | {"latitude": "31.5"}, follow=True)
    assert "km" in far.content.decode() and not Ticket.objects.exists()
    assert client.post(f"/visits/{booking.pk}/check-in/", {}, follow=True).status_code == 200  # no position
    assert not Ticket.objects.exists()
    client.post(f"/visits/{booking.pk}/check-in/", here)
    assert Ticket.objects.get(booking=booking).by == "phone"
