"""HTTP API of appointments, mounted under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from . import changes, conduct, desk, exams, kiosk, stops, views

app_name = "appointments_api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("doctors/", views.Doctors.as_view(), name="doctors"),
    path("doctors/known/", changes.Known.as_view(), name="known"),
    path("doctors/<int:staff_id>/follow/", changes.Follow.as_view(), name="follow"),
    path("doctors/<int:staff_id>/waiting/", changes.WaitingEnter.as_view(), name="waiting_enter"),
    path("doctors/<int:staff_id>/sessions/", views.Sessions.as_view(), name="sessions"),
    path("doctors/<int:staff_id>/day/", views.DoctorDay.as_view(), name="day"),
    path("sessions/<int:session_id>/periods/", views.Periods.as_view(), name="periods"),
    path("bookings/", views.Bookings.as_view(), name="bookings"),
    path("bookings/<int:booking_id>/", views.BookingOne.as_view(), name="booking"),
    path("bookings/<int:booking_id>/cancel/", views.BookingCancel.as_view(), name="cancel"),
    path("bookings/<int:booking_id>/move/", changes.BookingMove.as_view(), name="move"),
    path("bookings/<int:booking_id>/times/", stops.BookingTimes.as_view(), name="times"),
    path("bookings/<int:booking_id>/stopped/", stops.BookingStopped.as_view(), name="stopped"),
    path("bookings/<int:booking_id>/stopped/seen/", stops.StoppedSeen.as_view(), name="stopped_seen"),
    path("bookings/<int:booking_id>/stopped/refund/", stops.StoppedRefund.as_view(), name="stopped_refund"),
    path("bookings/<int:booking_id>/absence/", conduct.BookingAbsence.as_view(), name="absence"),
    path("bookings/<int:booking_id>/appeal/", conduct.BookingAppeal.as_view(), name="appeal"),
    path("bookings/<int:booking_id>/queue/", exams.BookingQueue.as_view(), name="queue"),
    path("bookings/<int:booking_id>/check-in/", exams.BookingCheckIn.as_view(), name="check_in"),
    path("waiting/", changes.WaitingList.as_view(), name="waiting"),
    path("waiting/<int:waiting_id>/withdraw/", changes.WaitingWithdraw.as_view(), name="waiting_withdraw"),
    path("exams/", exams.Exams.as_view(), name="exams"),
    path("exams/<int:exam_id>/cancel/", exams.ExamCancel.as_view(), name="exam_cancel"),
    path("patients/<int:patient_id>/exam-plan/", exams.ExamPlan.as_view(), name="exam_plan"),
    path("desk/turns/", desk.DeskFind.as_view(), name="desk_find"),
    path("desk/turns/<int:turn_id>/", desk.Turn.as_view(), name="desk_turn"),
    path("desk/turns/<int:turn_id>/leave/", desk.TurnLeave.as_view(), name="desk_leave"),
    path("desk/turns/<int:turn_id>/bookings/", desk.DeskHold.as_view(), name="desk_hold"),
    path("desk/turns/<int:turn_id>/bookings/<int:booking_id>/times/", desk.DeskTimes.as_view(), name="desk_times"),
    path("desk/turns/<int:turn_id>/bookings/<int:booking_id>/move/", desk.DeskMove.as_view(), name="desk_move"),
    path("desk/turns/<int:turn_id>/bookings/<int:booking_id>/cancel/", desk.DeskCancel.as_view(), name="desk_cancel"),
    path("kiosk/card/", kiosk.KioskCard.as_view(), name="kiosk_card"),
    path("kiosk/check-in/", kiosk.KioskCheckIn.as_view(), name="kiosk_check_in"),
    path("kiosk/pay/", kiosk.KioskPay.as_view(), name="kiosk_pay"),
    path("kiosk/paid/", kiosk.KioskPaid.as_view(), name="kiosk_paid"),
]
