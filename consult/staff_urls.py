"""Staff pages of consult, mounted under /staff/."""

from django.urls import URLPattern, URLResolver

app_name = "consult_staff"
urlpatterns: list[URLPattern | URLResolver] = []
