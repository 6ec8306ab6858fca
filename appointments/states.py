"""The lives of appointments: the only table of moves."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from hospital.kit.lifecycle import Lifecycle


class SessionStatus(models.TextChoices):
    OPEN = "open", _("open")
    STOPPED = "stopped", _("stopped")  # 停诊
    FINISHED = "finished", _("finished")


class BookingStatus(models.TextChoices):
    HELD = "held", _("to be paid")
    BOOKED = "booked", _("booked")
    CHECKED_IN = "checked_in", _("checked in")
    SEEN = "seen", _("seen")
    CANCELLED = "cancelled", _("cancelled")
    EXPIRED = "expired", _("not paid in time")
    NO_SHOW = "no_show", _("not used")


class TicketStatus(models.TextChoices):
    WAITING = "waiting", _("waiting")
    CALLED = "called", _("called")
    SERVING = "serving", _("with the doctor")
    AWAY = "away", _("at the exam")  # 回诊: comes back today with the result; the visit stays open
    FINISHED = "finished", _("finished")
    WITHDRAWN = "withdrawn", _("withdrawn")  # the session was stopped, or the patient left


class WaitingStatus(models.TextChoices):
    WAITING = "waiting", _("waiting")
    OFFERED = "offered", _("a place is held")
    FILLED = "filled", _("booked")
    LAPSED = "lapsed", _("over")  # the offer wasn't taken, or can't be made
    WITHDRAWN = "withdrawn", _("taken back")


class AbsenceStatus(models.TextChoices):
    COUNTED = "counted", _("counted")
    APPEALED = "appealed", _("appeal made")
    EXCUSED = "excused", _("excused")
    UPHELD = "upheld", _("counted after the appeal")


class StopCaseStatus(models.TextChoices):
    OPEN = "open", _("to be chosen")
    MOVED = "moved", _("another time")
    REFUNDED = "refunded", _("refunded")


class ExamStatus(models.TextChoices):
    BOOKED = "booked", _("booked")
    ARRIVED = "arrived", _("arrived")
    DOING = "doing", _("under way")
    DONE = "done", _("done")
    CANCELLED = "cancelled", _("cancelled")
    NO_SHOW = "no_show", _("not used")
    BLOCKED = "blocked", _("machine not in use")


# An exam booking in one of these has its machine, staff and time.
ACTIVE_EXAM = (ExamStatus.BOOKED, ExamStatus.ARRIVED, ExamStatus.DOING, ExamStatus.DONE, ExamStatus.BLOCKED)

# A booking in one of these has its place, blocks the same hours and counts against the limits (AP-04).
ACTIVE_BOOKING = (BookingStatus.HELD, BookingStatus.BOOKED, BookingStatus.CHECKED_IN, BookingStatus.SEEN)
WAITING_TICKET = (TicketStatus.WAITING,)
IN_ROOM_TICKET = (TicketStatus.CALLED, TicketStatus.SERVING)

SESSION = Lifecycle(
    "appointments.session",
    moves={SessionStatus.OPEN: {SessionStatus.STOPPED, SessionStatus.FINISHED}},
)

BOOKING = Lifecycle(
    "appointments.booking",
    moves={
        BookingStatus.HELD: {BookingStatus.BOOKED, BookingStatus.EXPIRED, BookingStatus.CANCELLED},
        BookingStatus.BOOKED: {
            BookingStatus.CHECKED_IN, BookingStatus.SEEN, BookingStatus.CANCELLED, BookingStatus.NO_SHOW,
        },
        # checked in, called and gone: no_show
        BookingStatus.CHECKED_IN: {BookingStatus.SEEN, BookingStatus.CANCELLED, BookingStatus.NO_SHOW},
    },
)  # fmt: skip

TICKET = Lifecycle(
    "appointments.ticket",
    moves={
        TicketStatus.WAITING: {TicketStatus.CALLED, TicketStatus.WITHDRAWN, TicketStatus.FINISHED},
        TicketStatus.CALLED: {
            TicketStatus.WAITING,
            TicketStatus.SERVING,
            TicketStatus.WITHDRAWN,
            TicketStatus.FINISHED,
        },
        TicketStatus.SERVING: {TicketStatus.FINISHED, TicketStatus.AWAY},
        TicketStatus.AWAY: {TicketStatus.WAITING, TicketStatus.FINISHED},
    },
)

LIVE_WAITING = (WaitingStatus.WAITING, WaitingStatus.OFFERED)
COUNTED_ABSENCE = (AbsenceStatus.COUNTED, AbsenceStatus.APPEALED, AbsenceStatus.UPHELD)

WAITING = Lifecycle(
    "appointments.waiting",
    moves={
        WaitingStatus.WAITING: {WaitingStatus.OFFERED, WaitingStatus.LAPSED, WaitingStatus.WITHDRAWN},
        WaitingStatus.OFFERED: {WaitingStatus.FILLED, WaitingStatus.LAPSED},
    },
)

ABSENCE = Lifecycle(
    "appointments.absence",
    moves={
        AbsenceStatus.COUNTED: {AbsenceStatus.APPEALED, AbsenceStatus.EXCUSED},
        AbsenceStatus.APPEALED: {AbsenceStatus.EXCUSED, AbsenceStatus.UPHELD},
    },
)

STOP_CASE = Lifecycle(
    "appointments.stop_case",
    moves={StopCaseStatus.OPEN: {StopCaseStatus.MOVED, StopCaseStatus.REFUNDED}},
)

EXAM = Lifecycle(
    "appointments.exam",
    moves={
        ExamStatus.BOOKED: {ExamStatus.ARRIVED, ExamStatus.CANCELLED, ExamStatus.NO_SHOW},
        ExamStatus.ARRIVED: {ExamStatus.DOING, ExamStatus.CANCELLED, ExamStatus.NO_SHOW},
        ExamStatus.DOING: {ExamStatus.DONE},
        ExamStatus.BLOCKED: {ExamStatus.CANCELLED},
    },
)
