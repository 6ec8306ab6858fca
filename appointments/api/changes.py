"""HTTP API of what becomes of a booking, the waiting list and followed doctors: the same verbs as the pages."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from appointments import selectors, services
from appointments.models import HalfDay, Waiting
from appointments.selectors.alternatives import waiting_for
from hospital.audit.replies import reply_once
from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import SIGNED_IN_PATIENTS
from hospital.kit.api_parameters import IDEMPOTENCY_KEY
from hospital.kit.problems import NotFound

from .keyed import MAY_BE_KEYED, changed, said_in
from .serializers import BookingOutput, DoctorOutput, as_json, asked_for


class PeriodInput(serializers.Serializer[Any]):
    period_id = serializers.IntegerField(min_value=1)


class WaitingInput(serializers.Serializer[Any]):
    patient_id = serializers.IntegerField(min_value=1)
    first = serializers.DateField(help_text="From this day on.")
    last = serializers.DateField(help_text="This day included; not before the first and not over.")
    half_day = serializers.ChoiceField(choices=HalfDay.choices, required=False, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["last"] < max(attrs["first"], clock.today()):
            raise serializers.ValidationError({"last": _("This day is over, or before the first one.")})
        return attrs


class WaitingOutput(serializers.ModelSerializer[Waiting]):
    class Meta:
        model = Waiting
        fields = ("id", "patient_id", "doctor_id", "first", "last", "half_day", "status", "booking_id", "offered_at")


class KnownOutput(serializers.Serializer[Any]):
    followed = DoctorOutput(many=True)
    seen = DoctorOutput(many=True, help_text="Last seen first, without the followed ones.")


class FollowInput(serializers.Serializer[Any]):
    follow = serializers.BooleanField()


@rule("appointments.api.move", SIGNED_IN_PATIENTS, methods=["POST"], subject="booking")
class BookingMove(APIView):
    """Another time with the same doctor; what was paid goes along (AP-05). After a stopped clinic any of the times that
    are offered, at any hour (AP-08). The times: `times`."""

    @extend_schema(
        parameters=[MAY_BE_KEYED],
        request=PeriodInput,
        responses=BookingOutput,
        summary="Move a booking to another time",
    )
    def post(self, request: Request, booking_id: int) -> Response:
        at = clock.now()
        selectors.booking_for(actor_of(request._request), booking_id, at=at)
        return changed(
            request, f"bookings.move.{booking_id}", services.booking_move, services.booking_move_within,
            booking_id=booking_id, at=at, **said_in(request, PeriodInput),
        )  # fmt: skip


@rule("appointments.api.waiting", SIGNED_IN_PATIENTS)
class WaitingList(APIView):
    """For whom of the family the account waits; `offered` is a held place: pay its booking in time."""

    @extend_schema(responses=WaitingOutput(many=True), summary="One's places in waiting lists")
    def get(self, request: Request) -> Response:
        return Response(WaitingOutput(waiting_for(actor_of(request._request), at=clock.now()), many=True).data)


@rule("appointments.api.waiting_enter", SIGNED_IN_PATIENTS, methods=["POST"], subject="doctor_waiting")
class WaitingEnter(APIView):
    """ "Tell me when": the next place that comes free is held for the first in line (AP-07)."""

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY], request=WaitingInput, responses={201: WaitingOutput},
        summary="Wait for a place with a doctor",
    )  # fmt: skip
    def post(self, request: Request, staff_id: int) -> Response:
        body, actor, at = request._request.body, actor_of(request._request), clock.now()
        said = asked_for(WaitingInput, request.data)
        if selectors.doctor_shown(staff_id, at=at) is None:
            raise NotFound

        def act() -> tuple[int, Mapping[str, Any]]:
            made = services.waiting_enter_within(actor=actor, doctor_id=staff_id, at=at, **said)
            return 201, as_json(WaitingOutput(), made)

        key = request.headers.get("Idempotency-Key", "")
        reply = reply_once(actor=actor, route=f"waiting.enter.{staff_id}", key=key, body=body, at=at, act=act)
        return Response(reply.body, status=reply.status)


@rule("appointments.api.waiting_withdraw", SIGNED_IN_PATIENTS, methods=["POST"], subject="waiting")
class WaitingWithdraw(APIView):
    @extend_schema(request=None, responses={204: None}, summary="Wait no more")
    def post(self, request: Request, waiting_id: int) -> Response:
        services.waiting_withdraw(actor=actor_of(request._request), waiting_id=waiting_id, at=clock.now())
        return Response(status=204)


@rule("appointments.api.known", SIGNED_IN_PATIENTS)
class Known(APIView):
    """Doctors whom one follows, and those whom the family has seen."""

    @extend_schema(responses=KnownOutput, summary="Doctors that one knows")
    def get(self, request: Request) -> Response:
        return Response(KnownOutput(selectors.known_doctors_for(actor_of(request._request), at=clock.now())).data)


@rule("appointments.api.follow", SIGNED_IN_PATIENTS, methods=["POST"], subject="doctor_follow")
class Follow(APIView):
    """Followed twice is followed once."""

    @extend_schema(request=FollowInput, responses={204: None}, summary="Follow a doctor, or no more")
    def post(self, request: Request, staff_id: int) -> Response:
        wanted = asked_for(FollowInput, request.data)["follow"]
        verb = services.doctor_follow if wanted else services.doctor_unfollow
        verb(actor=actor_of(request._request), doctor_id=staff_id, at=clock.now())
        return Response(status=204)
