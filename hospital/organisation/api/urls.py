"""HTTP API of hospital.organisation, mounted under /api/v1/."""

from django.urls import URLPattern, URLResolver

app_name = "organisation_api"
urlpatterns: list[URLPattern | URLResolver] = []
