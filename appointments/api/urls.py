"""HTTP API of appointments, mounted under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from . import exams, views

app_name = "appointments_api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("doctors/", views.Doctors.as_view(), name="doctors"),
    path("doctors/<int:staff_id>/sessions/", views.Sessions.as_view(), name="sessions"),
    path("sessions/<int:session_id>/periods/", views.Periods.as_view(), name="periods"),
    path("bookings/", views.Bookings.as_view(), name="bookings"),
    path("bookings/<int:booking_id>/", views.BookingOne.as_view(), name="booking"),
    path("bookings/<int:booking_id>/cancel/", views.BookingCancel.as_view(), name="cancel"),
    path("bookings/<int:booking_id>/queue/", exams.BookingQueue.as_view(), name="queue"),
    path("bookings/<int:booking_id>/check-in/", exams.BookingCheckIn.as_view(), name="check_in"),
    path("exams/", exams.Exams.as_view(), name="exams"),
    path("exams/<int:exam_id>/cancel/", exams.ExamCancel.as_view(), name="exam_cancel"),
    path("patients/<int:patient_id>/exam-plan/", exams.ExamPlan.as_view(), name="exam_plan"),
]
