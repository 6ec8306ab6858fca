"""HTTP API of hospital.people, mounted under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from . import views

app_name = "people_api"
urlpatterns: list[URLPattern | URLResolver] = [path("me/", views.Me.as_view(), name="me")]
