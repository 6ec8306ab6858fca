"""Patient pages of hospital.workstation."""

from django.urls import URLPattern, URLResolver

app_name = "workstation"
urlpatterns: list[URLPattern | URLResolver] = []
