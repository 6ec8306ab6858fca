"""HTTP API of hospital.messaging, mounted under /api/v1/."""

from django.urls import URLPattern, URLResolver

app_name = "messaging_api"
urlpatterns: list[URLPattern | URLResolver] = []
