"""Patient pages of hospital.portal."""

from django.urls import URLPattern, URLResolver, path

from . import styleguide, views

app_name = "portal"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("me/", views.me, name="me"),
    path("forms/", views.questions, name="questions"),
    path("about/", views.about, name="about"),
    path("language/", views.language_choose, name="language"),
    path("care-mode/", views.care_mode_choose, name="care_mode"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
]
