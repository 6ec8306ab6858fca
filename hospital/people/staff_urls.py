"""Staff pages of hospital.people, mounted under /staff/."""

from django.urls import URLPattern, URLResolver

app_name = "people_staff"
urlpatterns: list[URLPattern | URLResolver] = []
