"""The only table of moves of a course, its sessions and its follow-up."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from hospital.kit.lifecycle import Lifecycle


class CourseStatus(TextChoices):
    ORDERED = "ordered", _("to be paid")
    PAID = "paid", _("to be booked")
    PLACED = "placed", _("booked")
    RUNNING = "running", _("under way")
    FINISHED = "finished", _("finished")
    STOPPED = "stopped", _("stopped")
    CANCELLED = "cancelled", _("cancelled")


class SessionStatus(TextChoices):
    BOOKED = "booked", _("booked")
    ARRIVED = "arrived", _("arrived")
    DONE = "done", _("done")
    MISSED = "missed", _("missed")
    CANCELLED = "cancelled", _("cancelled")


class TaskStatus(TextChoices):
    WAITING = "waiting", _("not yet due")
    ASKED = "asked", _("to be answered")
    ANSWERED = "answered", _("answered")
    LAPSED = "lapsed", _("not answered")
    CANCELLED = "cancelled", _("cancelled")


class AlarmStatus(TextChoices):
    RAISED = "raised", _("to be handled")
    HANDLED = "handled", _("handled")


COURSE = Lifecycle(
    "treatment.course",
    moves={
        CourseStatus.ORDERED: {CourseStatus.PAID, CourseStatus.CANCELLED},
        CourseStatus.PAID: {CourseStatus.PLACED, CourseStatus.CANCELLED},
        CourseStatus.PLACED: {CourseStatus.RUNNING, CourseStatus.CANCELLED},
        CourseStatus.RUNNING: {CourseStatus.FINISHED, CourseStatus.STOPPED},
    },
)
SESSION = Lifecycle(
    "treatment.session",
    moves={
        SessionStatus.BOOKED: {SessionStatus.ARRIVED, SessionStatus.MISSED, SessionStatus.CANCELLED},
        SessionStatus.ARRIVED: {SessionStatus.DONE, SessionStatus.BOOKED, SessionStatus.CANCELLED},
    },
)
TASK = Lifecycle(
    "treatment.follow_up_task",
    moves={
        TaskStatus.WAITING: {TaskStatus.ASKED, TaskStatus.CANCELLED},
        TaskStatus.ASKED: {TaskStatus.ANSWERED, TaskStatus.LAPSED, TaskStatus.CANCELLED},
        TaskStatus.LAPSED: {TaskStatus.ANSWERED},
    },
)
ALARM = Lifecycle("treatment.alarm", moves={AlarmStatus.RAISED: {AlarmStatus.HANDLED}})

# A session in one of these uses up its number, its machine's time and its patient's time.
LIVE_SESSION = [SessionStatus.BOOKED, SessionStatus.ARRIVED, SessionStatus.DONE]
OPEN_SESSION = [SessionStatus.BOOKED, SessionStatus.ARRIVED]

# Words first, colour second (AG-02): the tone of the status tag.
COURSE_TONES: dict[str, str] = {
    CourseStatus.ORDERED: "warn",
    CourseStatus.PAID: "info",
    CourseStatus.PLACED: "brand",
    CourseStatus.RUNNING: "brand",
    CourseStatus.FINISHED: "success",
    CourseStatus.STOPPED: "danger",
}
SESSION_TONES: dict[str, str] = {
    SessionStatus.BOOKED: "info",
    SessionStatus.ARRIVED: "warn",
    SessionStatus.DONE: "success",
    SessionStatus.MISSED: "danger",
}
