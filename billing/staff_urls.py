"""Staff pages of billing, mounted under /staff/."""

from django.urls import URLPattern, URLResolver

app_name = "billing_staff"
urlpatterns: list[URLPattern | URLResolver] = []
