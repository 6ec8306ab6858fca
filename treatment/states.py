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
    TAKEN = "taken", _("being handled")
    UNREACHED = "unreached", _("not reached")
    HANDLED = "handled", _("handled")


class HoldStatus(TextChoices):
    OPEN = "open", _("on hold")
    RELEASED = "released", _("released")


class InterruptionStatus(TextChoices):
    OPEN = "open", _("to be decided")
    DECIDED = "decided", _("to be checked by the physicist")
    SIGNED = "signed", _("decided and checked")


class DisplacedStatus(TextChoices):
    WAITING = "waiting", _("to be moved")
    MOVED = "moved", _("moved, to be called")
    STRANDED = "stranded", _("no free time found, to be called")
    TOLD = "told", _("told by phone")


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
# Whoever takes an alarm is the one who calls; nobody answers: it comes back, until somebody was reached.
ALARM = Lifecycle(
    "treatment.alarm",
    moves={
        AlarmStatus.RAISED: {AlarmStatus.TAKEN},
        AlarmStatus.TAKEN: {AlarmStatus.UNREACHED, AlarmStatus.HANDLED},
        AlarmStatus.UNREACHED: {AlarmStatus.TAKEN},
    },
)
HOLD = Lifecycle("treatment.hold", moves={HoldStatus.OPEN: {HoldStatus.RELEASED}})
INTERRUPTION = Lifecycle(
    "treatment.interruption",
    moves={
        InterruptionStatus.OPEN: {InterruptionStatus.DECIDED},
        InterruptionStatus.DECIDED: {InterruptionStatus.SIGNED, InterruptionStatus.OPEN},
    },
)
DISPLACED = Lifecycle(
    "treatment.displaced",
    moves={
        DisplacedStatus.WAITING: {DisplacedStatus.MOVED, DisplacedStatus.STRANDED},
        DisplacedStatus.MOVED: {DisplacedStatus.TOLD},
        DisplacedStatus.STRANDED: {DisplacedStatus.TOLD},
    },
)

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
ALARM_TONES: dict[str, str] = {
    AlarmStatus.RAISED: "danger",
    AlarmStatus.TAKEN: "info",
    AlarmStatus.UNREACHED: "warn",
    AlarmStatus.HANDLED: "success",
}
DISPLACED_TONES: dict[str, str] = {
    DisplacedStatus.WAITING: "info",
    DisplacedStatus.MOVED: "warn",
    DisplacedStatus.STRANDED: "danger",
    DisplacedStatus.TOLD: "success",
}
SESSION_TONES: dict[str, str] = {
    SessionStatus.BOOKED: "info",
    SessionStatus.ARRIVED: "warn",
    SessionStatus.DONE: "success",
    SessionStatus.MISSED: "danger",
}
