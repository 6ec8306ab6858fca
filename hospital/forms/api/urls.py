"""HTTP API of hospital.forms, mounted under /api/v1/."""

from django.urls import URLPattern, URLResolver

app_name = "forms_api"
urlpatterns: list[URLPattern | URLResolver] = []
