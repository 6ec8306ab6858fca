"""Staff pages of hospital.workstation, mounted under /staff/."""

from django.urls import URLPattern, URLResolver

app_name = "workstation_staff"
urlpatterns: list[URLPattern | URLResolver] = []
