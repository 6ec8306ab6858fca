"""HTTP API of appointments: the same verbs as the pages."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from appointments import errors, policy, selectors, services
from appointments.models import Channel
from hospital.audit.replies import reply_once
from hospital.kit import clock
from hospital.kit.access import actor_of, public, rule
from hospital.kit.actor import SIGNED_IN_PATIENTS, Role
from hospital.kit.api_parameters import IDEMPOTENCY_KEY
from hospital.kit.problems import NotFound

from . import plain, serializers
from .keyed import MAY_BE_KEYED, changed, said_in

_PUBLISHED = "who works here, when and at which price is published (IH-14)"


@public("appointments.api.doctors", _PUBLISHED)
class Doctors(APIView):
    """Doctors by name, pinyin, initials, department or disease."""

    @extend_schema(
        parameters=[serializers.DoctorSearchInput],
        responses=serializers.DoctorOutput(many=True),
        summary="Find doctors",
    )
    def get(self, request: Request) -> Response:
        asked = serializers.DoctorSearchInput(data=request.query_params)
        asked.is_valid(raise_exception=True)
        cards = selectors.doctor_cards(asked.validated_data["q"], asked.validated_data["department"], at=clock.now())
        return Response(serializers.DoctorOutput(cards, many=True).data)


@public("appointments.api.sessions", _PUBLISHED, subject="doctor")
class Sessions(APIView):
    """The open sessions of a doctor in the next two weeks."""

    @extend_schema(responses=serializers.SessionLineOutput(many=True), summary="Sessions of a doctor")
    def get(self, request: Request, staff_id: int) -> HttpResponse:
        at = clock.now()
        if selectors.doctor_shown(staff_id, at=at) is None:
            raise NotFound
        return plain.answer(plain.session_lines(selectors.doctor_sessions(staff_id, at=at)))


@public("appointments.api.periods", _PUBLISHED, subject="session_public")
class Periods(APIView):
    """The periods of a session that haven't begun, with the places left."""

    @extend_schema(responses=serializers.PeriodOutput(many=True), summary="Free places of a session")
    def get(self, request: Request, session_id: int) -> HttpResponse:
        lines = selectors.periods_shown(session_id, at=clock.now())
        if lines is None:
            raise NotFound
        return plain.answer(plain.periods(lines))


@rule("appointments.api.day", policy.QUEUE_ROLES | {Role.SERVICE}, subject="doctor_day")
class DoctorDay(APIView):
    """A doctor's day, session by session: who is expected, who waits at which place of the line, who was seen. For the
    doctor, for doctors and nurses of the same department, and for programs whose key names it: screens, the telephone
    desk. Names are masked. Send the ETag of the last answer as If-None-Match: 304 while nothing has changed."""

    @extend_schema(
        parameters=[serializers.DayInput, OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER)],
        responses={200: serializers.DayOutput, 304: OpenApiResponse(description="Nothing has changed.")},
        summary="A doctor's day",
    )
    def get(self, request: Request, staff_id: int) -> HttpResponse:
        day = (
            serializers.asked_for(serializers.DayInput, request.query_params)["date"] if request.query_params else None
        )
        at = clock.now()
        seen = request.headers.get("If-None-Match", "").removeprefix("W/").strip('"')
        found = selectors.day_for(actor_of(request._request), staff_id, day or clock.business_day(at), at=at, seen=seen)
        if found is None:
            return HttpResponse(status=304, headers={"ETag": f'"{seen}"'})
        return plain.answer(plain.day(found), {"ETag": f'"{found.version}"'})


# Made once: finding out their fields takes longer than a booking's statements.
_ASKED, _BOOKING = serializers.BookingInput(), serializers.BookingOutput()


@rule("appointments.api.hold", SIGNED_IN_PATIENTS, methods=["POST"])
@rule("appointments.api.bookings", SIGNED_IN_PATIENTS)
class Bookings(APIView):
    """Hold a place; pay its charge until `held_until`, else it is free again."""

    @extend_schema(
        parameters=[serializers.PartInput],
        responses=serializers.BookingShownOutput(many=True),
        summary="One's bookings",
    )
    def get(self, request: Request) -> Response:
        """Of oneself and the family: what comes, what was, what was called off."""
        part = serializers.asked_for(serializers.PartInput, request.query_params)["show"]
        rows = selectors.visits_for(actor_of(request._request), part, at=clock.now())
        return Response(serializers.BookingShownOutput(rows, many=True).data)

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY],
        request=serializers.BookingInput,
        responses={201: serializers.BookingOutput},
        summary="Hold a place",
    )
    def post(self, request: Request) -> Response:
        body = request._request.body
        said = _ASKED.run_validation(request.data)
        actor, at = actor_of(request._request), clock.now()
        proved = services.question_answer(actor=actor, token=said["question"], answer=said["answer"], at=at)

        def act() -> tuple[int, Mapping[str, Any]]:
            booking = services.booking_hold_within(
                actor=actor, patient_id=said["patient_id"], period_id=said["period_id"], at=at, channel=Channel.API,
                proved=proved,
            )  # fmt: skip
            return 201, serializers.as_json(_BOOKING, booking)

        key = request.headers.get("Idempotency-Key", "")
        try:
            reply = reply_once(actor=actor, route="bookings.create", key=key, body=body, at=at, act=act)
        except errors.QuestionFirst as problem:
            raise services.question_with(problem, actor) from problem
        headers = {"Location": f"/api/v1/bookings/{reply.body['id']}/"}
        return Response(reply.body, status=reply.status, headers=headers)


@rule("appointments.api.booking", SIGNED_IN_PATIENTS, subject="booking")
class BookingOne(APIView):
    """One booking of one's own or of the family."""

    @extend_schema(responses=serializers.BookingShownOutput, summary="A booking")
    def get(self, request: Request, booking_id: int) -> Response:
        booking = selectors.booking_for(actor_of(request._request), booking_id, at=clock.now())
        return Response(serializers.BookingShownOutput(booking).data)


@rule("appointments.api.cancel", SIGNED_IN_PATIENTS, methods=["POST"], subject="booking")
class BookingCancel(APIView):
    """Give a booking back; what was paid is refunded whole."""

    @extend_schema(
        parameters=[MAY_BE_KEYED], request=serializers.CancelInput, responses=serializers.BookingOutput,
        summary="Cancel a booking",
    )  # fmt: skip
    def post(self, request: Request, booking_id: int) -> Response:
        return changed(
            request, f"bookings.cancel.{booking_id}", services.booking_cancel, services.booking_cancel_within,
            booking_id=booking_id, at=clock.now(), **said_in(request, serializers.CancelInput),
        )  # fmt: skip
