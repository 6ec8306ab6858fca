"""HTTP API of hospital.organisation."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from hospital.kit.access import rule
from hospital.kit.actor import STAFF, Role

from .. import selectors
from .serializers import ConceptOutput, ConceptSearchInput


@rule("organisation.concepts", STAFF | {Role.SERVICE}, subject="organisation.concepts")
class Concepts(APIView):
    """Codes of a catalogue that a text may mean."""

    @extend_schema(parameters=[ConceptSearchInput], responses=ConceptOutput(many=True), summary="Find a code")
    def get(self, request: Request) -> Response:
        asked = ConceptSearchInput(data=request.query_params)
        asked.is_valid(raise_exception=True)
        found = selectors.concept_search(
            asked.validated_data["system"], asked.validated_data["q"], asked.validated_data["limit"]
        )
        return Response(ConceptOutput(found, many=True).data)
