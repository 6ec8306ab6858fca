"""HTTP API of hospital.insight, mounted under /api/v1/."""

from django.urls import URLPattern, URLResolver

app_name = "insight_api"
urlpatterns: list[URLPattern | URLResolver] = []
