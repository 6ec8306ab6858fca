"""Staff pages of hospital.forms, mounted under /staff/."""

from django.urls import URLPattern, URLResolver

app_name = "forms_staff"
urlpatterns: list[URLPattern | URLResolver] = []
