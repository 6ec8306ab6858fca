"""HTTP API of appointments, mounted under /api/v1/."""

from django.urls import URLPattern, URLResolver

app_name = "appointments_api"
urlpatterns: list[URLPattern | URLResolver] = []
