"""Staff pages of treatment, mounted under /staff/."""

from django.urls import path

from .views import staff

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
    path("follow-up/", staff.alarm_list, name="alarms"),
    path("follow-up/<int:pk>/", staff.alarm_handle, name="alarm_handle"),
]
