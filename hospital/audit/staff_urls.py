"""Staff pages of hospital.audit, mounted under /staff/."""

from django.urls import URLPattern, URLResolver

app_name = "audit_staff"
urlpatterns: list[URLPattern | URLResolver] = []
