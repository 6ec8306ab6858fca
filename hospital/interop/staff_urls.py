"""Staff pages of hospital.interop, mounted under /staff/."""

from django.urls import URLPattern, URLResolver, path

from . import views

app_name = "interop_staff"
urlpatterns: list[URLPattern | URLResolver] = [
    path("inbound/", views.inbound_list, name="inbound_list"),
    path("inbound/<int:pk>/", views.inbound, name="inbound"),
    path("inbound/<int:pk>/retry/", views.inbound_retry, name="inbound_retry"),
]
