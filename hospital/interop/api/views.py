"""A read-only FHIR R4 facade: patients for themselves and their family, clinicians for those in their care."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from emr.models import Observation, ReportStatus
from emr.selectors import patient_for
from hospital.kit import clock
from hospital.kit.access import actor_of, rule
from hospital.kit.actor import PATIENTS, Role

from .. import fhir_resources

_READERS = PATIENTS | {Role.DOCTOR, Role.NURSE, Role.THERAPIST, Role.CASE_MANAGER}
_MOST = 500
_FHIR = "application/fhir+json"


class ObservationSearchInput(serializers.Serializer[None]):
    patient = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    code = serializers.CharField(max_length=60, required=False)


@rule("interop.fhir_patient", _READERS, subject="interop.fhir_patient")
class FhirPatient(APIView):
    """Patient/<id>."""

    @extend_schema(responses=OpenApiTypes.OBJECT, summary="A patient as FHIR R4")
    def get(self, request: Request, pk: int) -> Response:
        row = patient_for(actor_of(request._request), pk, at=clock.now(), action="fhir.patient")
        return Response(fhir_resources.patient(row), content_type=_FHIR)


@rule("interop.fhir_observations", _READERS, subject="interop.fhir_observations")
class FhirObservations(APIView):
    """Observation?patient=<id>&code=<code>: newest first; patients get what was released to them."""

    @extend_schema(
        parameters=[OpenApiParameter("patient", int, required=True), OpenApiParameter("code", str)],
        responses=OpenApiTypes.OBJECT,
        summary="Measured values as FHIR R4",
    )
    def get(self, request: Request) -> Response:
        asked = ObservationSearchInput(data=request.query_params)
        asked.is_valid(raise_exception=True)
        actor = actor_of(request._request)
        owner = patient_for(actor, asked.validated_data["patient"], at=clock.now(), action="fhir.observations")
        rows = Observation.objects.filter(report__patient=owner).exclude(report__status=ReportStatus.REPLACED)
        if actor.is_patient:
            rows = rows.filter(report__status=ReportStatus.RELEASED)
        if "code" in asked.validated_data:
            rows = rows.filter(code=asked.validated_data["code"])
        newest = rows.select_related("report").order_by("-report__observed_at", "-pk")[:_MOST]
        found = [fhir_resources.observation(row) for row in newest]
        return Response(fhir_resources.searchset(found, total=rows.count()), content_type=_FHIR)
