"""HTTP API of appointments, mounted under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from . import views

app_name = "appointments_api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("doctors/", views.Doctors.as_view(), name="doctors"),
    path("doctors/<int:staff_id>/sessions/", views.Sessions.as_view(), name="sessions"),
    path("sessions/<int:session_id>/periods/", views.Periods.as_view(), name="periods"),
    path("bookings/", views.Bookings.as_view(), name="bookings"),
    path("bookings/<int:booking_id>/", views.BookingOne.as_view(), name="booking"),
    path("bookings/<int:booking_id>/cancel/", views.BookingCancel.as_view(), name="cancel"),
]
