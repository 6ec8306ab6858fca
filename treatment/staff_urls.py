"""Staff pages of treatment, mounted under /staff/."""

from django.urls import path

from .views import follow_up, outages, safety, staff, statistics

app_name = "treatment_staff"
urlpatterns = [
    path("treatment/", staff.board, name="board"),
    path("treatment/order/<int:pk>/", staff.order, name="order"),
    path("treatment/scan/", staff.scan, name="scan"),
    path("treatment/sessions/<int:pk>/", staff.session_page, name="session"),
    path("treatment/assessments/<int:pk>/", staff.assess, name="assess"),
    path("treatment/courses/<int:pk>/", staff.course_page, name="course"),
    path("treatment/courses/<int:pk>/release/<slug:kind>/", staff.release, name="release"),
    path("treatment/courses/<int:pk>/stop/", staff.stop, name="stop"),
    path("treatment/sessions/<int:pk>/screen/", safety.screen, name="screen"),
    path("treatment/courses/<int:pk>/review/", safety.review, name="review"),
    path("treatment/courses/<int:pk>/category/", safety.category, name="category"),
    path("treatment/holds/<int:pk>/release/", safety.hold_release, name="hold_release"),
    path("treatment/interruptions/<int:pk>/decide/", safety.interruption_decide, name="interruption_decide"),
    path("treatment/interruptions/<int:pk>/check/", safety.interruption_check, name="interruption_check"),
    path("treatment/machines/<int:pk>/down/", outages.machine_down, name="machine_down"),
    path("treatment/outages/<int:pk>/", outages.outage, name="outage"),
    path("treatment/displaced/<int:pk>/told/", outages.told, name="displaced_told"),
    path("treatment/statistics/", statistics.statistics, name="statistics"),
    path("follow-up/", follow_up.alarm_list, name="alarms"),
    path("follow-up/<int:pk>/", follow_up.alarm_handle, name="alarm_handle"),
    path("follow-up/<int:pk>/take/", follow_up.alarm_take, name="alarm_take"),
    path("follow-up/<int:pk>/unreached/", follow_up.alarm_unreached, name="alarm_unreached"),
]
