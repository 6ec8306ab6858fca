"""HTTP API of consult: the patient's way and the talk, by the same verbs as the pages.

Applying carries an Idempotency-Key. The other writes say the same thing twice by themselves: a consent, a hold and a
line with its key are the same when they are sent again, and a move that was made refuses to be made again (409).
"""

import json
from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from appointments.api.serializers import asked_for
from appointments.errors import QuestionFirst
from appointments.services import question_answer, question_with
from hospital.audit.replies import reply_once
from hospital.forms.services import response_submit
from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import SIGNED_IN_PATIENTS, Role
from hospital.kit.api_parameters import IDEMPOTENCY_KEY
from hospital.kit.problems import NotFound
from hospital.organisation.models import Staff

from .. import policy, selectors, services
from ..models import OnlineVisit
from ..services.applying import Shown
from ..views import TALKERS
from . import serializers

DOCTORS = frozenset({Role.DOCTOR})


def _visit(request: Request, pk: int, *, patient: bool = False) -> OnlineVisit:
    actor = actor_of(request._request)
    visit = selectors.visit_for(actor, pk, at=clock.now(), action="consult.api")
    if patient:
        policy.must_be_patient(actor, visit)
    return visit


def _shown(request: Request, pk: int, status: int = 200) -> Response:
    return Response(serializers.VisitOutput(_visit(request, pk)).data, status=status)


@rule("consult.api.times", SIGNED_IN_PATIENTS, subject="online_doctor")
class Times(APIView):
    """The free times of a doctor's online hours, with their price."""

    @extend_schema(responses=serializers.OfferOutput(many=True), summary="Online times of a doctor")
    def get(self, request: Request, staff_id: int) -> Response:
        if not Staff.objects.filter(pk=staff_id, is_listed=True).exists():
            raise NotFound
        return Response(serializers.OfferOutput(selectors.offers_of(staff_id, at=clock.now()), many=True).data)


