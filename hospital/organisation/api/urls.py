"""HTTP API of hospital.organisation, mounted under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from . import views

app_name = "organisation_api"
urlpatterns: list[URLPattern | URLResolver] = [path("concepts/", views.Concepts.as_view(), name="concepts")]
