"""Staff pages of hospital.organisation, mounted under /staff/."""

from django.urls import URLPattern, URLResolver

app_name = "organisation_staff"
urlpatterns: list[URLPattern | URLResolver] = []
