"""The published description of the HTTP API (OpenAPI 3), made from the views themselves, and a page to read it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.views import SpectacularAPIView

from hospital.api_schema import codes
from hospital.kit.access import public


@public("api.schema", "programs of others are written against it; it tells shapes, no data")
class SchemaView(SpectacularAPIView):
    """OpenAPI 3; YAML, or JSON with ?format=json."""


@public("api.docs", "the same description for people; all of its files are our own, it works without a network outside")
def docs(request: HttpRequest) -> HttpResponse:
    """Swagger UI over /api/schema/, and every stable code of a refusal."""
    return render(request, "api_docs.html", {"codes": codes()})
