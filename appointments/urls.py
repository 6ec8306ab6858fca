"""Patient pages of appointments."""

from django.urls import URLPattern, URLResolver, path

from .views import booking, changes, conduct, doctors, exams, hall, kiosk, visits

app_name = "appointments"
urlpatterns: list[URLPattern | URLResolver] = [
    path("doctors/", doctors.doctors, name="doctors"),
    path("doctors/<int:staff_id>/", doctors.doctor, name="doctor"),
    path("doctors/<int:staff_id>/follow/", doctors.follow, name="doctor_follow"),
    path("book/<int:session_id>/", booking.book, name="book"),
    path("visits/", visits.visits, name="visits"),
    path("visits/<int:booking_id>/", visits.visit, name="visit"),
    path("visits/<int:booking_id>/queue/", visits.visit_queue, name="visit_queue"),
    path("visits/waiting/", changes.waiting, name="waiting"),
    path("visits/waiting/<int:waiting_id>/withdraw/", changes.waiting_withdraw, name="waiting_withdraw"),
    path("doctors/<int:staff_id>/waiting/", changes.doctor_waiting, name="waiting_enter"),
    path("visits/<int:booking_id>/appeal/", conduct.visit_appeal, name="visit_appeal"),
    path("visits/<int:booking_id>/move/", changes.visit_move, name="visit_move"),
    path("visits/<int:booking_id>/stopped/", changes.visit_stopped, name="visit_stopped"),
    path("visits/<int:booking_id>/cancel/", visits.visit_cancel, name="visit_cancel"),
    path("visits/<int:booking_id>/check-in/", visits.visit_check_in, name="visit_check_in"),
    path("hall/<int:department_id>/", hall.hall, name="hall"),
    path("hall/<int:department_id>/room/", hall.room, name="room"),
    path("exams/", exams.exams, name="exams"),
    path("exams/<int:exam_id>/", exams.exam, name="exam"),
    path("exams/<int:exam_id>/slip.pdf", exams.exam_pdf, name="exam_pdf"),
    path("exams/<int:exam_id>/cancel/", exams.exam_cancel, name="exam_cancel"),
    path("kiosk/", kiosk.start, name="kiosk"),
    path("kiosk/visits/", kiosk.visits, name="kiosk_visits"),
    path("kiosk/check-in/", kiosk.check_in, name="kiosk_check_in"),
    path("kiosk/slip/", kiosk.slip, name="kiosk_slip"),
    path("kiosk/pay/", kiosk.pay, name="kiosk_pay"),
    path("kiosk/pay/state/", kiosk.pay_state, name="kiosk_pay_state"),
    path("kiosk/leave/", kiosk.leave, name="kiosk_leave"),
]
