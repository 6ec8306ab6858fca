"""Staff pages of emr, mounted under /staff/."""

from django.urls import URLPattern, URLResolver

app_name = "emr_staff"
urlpatterns: list[URLPattern | URLResolver] = []
