"""Staff pages of hospital.insight, mounted under /staff/."""

from django.urls import URLPattern, URLResolver

app_name = "insight_staff"
urlpatterns: list[URLPattern | URLResolver] = []
