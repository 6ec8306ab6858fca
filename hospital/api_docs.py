"""The published description of the HTTP API (OpenAPI 3), made from the views themselves."""

from drf_spectacular.views import SpectacularAPIView

from hospital.kit.access import public


@public("api.schema", "programs of others are written against it; it tells shapes, no data")
class SchemaView(SpectacularAPIView):
    """OpenAPI 3; YAML, or JSON with ?format=json."""
