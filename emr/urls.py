"""Patient pages of emr."""

from django.urls import URLPattern, URLResolver

app_name = "emr"
urlpatterns: list[URLPattern | URLResolver] = []
