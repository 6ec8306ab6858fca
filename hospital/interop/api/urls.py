"""HTTP API of hospital.interop, mounted under /api/v1/."""

from django.urls import URLPattern, URLResolver

app_name = "interop_api"
urlpatterns: list[URLPattern | URLResolver] = []
