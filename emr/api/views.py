"""HTTP API of emr: the same selectors as the pages, with the same audit lines."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import PATIENTS

from .. import selectors
from . import serializers

PAGE = 100


@rule("emr.api.reports", PATIENTS)
class Reports(APIView):
    """The latest hundred released reports of oneself and the family."""

    @extend_schema(responses=serializers.ReportOutput(many=True), summary="Reports")
    def get(self, request: Request) -> Response:
        rows = selectors.reports_for(actor_of(request._request), at=clock.now())[:PAGE]
        return Response(serializers.ReportOutput(rows, many=True).data)


@rule("emr.api.report", PATIENTS, subject="emr.report")
class ReportOne(APIView):
    """One released report with its observations and their course."""

    @extend_schema(responses=serializers.ReportOneOutput, summary="Report")
    def get(self, request: Request, pk: int) -> Response:
        report = selectors.report_for(actor_of(request._request), pk, at=clock.now())
        body = {"report": report, "lines": selectors.report_lines(report)}
        return Response(serializers.ReportOneOutput(body).data)


@rule("emr.api.prescriptions", PATIENTS)
class Prescriptions(APIView):
    """The latest hundred signed prescriptions of oneself and the family."""

    @extend_schema(responses=serializers.PrescriptionOutput(many=True), summary="Prescriptions")
    def get(self, request: Request) -> Response:
        rows = selectors.prescriptions_for(actor_of(request._request), at=clock.now())[:PAGE]
        return Response(serializers.PrescriptionOutput(rows, many=True).data)


@rule("emr.api.orders", PATIENTS)
class Orders(APIView):
    """The latest hundred orders of oneself and the family, and how far each is."""

    @extend_schema(responses=serializers.OrderOutput(many=True), summary="Orders")
    def get(self, request: Request) -> Response:
        rows = selectors.orders_for(actor_of(request._request), at=clock.now())[:PAGE]
        return Response(serializers.OrderOutput(rows, many=True).data)


@rule("emr.api.order", PATIENTS, subject="emr.patient_order")
class OrderOne(APIView):
    @extend_schema(responses=serializers.OrderOutput, summary="Order")
    def get(self, request: Request, pk: int) -> Response:
        return Response(
            serializers.OrderOutput(selectors.order_for(actor_of(request._request), pk, at=clock.now())).data
        )
