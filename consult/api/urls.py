"""HTTP API of consult, mounted under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from . import views

app_name = "consult_api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("online-visits/", views.Visits.as_view(), name="visits"),
    path("online-visits/<int:pk>/", views.VisitOne.as_view(), name="visit"),
    path("online-visits/<int:pk>/consent/", views.Consent.as_view(), name="consent"),
    path("online-visits/<int:pk>/answers/", views.Answers.as_view(), name="answers"),
    path("online-visits/<int:pk>/booking/", views.Book.as_view(), name="book"),
    path("online-visits/<int:pk>/cancel/", views.Cancel.as_view(), name="cancel"),
    path("online-visits/<int:pk>/messages/", views.Messages.as_view(), name="messages"),
    path("online-visits/<int:pk>/end/", views.End.as_view(), name="end"),
    path("doctors/<int:staff_id>/online-times/", views.Times.as_view(), name="times"),
]
