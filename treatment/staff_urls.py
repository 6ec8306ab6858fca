"""Staff pages of treatment, mounted under /staff/."""

from django.urls import URLPattern, URLResolver

app_name = "treatment_staff"
urlpatterns: list[URLPattern | URLResolver] = []
