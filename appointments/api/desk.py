"""HTTP API of the window and the telephone desk: the same verbs as the pages, by a signed-in member of staff.

The right to a patient is a turn: it begins with the look-up of a whole number, which leaves its line, and ends after
some minutes (AP-02, SEC-12).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from appointments import policy, services
from appointments.models import Channel, DeskTurn
from appointments.selectors import desk as desks
from appointments.selectors.alternatives import times_for
from hospital.audit.replies import reply_once
from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import Actor
from hospital.kit.api_parameters import IDEMPOTENCY_KEY

from .changes import PeriodInput
from .keyed import MAY_BE_KEYED, changed, said_in
from .serializers import BookingOutput, BookingShownOutput, TimeOutput, as_json, asked_for


class FindInput(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=500, help_text="A whole number: card, mobile, document or record.")
    channel = serializers.ChoiceField(choices=[Channel.DESK, Channel.PHONE])


class ReasonInput(serializers.Serializer[Any]):
    because = serializers.CharField(
        required=False, allow_blank=True, max_length=300, default="", help_text="Why a rule that may be set aside is."
    )


class DeskHoldInput(PeriodInput, ReasonInput):
    extra = serializers.BooleanField(default=False, help_text="A place beyond the roster; needs the reason.")


class DeskMoveInput(PeriodInput, ReasonInput):
    pass


class TurnOutput(serializers.ModelSerializer[DeskTurn]):
    patient = serializers.CharField(source="patient.masked_name")
    sex = serializers.CharField(source="patient.sex")

    class Meta:
        model = DeskTurn
        fields = ("id", "patient", "sex", "channel", "ends_at")


class TurnBookingsOutput(serializers.Serializer[Any]):
    turn = TurnOutput()
    bookings = BookingShownOutput(many=True)


@rule("appointments.api.desk_find", policy.DESK_ROLES, methods=["POST"])
class DeskFind(APIView):
    """Who stands at the window or calls; empty when the number is nobody's."""

    @extend_schema(request=FindInput, responses=TurnOutput(many=True), summary="Find the patient at the desk")
    def post(self, request: Request) -> Response:
        said = asked_for(FindInput, request.data)
        turns = services.desk_find(
            actor=actor_of(request._request), text=said["text"], channel=Channel(said["channel"]), at=clock.now()
        )
        return Response(TurnOutput(turns, many=True).data)


def _turn(actor: Actor, turn_id: int, at: datetime) -> dict[str, Any]:
    turn, bookings = desks.desk_turn_for(actor, turn_id, at=at)
    return {"turn": turn, "bookings": bookings}


@rule("appointments.api.desk_turn", policy.DESK_ROLES, subject="desk_turn")
class Turn(APIView):
    """The patient at this desk and the bookings that stand."""

    @extend_schema(responses=TurnBookingsOutput, summary="The patient at the desk")
    def get(self, request: Request, turn_id: int) -> Response:
        return Response(TurnBookingsOutput(_turn(actor_of(request._request), turn_id, clock.now())).data)


@rule("appointments.api.desk_leave", policy.DESK_ROLES, methods=["POST"], subject="desk_turn")
class TurnLeave(APIView):
    @extend_schema(request=None, responses={204: None}, summary="The next one, please")
    def post(self, request: Request, turn_id: int) -> Response:
        services.desk_leave(actor=actor_of(request._request), turn_id=turn_id, at=clock.now())
        return Response(status=204)


@rule("appointments.api.desk_hold", policy.DESK_ROLES, methods=["POST"], subject="desk_turn")
class DeskHold(APIView):
    """On the telephone the hold is longer, and the patient is told where to pay."""

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY], request=DeskHoldInput, responses={201: BookingOutput},
        summary="Book for the patient at the desk",
    )  # fmt: skip
    def post(self, request: Request, turn_id: int) -> Response:
        body, actor, at = request._request.body, actor_of(request._request), clock.now()
        desks.desk_turn(actor, turn_id, at=at)
        said = asked_for(DeskHoldInput, request.data)

        def act() -> tuple[int, Mapping[str, Any]]:
            booking = services.desk_hold_within(actor=actor, turn_id=turn_id, at=at, **said)
            return 201, as_json(BookingOutput(), booking)

        key = request.headers.get("Idempotency-Key", "")
        reply = reply_once(actor=actor, route=f"desk.hold.{turn_id}", key=key, body=body, at=at, act=act)
        return Response(reply.body, status=reply.status)


@rule("appointments.api.desk_times", policy.DESK_ROLES, subject="desk_booking")
class DeskTimes(APIView):
    """Free times that a booking may move to at what was paid for it; after a stopped clinic also of other doctors of the
    same level."""

    @extend_schema(responses=TimeOutput(many=True), summary="Times to offer the patient at the desk")
    def get(self, request: Request, turn_id: int, booking_id: int) -> Response:
        at = clock.now()
        _turn_there, booking = desks.desk_booking_for(actor_of(request._request), turn_id, booking_id, at=at)
        return Response(TimeOutput(times_for(booking, at=at), many=True).data)


@rule("appointments.api.desk_move", policy.DESK_ROLES, methods=["POST"], subject="desk_booking")
class DeskMove(APIView):
    @extend_schema(
        parameters=[MAY_BE_KEYED], request=DeskMoveInput, responses=BookingOutput,
        summary="Another time for the patient at the desk",
    )  # fmt: skip
    def post(self, request: Request, turn_id: int, booking_id: int) -> Response:
        at = clock.now()
        desks.desk_booking_for(actor_of(request._request), turn_id, booking_id, at=at)
        return changed(
            request, f"desk.move.{turn_id}.{booking_id}", services.desk_move, services.desk_move_within,
            turn_id=turn_id, booking_id=booking_id, at=at, **said_in(request, DeskMoveInput),
        )  # fmt: skip


@rule("appointments.api.desk_cancel", policy.DESK_ROLES, methods=["POST"], subject="desk_booking")
class DeskCancel(APIView):
    @extend_schema(
        parameters=[MAY_BE_KEYED], request=ReasonInput, responses=BookingOutput,
        summary="Cancel for the patient at the desk",
    )  # fmt: skip
    def post(self, request: Request, turn_id: int, booking_id: int) -> Response:
        at = clock.now()
        desks.desk_booking_for(actor_of(request._request), turn_id, booking_id, at=at)
        return changed(
            request, f"desk.cancel.{turn_id}.{booking_id}", services.desk_cancel, services.desk_cancel_within,
            turn_id=turn_id, booking_id=booking_id, at=at, **said_in(request, ReasonInput),
        )  # fmt: skip
