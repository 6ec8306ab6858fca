"""HTTP API of treatment, mounted under /api/v1/."""

from django.urls import URLPattern, URLResolver

app_name = "treatment_api"
urlpatterns: list[URLPattern | URLResolver] = []
