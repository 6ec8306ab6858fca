"""Patient pages of hospital.messaging."""

from django.urls import path

from . import views

app_name = "messaging"
urlpatterns = [
    path("messages/", views.inbox, name="inbox"),
    path("messages/settings/", views.preference, name="preference"),
]
