"""HTTP API after a stopped clinic: what is offered instead, and the money back (AP-08). Another time is taken by `move`."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from appointments import selectors, services
from appointments.models import StopCase
from appointments.selectors.alternatives import times_for
from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import SIGNED_IN_PATIENTS

from .keyed import MAY_BE_KEYED, changed
from .serializers import BookingOutput, TimeOutput


class StoppedOutput(serializers.ModelSerializer[StopCase]):
    reason = serializers.CharField(source="booking.session.stop_reason", help_text="As it is told to patients.")
    told_at = serializers.DateTimeField(help_text="When messages went out.")
    decide_until = serializers.DateTimeField(help_text="Without an answer the money goes back then by itself.")
    status = serializers.CharField(help_text="open: nothing is chosen yet; moved; refunded.")

    class Meta:
        model = StopCase
        fields = ("booking_id", "status", "reason", "told_at", "decide_until")


@rule("appointments.api.times", SIGNED_IN_PATIENTS, subject="booking")
class BookingTimes(APIView):
    """Free times that a booking may move to at what was paid for it: of the same doctor; after a stopped clinic also of
    doctors of the same level, the day of the visit first."""

    @extend_schema(responses=TimeOutput(many=True), summary="Times to move a booking to")
    def get(self, request: Request, booking_id: int) -> Response:
        at = clock.now()
        booking = selectors.booking_for(actor_of(request._request), booking_id, at=at)
        return Response(TimeOutput(times_for(booking, at=at), many=True).data)


@rule("appointments.api.stopped", SIGNED_IN_PATIENTS, subject="stopped_booking")
class BookingStopped(APIView):
    """Whether something was chosen after the clinic was stopped, and until when it may be. Reading this tells the patient
    nothing: say so with `seen` when it is on the screen, or the hospital telephones."""

    @extend_schema(responses=StoppedOutput, summary="A booking whose clinic was stopped")
    def get(self, request: Request, booking_id: int) -> Response:
        actor, at = actor_of(request._request), clock.now()
        return Response(
            StoppedOutput(services.stop_read(actor=actor, booking_id=booking_id, at=at, is_shown=False)).data
        )


@rule("appointments.api.stopped_seen", SIGNED_IN_PATIENTS, methods=["POST"], subject="stopped_booking")
class StoppedSeen(APIView):
    """The patient has it on the screen that the clinic is stopped: nobody needs to telephone. Said twice, it is the same."""

    @extend_schema(request=None, responses={204: None}, summary="The patient knows of the stopped clinic")
    def post(self, request: Request, booking_id: int) -> Response:
        services.stop_read(actor=actor_of(request._request), booking_id=booking_id, at=clock.now())
        return Response(status=204)


@rule("appointments.api.stopped_refund", SIGNED_IN_PATIENTS, methods=["POST"], subject="stopped_booking")
class StoppedRefund(APIView):
    """The money back after a stopped clinic, whole and at any hour."""

    @extend_schema(
        parameters=[MAY_BE_KEYED], request=None, responses=BookingOutput, summary="The money of a stopped clinic back"
    )
    def post(self, request: Request, booking_id: int) -> Response:
        at = clock.now()
        services.stop_read(actor=actor_of(request._request), booking_id=booking_id, at=at)
        return changed(
            request, f"bookings.stopped_refund.{booking_id}", services.stop_refund, services.stop_refund_within,
            booking_id=booking_id, at=at,
        )  # fmt: skip
