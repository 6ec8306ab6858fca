"""Staff pages of hospital.messaging, mounted under /staff/."""

from django.urls import path

from . import views

app_name = "messaging_staff"
urlpatterns = [
    path("messages/", views.inbox, name="inbox"),
    path("messages/settings/", views.preference, name="preference"),
]
