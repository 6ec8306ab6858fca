"""Patient pages of hospital.forms."""

from django.urls import URLPattern, URLResolver, path

from . import views

app_name = "forms"
urlpatterns: list[URLPattern | URLResolver] = [
    path("forms/concepts/", views.concepts, name="concepts"),
    path("forms/<int:pk>/", views.response_page, name="response"),
    path("forms/<int:pk>/autosave/", views.autosave, name="autosave"),
]
