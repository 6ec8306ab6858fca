"""HTTP API of hospital.workstation, mounted under /api/v1/."""

from django.urls import URLPattern, URLResolver

app_name = "workstation_api"
urlpatterns: list[URLPattern | URLResolver] = []
