"""Staff pages of hospital.organisation, mounted under /staff/."""

from django.urls import URLPattern, URLResolver, path

from . import views

app_name = "organisation_staff"
urlpatterns: list[URLPattern | URLResolver] = [
    path("concepts/", views.concepts, name="concepts"),
    path("parameters/", views.parameters, name="parameters"),
]
