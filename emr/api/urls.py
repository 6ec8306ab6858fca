"""HTTP API of emr, mounted under /api/v1/."""

from django.urls import URLPattern, URLResolver

app_name = "emr_api"
urlpatterns: list[URLPattern | URLResolver] = []
