"""HTTP API of consult, mounted under /api/v1/."""

from django.urls import URLPattern, URLResolver

app_name = "consult_api"
urlpatterns: list[URLPattern | URLResolver] = []
