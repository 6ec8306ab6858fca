"""How a day has ended, read from the house's own tables: the facts that no accident may change."""

from collections import Counter
from datetime import datetime
from typing import Any

from django.core.management import call_command
from django.db.models import Q
from django.test import override_settings

from billing.models import Payment, ReconCase
from consult.models import OnlineVisit
from emr.models import Order, Prescription
from hospital.kit import clock
from hospital.messaging.models import Delivery, Message
from tests.waiting import wait_until
from treatment.models import Alarm, Session

from .house import House
from .journey import RECORD_NO, SESSIONS

# Before her first treatment: as it is on a quiet day, so it is after any accident.
WHEN_SHE_HAS_HER_RESULT = {
    "paid": [8_000, 3_049_383],
    "sessions": {"booked": SESSIONS},
    "orders": {"imaging": "paid", "lab": "reported", "treatment": "scheduled"},
    "prescriptions": ["dispensed"],
    "alarms": [],
    "visits": ["ended"],
    "differences": 0,
}


def treatments_to_come() -> list[datetime]:
    """When her sessions begin that are still to be given, in order."""
    booked = Session.objects.filter(patient__record_no=RECORD_NO, status="booked").order_by("during")
    return [session.starts_at for session in booked]


def what_the_house_knows(since: datetime) -> dict[str, Any]:
    """Of her, since the morning of the story."""
    orders = Order.objects.filter(patient__record_no=RECORD_NO, placed_at__gte=since)
    prescriptions = Prescription.objects.filter(patient__record_no=RECORD_NO, signed_at__gte=since)
    visits = OnlineVisit.objects.filter(patient__record_no=RECORD_NO, created_at__gte=since)
    return {
        "paid": sorted(Payment.objects.filter(recorded_at__gte=since).values_list("amount", flat=True)),
        "sessions": dict(Counter(Session.objects.filter(course__order__in=orders).values_list("status", flat=True))),
        "orders": dict(orders.values_list("kind", "status")),
        "prescriptions": list(prescriptions.values_list("status", flat=True)),
        "alarms": list(Alarm.objects.filter(patient__record_no=RECORD_NO).values_list("status", flat=True)),
        "visits": list(visits.values_list("status", flat=True)),
        # The demo's own yesterday has its differences; none of them may be one of which the channel knows nothing.
        "differences": ReconCase.objects.filter(Q(day__gte=clock.business_day(since)) | Q(difference="D2")).count(),
    }


def everything_is_whole(house: House) -> None:
    """Ledger, no oversell, no orphan, record and audit chains; the outbox is empty and each message went out once."""
    now = house.wall_clock.now()
    due = Message.objects.filter(status__in=["waiting", "sending"], not_before__lte=now)
    wait_until(lambda: not due.exists(), "the outbox has drained")
    sent = Delivery.objects.filter(channel="sms", status="sent").values_list("provider_key", flat=True)
    told = [row["key"] for row in house.texts() if row["template"] != "login-code"]  # a code is no message
    assert sorted(sent) == sorted(told), "a text was lost, or went out twice"
    with override_settings(AUDIT_ANCHOR_FILE=str(house.drill.anchors)):
        for command in ("check_invariants", "verify_emr", "verify_audit"):
            call_command(command)
