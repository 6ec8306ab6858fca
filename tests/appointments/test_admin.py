"""Administration of rosters and sessions."""

from appointments import services
from appointments.models import RosterSlot
from appointments.states import BookingStatus, SessionStatus
from tests.appointments.conftest import Clinic
from tests.cast import client_for

SLOTS, SESSIONS = "/admin/appointments/rosterslot/", "/admin/appointments/session/"


def test_the_roster_is_listed_added_and_an_overlap_is_explained(clinic: Clinic) -> None:
    admin = client_for(clinic.cast.admin)
    assert "李建国" in admin.get(SLOTS).content.decode()
    data = {
        "doctor": clinic.cast.doctor_li.staff.pk, "department": clinic.cast.oncology.pk, "room": "5诊室",
        "weekday": clinic.slot.weekday, "starts": "09:30", "ends": "11:00", "kind": "clinic", "level": "expert",
        "period_minutes": 10, "places_per_period": 2, "fee_item": "REG-EXPERT",
        "effective_from": f"{clinic.day:%F}", "effective_to": "",
    }  # fmt: skip
    refused = admin.post(f"{SLOTS}add/", data)
    assert refused.status_code == 200 and "该医生在这个时间已有排班" in refused.content.decode()
    assert admin.post(f"{SLOTS}add/", data | {"starts": "14:00", "ends": "16:00"}).status_code == 302
    slot = RosterSlot.objects.latest("pk")
    assert slot.history.count() == 1  # type: ignore[attr-defined]


def test_a_period_of_four_minutes_is_refused_ap_09(clinic: Clinic) -> None:
    admin = client_for(clinic.cast.admin)
    page = admin.post(f"{SLOTS}{clinic.slot.pk}/change/", {"period_minutes": 4})
    assert page.status_code == 200 and "period_minutes" in page.content.decode()
    clinic.slot.refresh_from_db()
    assert clinic.slot.period_minutes == 5


def test_sessions_are_read_only_and_stopped_with_a_reason_ap_08(clinic: Clinic) -> None:
    booking = clinic.book(clinic.cast.wang_fang)
    admin = client_for(clinic.cast.admin)
    assert admin.get(f"{SESSIONS}add/").status_code in {403, 404}
    assert admin.get(f"{SESSIONS}{clinic.session.pk}/change/").status_code == 200
    step = {"action": "stop", "_selected_action": [clinic.session.pk]}
    asked = admin.post(SESSIONS, step)
    assert "李建国" in asked.content.decode() and 'name="reason"' in asked.content.decode()
    clinic.session.refresh_from_db()
    assert clinic.session.status == SessionStatus.OPEN
    admin.post(SESSIONS, step | {"confirmed": "1", "reason": ""})
    clinic.session.refresh_from_db()
    assert clinic.session.status == SessionStatus.OPEN
    admin.post(SESSIONS, step | {"confirmed": "1", "reason": "医生外出会诊"}, follow=True)
    clinic.session.refresh_from_db()
    assert clinic.session.status == SessionStatus.STOPPED
    services.stopped_bookings_cancel(at=clinic.at)
    services.stopped_bookings_cancel(at=clinic.session.starts_at)  # nobody chose another time
    booking.refresh_from_db()
    assert (booking.status, booking.cancel_reason) == (BookingStatus.CANCELLED, "医生外出会诊")
