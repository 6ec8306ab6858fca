"""Staff pages of appointments, mounted under /staff/."""

from django.urls import URLPattern, URLResolver, path

from .views import check_in, conduct, desk, exam_room, exams, next_visit, queue, rosters, stops

app_name = "appointments_staff"
urlpatterns: list[URLPattern | URLResolver] = [
    path("check-in/", check_in.check_in, name="check_in"),
    path("check-in/<int:booking_id>/", check_in.check_in_one, name="check_in_one"),
    path("check-in/<int:booking_id>/done/", check_in.checked_in, name="checked_in"),
    path("desk/", desk.desk, name="desk"),
    path("desk/<int:turn_id>/", desk.patient, name="desk_patient"),
    path("desk/<int:turn_id>/book/", desk.book, name="desk_book"),
    path("desk/<int:turn_id>/leave/", desk.leave, name="desk_leave"),
    path("desk/<int:turn_id>/bookings/<int:booking_id>/", desk.booking, name="desk_booking"),
    path("desk/<int:turn_id>/bookings/<int:booking_id>/paying/", desk.pay_state, name="desk_pay_state"),
    path("overrides/", desk.overrides, name="overrides"),
    path("exam-plan/<int:encounter_id>/", exams.exam_plan, name="exam_plan"),
    path("exam-room/", exam_room.exam_room, name="exam_room"),
    path("exam-room/<int:exam_id>/<slug:verb>/", exam_room.exam_move, name="exam_move"),
    path("appeals/", conduct.appeals, name="appeals"),
    path("appeals/<int:absence_id>/", conduct.appeal_decide, name="appeal_decide"),
    path("next-visit/<int:encounter_id>/", next_visit.next_visit, name="next_visit"),
    path("rosters/", rosters.rosters, name="rosters"),
    path("rosters/change/", rosters.roster_change, name="roster_change"),
    path("stops/", stops.stops, name="stops"),
    path("stops/<int:case_id>/called/", stops.stop_called, name="stop_called"),
    path("queue/", queue.queues, name="queues"),
    path("queue/<int:session_id>/", queue.queue, name="queue"),
    path("queue/<int:session_id>/call/", queue.queue_call, name="queue_call"),
    path("queue/tickets/<int:ticket_id>/first/", queue.ticket_first, name="ticket_first"),
    path("queue/tickets/<int:ticket_id>/<slug:verb>/", queue.ticket_move, name="ticket_move"),
]
