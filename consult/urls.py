"""Patient pages of consult."""

from django.urls import URLPattern, URLResolver

app_name = "consult"
urlpatterns: list[URLPattern | URLResolver] = []
