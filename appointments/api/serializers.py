"""What the API takes and gives."""

import json
from collections.abc import Mapping
from typing import Any, get_args

from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.serializers import BaseSerializer

from appointments import policy
from appointments.models import Booking, Period, Session
from appointments.selectors.visits import Part
from appointments.states import BookingStatus, TicketStatus


def asked_for(serializer: type[BaseSerializer[Any]], data: Any) -> dict[str, Any]:
    """What was sent, in its types; else the answer says which field is wrong and why (422)."""
    if serializer not in _readers:
        _readers[serializer] = serializer()
    said: dict[str, Any] = _readers[serializer].run_validation(data)
    return said


# Made once: finding out a serializer's fields takes longer than reading by them, and reading leaves nothing behind.
_readers: dict[type[BaseSerializer[Any]], BaseSerializer[Any]] = {}


class DoctorSearchInput(serializers.Serializer[Any]):
    q = serializers.CharField(required=False, allow_blank=True, max_length=60, default="")
    department = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1)


class NextSessionOutput(serializers.Serializer[Any]):
    session_id = serializers.IntegerField()
    date = serializers.DateField()
    half_day = serializers.CharField()
    is_free = serializers.BooleanField(help_text="False: it is the next one, but full.")
    fee = serializers.IntegerField(allow_null=True, help_text="In fen; null when the price list has no price.")


class DoctorOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="staff.pk")
    name = serializers.CharField(source="staff.name")
    title = serializers.CharField(source="staff.get_title_display")
    licence_no = serializers.CharField(source="staff.licence_no")
    specialty = serializers.CharField(source="staff.specialty")
    department_id = serializers.IntegerField(source="department.pk")
    department = serializers.CharField(source="department.name")
    campus = serializers.CharField(source="department.campus.name")
    clinic = NextSessionOutput(allow_null=True, help_text="The next chance at the hospital.")
    online = NextSessionOutput(allow_null=True, help_text="The next online visit.")


class SessionOutput(serializers.ModelSerializer[Session]):
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()

    class Meta:
        model = Session
        fields = (
            "id",
            "doctor_id",
            "department_id",
            "date",
            "half_day",
            "starts_at",
            "ends_at",
            "kind",
            "level",
            "room",
        )


class SessionLineOutput(serializers.Serializer[Any]):
    session = SessionOutput()
    free = serializers.IntegerField(help_text="Places left in periods that haven't begun.")
    fee = serializers.IntegerField(allow_null=True, help_text="In fen; null when the price list has no price.")


class DayInput(serializers.Serializer[Any]):
    date = serializers.DateField(required=False, allow_null=True, default=None, help_text="Today when it isn't given.")


class DayVisitOutput(serializers.Serializer[Any]):
    booking_id = serializers.IntegerField()
    number = serializers.IntegerField()
    name = serializers.CharField(help_text="Masked.")
    state = serializers.ChoiceField(
        choices=[*BookingStatus.choices, *TicketStatus.choices],
        help_text="Of the booking; from check-in to the end of the visit of the ticket in the queue.",
    )
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    place = serializers.IntegerField(allow_null=True, help_text="In the line, from 1; null for who doesn't wait.")
    is_late = serializers.BooleanField()
    triage = serializers.IntegerField(allow_null=True, help_text="1 to 4, from check-in on; below 4 goes first.")
    priority = serializers.CharField(help_text="Why this patient goes first within a class; empty: no reason.")


class DaySessionOutput(serializers.Serializer[Any]):
    session = SessionOutput()
    status = serializers.CharField(source="session.status")
    visits = DayVisitOutput(many=True)


class DayOutput(serializers.Serializer[Any]):
    doctor_id = serializers.IntegerField()
    date = serializers.DateField()
    sessions = DaySessionOutput(many=True)


class PeriodOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    free = serializers.IntegerField()


class Answered(serializers.Serializer[Any]):
    """The answer to the question that suspicion asks first, for whatever holds a place (AP-07)."""

    question = serializers.CharField(
        required=False, max_length=300, default="", help_text="Token of the question that AP-07-question came with."
    )
    answer = serializers.CharField(required=False, allow_blank=True, max_length=20, default="")


class PartInput(serializers.Serializer[Any]):
    show = serializers.ChoiceField(choices=get_args(Part), default="upcoming")


class BookingInput(Answered):
    patient_id = serializers.IntegerField(min_value=1)
    period_id = serializers.IntegerField(min_value=1)


class CancelInput(serializers.Serializer[Any]):
    reason = serializers.CharField(required=False, allow_blank=True, max_length=200, default="")


class BookingOutput(serializers.ModelSerializer[Booking]):
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()

    class Meta:
        model = Booking
        fields = (
            "id", "patient_id", "doctor_id", "department_id", "session_id", "period_id", "kind", "number", "status",
            "starts_at", "ends_at", "charge_id", "held_until",
        )  # fmt: skip


class BookingShownOutput(BookingOutput):
    """A booking as it is read."""

    is_stopped = serializers.SerializerMethodField(
        help_text="The clinic was stopped and nothing is chosen yet: nobody should set out for it (AP-08)."
    )

    class Meta(BookingOutput.Meta):
        fields = (*BookingOutput.Meta.fields, "is_stopped")  # type: ignore[assignment]

    def get_is_stopped(self, booking: Booking) -> bool:
        return policy.is_stopped(booking)


class TimeOutput(serializers.ModelSerializer[Period]):
    """A free time, and with whom and where it is."""

    period_id = serializers.IntegerField(source="pk")
    free = serializers.IntegerField(help_text="Places left.")
    doctor_id = serializers.IntegerField(source="session.doctor_id")
    doctor = serializers.CharField(source="session.doctor.name")
    title = serializers.CharField(source="session.doctor.get_title_display")
    department_id = serializers.IntegerField(source="session.department_id")
    department = serializers.CharField(source="session.department.name")
    campus = serializers.CharField(source="session.department.campus.name")
    room = serializers.CharField(source="session.room")

    class Meta:
        model = Period
        fields = (
            "period_id", "session_id", "starts_at", "ends_at", "free", "doctor_id", "doctor", "title", "department_id",
            "department", "campus", "room",
        )  # fmt: skip


def as_json(serializer: BaseSerializer[Any], made: Any) -> Mapping[str, Any]:
    """As plain JSON values, as they are stored for a repeated request (hospital.audit.replies)."""
    body: Mapping[str, Any] = json.loads(JSONRenderer().render(serializer.to_representation(made)))
    return body
