"""Staff pages of appointments, mounted under /staff/."""

from django.urls import URLPattern, URLResolver

app_name = "appointments_staff"
urlpatterns: list[URLPattern | URLResolver] = []