@rule("consult.api.visits", SIGNED_IN_PATIENTS)
@rule("consult.api.apply", SIGNED_IN_PATIENTS, methods=["POST"])
class Visits(APIView):
    @extend_schema(responses=serializers.VisitOutput(many=True), summary="Online visits of oneself and the family")
    def get(self, request: Request) -> Response:
        rows = selectors.visits_of(actor_of(request._request))[:100]
        return Response(serializers.VisitOutput(rows, many=True).data)

    @extend_schema(
        parameters=[IDEMPOTENCY_KEY], request=serializers.VisitInput, responses={201: serializers.VisitOutput},
        summary="Apply for an online visit",
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Diagnoses of this hospital are found by themselves; without one, and without `shown`: 409 `IH-01`."""
        raw, actor, at = request._request.body, actor_of(request._request), clock.now()
        given = asked_for(serializers.VisitInput, request.data)
        shown = given.get("shown")

        def act() -> tuple[int, Mapping[str, Any]]:
            visit = services.visit_apply_within(
                actor=actor, patient_id=given["patient_id"], doctor_id=given["doctor_id"], at=at,
                shown=Shown(**shown) if shown else None,
            )  # fmt: skip
            body: Mapping[str, Any] = json.loads(JSONRenderer().render(serializers.VisitOutput(visit).data))
            return 201, body

        key = request.headers.get("Idempotency-Key", "")
        reply = reply_once(actor=actor, route="online-visits.create", key=key, body=raw, at=at, act=act)
        return Response(
            reply.body, status=reply.status, headers={"Location": f"/api/v1/online-visits/{reply.body['id']}/"}
        )


@rule("consult.api.visit", TALKERS, subject="online_visit")
class VisitOne(APIView):
    @extend_schema(responses=serializers.VisitOutput, summary="An online visit")
    def get(self, request: Request, pk: int) -> Response:
        return _shown(request, pk)


@rule("consult.api.consent_text", SIGNED_IN_PATIENTS, subject="online_visit")
@rule("consult.api.consent", SIGNED_IN_PATIENTS, methods=["POST"], subject="online_visit")
class Consent(APIView):
    """The words to agree to before an online visit (IH-10), and agreeing to them."""

    @extend_schema(responses=serializers.ConsentOutput, summary="Consent to online visits")
    def get(self, request: Request, pk: int) -> Response:
        _visit(request, pk, patient=True)
        return Response(serializers.ConsentOutput(selectors.consent_current()).data)

    @extend_schema(
        request=serializers.ConsentInput, responses=serializers.VisitOutput, summary="Agree to the online visit"
    )
    def post(self, request: Request, pk: int) -> Response:
        _visit(request, pk, patient=True)
        given = asked_for(serializers.ConsentInput, request.data)
        services.consent_sign(actor=actor_of(request._request), visit_id=pk, at=clock.now(), **given)
        return _shown(request, pk)


@rule("consult.api.questions", SIGNED_IN_PATIENTS, subject="online_visit")
@rule("consult.api.answers", SIGNED_IN_PATIENTS, methods=["POST"], subject="online_visit")
class Answers(APIView):
    """The questions before the visit."""

    @extend_schema(responses=serializers.AnswersOutput, summary="Questions before the visit")
    def get(self, request: Request, pk: int) -> Response:
        return Response(serializers.AnswersOutput(self._form(request, pk)).data)

    @extend_schema(request=serializers.AnswersInput, responses=serializers.AnswersOutput, summary="Hand in the answers")
    def post(self, request: Request, pk: int) -> Response:
        form = self._form(request, pk)
        given = asked_for(serializers.AnswersInput, request.data)
        response_submit(actor=actor_of(request._request), response_id=form.pk, at=clock.now(), **given)
        return Response(serializers.AnswersOutput(self._form(request, pk)).data)

    def _form(self, request: Request, pk: int) -> Any:
        form = _visit(request, pk, patient=True).form
        if form is None:
            raise NotFound
        return form


@rule("consult.api.book", SIGNED_IN_PATIENTS, methods=["POST"], subject="online_visit")
class Book(APIView):
    @extend_schema(
        request=serializers.OnlineTimeInput,
        responses=serializers.VisitOutput,
        summary="Hold a time of the online hours",
    )
    def post(self, request: Request, pk: int) -> Response:
        """Pay `booking.charge_id` before `booking.held_until`; then the visit waits for the doctor."""
        _visit(request, pk, patient=True)
        given = asked_for(serializers.OnlineTimeInput, request.data)
        actor, at = actor_of(request._request), clock.now()
        proved = question_answer(actor=actor, token=given["question"], answer=given["answer"], at=at)
        try:
            services.visit_book(actor=actor, visit_id=pk, period_id=given["period_id"], at=at, proved=proved)
        except QuestionFirst as problem:
            raise question_with(problem, actor) from problem
        return _shown(request, pk)


@rule("consult.api.cancel", SIGNED_IN_PATIENTS, methods=["POST"], subject="online_visit")
class Cancel(APIView):
    @extend_schema(request=None, responses=serializers.VisitOutput, summary="Cancel before the doctor has begun")
    def post(self, request: Request, pk: int) -> Response:
        _visit(request, pk, patient=True)
        services.visit_cancel(actor=actor_of(request._request), visit_id=pk, at=clock.now())
        return _shown(request, pk)


@rule("consult.api.messages", TALKERS, subject="online_visit")
@rule("consult.api.say", TALKERS, methods=["POST"], subject="online_visit")
class Messages(APIView):
    """The talk, for the patient's side and the doctor."""

    @extend_schema(
        parameters=[serializers.AfterInput], responses=serializers.MessagesOutput, summary="Lines after a line"
    )
    def get(self, request: Request, pk: int) -> Response:
        after = asked_for(serializers.AfterInput, request.query_params)["after"]
        visit = _visit(request, pk)
        lines = selectors.lines_after(pk, after)
        last = lines[-1].seq if lines else after
        if lines:
            services.talk_read(actor=actor_of(request._request), visit_id=pk, seq=last, at=clock.now())
        body = {"lines": lines, "last": last, "status": visit.status, "open": visit.talk_is_open}
        return Response(serializers.MessagesOutput(body).data)

    @extend_schema(request=serializers.MessageInput, responses=serializers.SaidOutput, summary="Write a line")
    def post(self, request: Request, pk: int) -> Response:
        actor = actor_of(request._request)
        selectors.member_visit(actor, pk)
        given = asked_for(serializers.MessageInput, request.data)
        line = services.message_post(
            actor=actor, visit_id=pk, text=given["text"], client_key=given["key"], at=clock.now()
        )
        return Response(serializers.SaidOutput(line).data)


@rule("consult.api.end", DOCTORS, methods=["POST"], subject="online_visit")
class End(APIView):
    @extend_schema(request=serializers.EndInput, responses=serializers.VisitOutput, summary="End the talk")
    def post(self, request: Request, pk: int) -> Response:
        """By its doctor, with a coded reason (IH-11); the money goes back where the code says so."""
        _visit(request, pk)
        given = asked_for(serializers.EndInput, request.data)
        services.visit_end(actor=actor_of(request._request), visit_id=pk, at=clock.now(), **given)
        return _shown(request, pk)
