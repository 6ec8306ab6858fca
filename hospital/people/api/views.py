"""HTTP API of hospital.people."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from hospital.kit.access import actor_of, rule
from hospital.kit.actor import SIGNED_IN_PATIENTS, STAFF, Role

from .. import selectors
from .serializers import MeOutput


@rule("people.me", STAFF | SIGNED_IN_PATIENTS | {Role.SERVICE})
class Me(APIView):
    """Who is signed in, with which roles, and for whom that person may act."""

    @extend_schema(responses=MeOutput, summary="Who am I?")
    def get(self, request: Request) -> Response:
        actor = actor_of(request._request)
        links = selectors.family_links_for(actor) if actor.is_patient else []
        return Response(MeOutput({"actor": actor, "links": links}).data)
