"""Staff pages of hospital.messaging, mounted under /staff/."""

from django.urls import URLPattern, URLResolver

app_name = "messaging_staff"
urlpatterns: list[URLPattern | URLResolver] = []
