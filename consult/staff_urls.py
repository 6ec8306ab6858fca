"""Staff pages of consult, mounted under /staff/."""

from django.urls import URLPattern, URLResolver, path

from . import desk

app_name = "consult_staff"
urlpatterns: list[URLPattern | URLResolver] = [
    path("consult/", desk.queue, name="queue"),
    path("consult/<int:pk>/", desk.work, name="work"),
    path("consult/<int:pk>/act/", desk.act, name="act"),
    path("consult/<int:pk>/evidence/<int:evidence_id>/", desk.picture, name="picture"),
]
