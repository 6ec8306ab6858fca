"""Patient pages of appointments."""

from django.urls import URLPattern, URLResolver, path

from .views import booking, doctors, hall, visits

app_name = "appointments"
urlpatterns: list[URLPattern | URLResolver] = [
    path("doctors/", doctors.doctors, name="doctors"),
    path("doctors/<int:staff_id>/", doctors.doctor, name="doctor"),
    path("book/<int:session_id>/", booking.book, name="book"),
    path("visits/", visits.visits, name="visits"),
    path("visits/<int:booking_id>/", visits.visit, name="visit"),
    path("visits/<int:booking_id>/queue/", visits.visit_queue, name="visit_queue"),
    path("visits/<int:booking_id>/cancel/", visits.visit_cancel, name="visit_cancel"),
    path("hall/<int:department_id>/", hall.hall, name="hall"),
]
