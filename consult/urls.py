"""Patient pages of consult, and the talk without a socket."""

from django.urls import URLPattern, URLResolver, path

from . import pictures, views

app_name = "consult"
urlpatterns: list[URLPattern | URLResolver] = [
    path("consult/", views.home, name="home"),
    path("consult/doctor/<int:staff_id>/apply/", views.apply, name="apply"),
    path("consult/<int:pk>/", views.visit_page, name="visit"),
    path("consult/<int:pk>/consent/", views.consent, name="consent"),
    path("consult/<int:pk>/time/", views.time, name="time"),
    path("consult/<int:pk>/cancel/", views.cancel, name="cancel"),
    path("consult/<int:pk>/talk/", views.talk, name="talk"),
    path("talk/<int:pk>/messages/", views.talk_messages, name="messages"),
    path("talk/<int:pk>/pictures/", pictures.send, name="pictures"),
    path("talk/<int:pk>/pictures/<int:picture_id>/", pictures.read, name="picture"),
]
