"""Staff pages of hospital.workstation, mounted under /staff/."""

from django.urls import URLPattern, URLResolver, path

from . import emergency_views, views

app_name = "workstation_staff"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("command/", views.command, name="command"),
    path("patients/<int:pk>/identity/", views.identity, name="identity"),
    path("emergency/", emergency_views.search, name="emergency"),
    path("emergency/choose/", emergency_views.choose, name="emergency_choose"),
    path("emergency/open/", emergency_views.open_record, name="emergency_open"),
    path("emergency/reviews/", emergency_views.reviews, name="emergency_reviews"),
    path("emergency/reviews/<int:pk>/", emergency_views.review, name="emergency_review"),
]
