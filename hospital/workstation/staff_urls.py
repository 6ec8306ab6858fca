"""Staff pages of hospital.workstation, mounted under /staff/."""

from django.urls import URLPattern, URLResolver, path

from . import views

app_name = "workstation_staff"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("command/", views.command, name="command"),
]
