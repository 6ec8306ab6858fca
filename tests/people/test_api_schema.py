"""The OpenAPI description is public, complete and says which shapes come back."""

from django.test import Client


def test_schema_lists_the_api(db) -> None:
    schema = Client().get("/api/schema/", {"format": "json"}).json()
    assert schema["openapi"].startswith("3.")
    assert "/api/v1/me/" in schema["paths"]
    assert "Me" in "".join(schema["components"]["schemas"])
