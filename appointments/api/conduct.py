"""HTTP API of missed visits: what is counted against a patient, and the appeal (AP-06)."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from appointments import selectors, services
from appointments.models import Absence
from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import SIGNED_IN_PATIENTS
from hospital.kit.problems import NotFound

from .serializers import asked_for


class AppealInput(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=500, help_text="Why the visit was missed, in the patient's words.")


class AbsenceOutput(serializers.ModelSerializer[Absence]):
    cause = serializers.CharField(
        help_text="missed: booked and not used; given_back: cancelled after too many in a month."
    )
    status = serializers.CharField(help_text="counted; appealed; excused: it counts no more; upheld.")
    answer = serializers.CharField(help_text="Of the department; empty while nobody has decided.")

    class Meta:
        model = Absence
        fields = ("booking_id", "cause", "at", "status", "appeal", "answer", "decided_at")


@rule("appointments.api.absence", SIGNED_IN_PATIENTS, subject="missed_booking")
class BookingAbsence(APIView):
    """A visit that was booked, not used and not cancelled in time, or given back after too many in the same month. Several of
    them close booking by phone for a while."""

    @extend_schema(responses=AbsenceOutput, summary="A missed visit")
    def get(self, request: Request, booking_id: int) -> Response:
        booking = selectors.booking_for(actor_of(request._request), booking_id, at=clock.now())
        row = Absence.objects.filter(booking=booking).first()
        if row is None:
            raise NotFound
        return Response(AbsenceOutput(row).data)


@rule("appointments.api.appeal", SIGNED_IN_PATIENTS, methods=["POST"], subject="missed_booking")
class BookingAppeal(APIView):
    """Appeal against a missed visit, once; the head of the department answers."""

    @extend_schema(request=AppealInput, responses=AbsenceOutput, summary="Appeal against a missed visit")
    def post(self, request: Request, booking_id: int) -> Response:
        actor, at = actor_of(request._request), clock.now()
        selectors.booking_for(actor, booking_id, at=at)
        said = asked_for(AppealInput, request.data)
        return Response(AbsenceOutput(services.absence_appeal(actor=actor, booking_id=booking_id, at=at, **said)).data)
