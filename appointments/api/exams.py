"""HTTP API of queue and exams, for the mini program, kiosks and the phone desk: the same verbs as the pages."""

import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_noop
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from appointments import selectors, services
from appointments.exam_words import sentences
from appointments.geo import Position
from appointments.models import ExamBooking, Ticket
from appointments.services import ExamChoice
from appointments.states import TicketStatus
from hospital.audit.replies import reply_once
from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import SIGNED_IN_PATIENTS


class PositionInput(serializers.Serializer[Any]):
    latitude = serializers.FloatField(min_value=-90, max_value=90, help_text="WGS-84; compared once, not kept.")
    longitude = serializers.FloatField(min_value=-180, max_value=180)
    accuracy = serializers.FloatField(min_value=0, help_text="In metres, as the phone states it.")


class QueueOutput(serializers.Serializer[Any]):
    status = serializers.CharField(help_text="Of the ticket; none: not checked in.")
    number = serializers.IntegerField()
    room = serializers.CharField(allow_blank=True)
    ahead = serializers.IntegerField(
        allow_null=True, help_text="Patients before this one, who is in the room included."
    )
    minutes = serializers.IntegerField(allow_null=True, help_text="Until the call, by the pace of the session.")


def _queue(request: Request, booking_id: int) -> dict[str, Any]:
    at = clock.now()
    booking = selectors.booking_for(actor_of(request._request), booking_id, at=at)
    ticket = Ticket.objects.select_related("session").filter(booking=booking).first()
    waits = ticket is not None and ticket.status == TicketStatus.WAITING
    line = selectors.queue_position(ticket, at=at) if ticket is not None and waits else None
    return {
        "status": ticket.status if ticket else "none", "number": booking.number, "room": booking.session.room,
        "ahead": line.ahead if line else None, "minutes": line.minutes if line else None,
    }  # fmt: skip


@rule("appointments.api.queue", SIGNED_IN_PATIENTS, subject="booking")
class BookingQueue(APIView):
    """Where one stands in the line."""

    @extend_schema(responses=QueueOutput, summary="Place in the queue")
    def get(self, request: Request, booking_id: int) -> Response:
        return Response(QueueOutput(_queue(request, booking_id)).data)


@rule("appointments.api.check_in", SIGNED_IN_PATIENTS, methods=["POST"], subject="booking_at_campus")
class BookingCheckIn(APIView):
    """Check in by the own phone, near the campus. Sent again, it answers the same place in the queue."""

    @extend_schema(request=PositionInput, responses=QueueOutput, summary="Check in near the hospital")
    def post(self, request: Request, booking_id: int) -> Response:
        actor, at = actor_of(request._request), clock.now()
        selectors.booking_for(actor, booking_id, at=at)
        asked = PositionInput(data=request.data)
        asked.is_valid(raise_exception=True)
        services.booking_check_in_here(
            actor=actor, booking_id=booking_id, position=Position(**asked.validated_data), at=at
        )
        return Response(QueueOutput(_queue(request, booking_id)).data)


class ExamOutput(serializers.ModelSerializer[ExamBooking]):
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    exam = serializers.CharField(source="item.name")
    room = serializers.CharField(source="machine.room")
    campus = serializers.CharField(source="machine.campus.name")
    advice = serializers.CharField(source="item.advice")
    fasting_hours = serializers.IntegerField(source="item.fasting_hours")

    class Meta:
        model = ExamBooking
        fields = (
            "id", "patient_id", "order_id", "exam", "starts_at", "ends_at", "room", "campus", "status", "advice",
            "fasting_hours",
        )  # fmt: skip


class ChoiceSerializer(serializers.Serializer[Any]):
    order_id = serializers.IntegerField(min_value=1)
    item_id = serializers.IntegerField(min_value=1)
    shift_id = serializers.IntegerField(min_value=1)
    starts_at = serializers.DateTimeField()


class ProposedOutput(ChoiceSerializer):
    exam = serializers.CharField()
    ends_at = serializers.DateTimeField()
    room = serializers.CharField()
    is_paid = serializers.BooleanField()


class QuestionOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    item_id = serializers.IntegerField()
    text = serializers.CharField()


