"""HTTP API of hospital.portal, mounted under /api/v1/."""

from django.urls import URLPattern, URLResolver

app_name = "portal_api"
urlpatterns: list[URLPattern | URLResolver] = []