class PlanOutput(serializers.Serializer[Any]):
    trips = serializers.IntegerField(help_text="Days on which the patient must come only for these exams.")
    is_proved = serializers.BooleanField(help_text="No plan with fewer trips exists.")
    reasons = serializers.ListField(child=serializers.CharField())
    exams = ProposedOutput(many=True)
    left_out = serializers.ListField(child=serializers.CharField(), help_text="Exams without any possible time.")
    questions = QuestionOutput(many=True)


class AnswerInput(serializers.Serializer[Any]):
    question_id = serializers.IntegerField(min_value=1)
    answer = serializers.ChoiceField(choices=["yes", "no"])


class ExamsInput(serializers.Serializer[Any]):
    patient_id = serializers.IntegerField(min_value=1)
    exams = ChoiceSerializer(many=True, allow_empty=False)
    answers = AnswerInput(many=True, required=False, default=list)


def _plan(patient_id: int, request: Request) -> Mapping[str, Any]:
    found = selectors.exam_plan_for(actor_of(request._request), patient_id, at=clock.now())
    exams = []
    for stop in found.plan.appointments:
        one = found.wanted_by(stop.need.key)
        exams.append(
            {"order_id": one.order.pk, "item_id": one.item.pk, "shift_id": stop.slot.key, "starts_at": stop.start,
             "ends_at": stop.end, "exam": one.item.name, "room": stop.room, "is_paid": one.is_paid}
        )  # fmt: skip
    return {
        "trips": found.plan.trips, "is_proved": found.plan.is_proved, "reasons": sentences(found.plan.reasons),
        "exams": exams, "left_out": [need.name for need in found.plan.left_out],
        "questions": [{"id": one.pk, "item_id": one.item_id, "text": one.text} for one in found.questions],
    }  # fmt: skip


@rule("appointments.api.exam_plan", SIGNED_IN_PATIENTS, subject="exam_patient")
class ExamPlan(APIView):
    """The proposal for everything that a patient's orders ask for, in the fewest trips, and why."""

    @extend_schema(responses=PlanOutput, summary="Proposed times of exams")
    def get(self, request: Request, patient_id: int) -> Response:
        return Response(PlanOutput(_plan(patient_id, request)).data)


@rule("appointments.api.exams", SIGNED_IN_PATIENTS)
@rule("appointments.api.exams_book", SIGNED_IN_PATIENTS, methods=["POST"])
class Exams(APIView):
    """Booked exams of oneself and the family; booking a proposal, all or none."""

    @extend_schema(responses=ExamOutput(many=True), summary="Exam bookings")
    def get(self, request: Request) -> Response:
        return Response(ExamOutput(selectors.exams_for(actor_of(request._request), at=clock.now()), many=True).data)

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "Idempotency-Key", str, OpenApiParameter.HEADER, required=True,
                description="Repeat it to get the first answer again.",
            )
        ],
        request=ExamsInput, responses={201: ExamOutput(many=True)}, summary="Book exams",
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        body = request._request.body
        asked = ExamsInput(data=request.data)
        asked.is_valid(raise_exception=True)
        actor, at, said = actor_of(request._request), clock.now(), asked.validated_data

        def act() -> tuple[int, Mapping[str, Any]]:
            made = services.exams_book_within(
                actor=actor, patient_id=said["patient_id"], choices=[ExamChoice(**one) for one in said["exams"]],
                answers={one["question_id"]: one["answer"] for one in said["answers"]}, at=at,
            )  # fmt: skip
            return 201, {"exams": json.loads(JSONRenderer().render(ExamOutput(made, many=True).data))}

        reply = reply_once(
            actor=actor, route="exams.create", key=request.headers.get("Idempotency-Key", ""), body=body, at=at, act=act
        )
        return Response(reply.body["exams"], status=reply.status)


@rule("appointments.api.exam_cancel", SIGNED_IN_PATIENTS, methods=["POST"], subject="exam")
class ExamCancel(APIView):
    """Give the time of an exam back; its order waits to be booked again."""

    @extend_schema(request=None, responses=ExamOutput, summary="Give an exam back")
    def post(self, request: Request, exam_id: int) -> Response:
        actor, at = actor_of(request._request), clock.now()
        services.exam_cancel(actor=actor, exam_id=exam_id, at=at, reason=gettext_noop("by the patient"))
        return Response(ExamOutput(selectors.exam_for(actor, exam_id, at=at)).data)
