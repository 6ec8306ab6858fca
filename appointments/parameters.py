"""Every limit of appointments (rules G-1)."""

from datetime import datetime, time

from django.utils.translation import gettext_lazy as _

from hospital.kit.parameters import Parameter

DAYS_AHEAD = Parameter(
    "appointments.days_ahead", int, 14, source="AP-03", title=_("Days ahead for which sessions are opened"), unit="d"
)
EXTRA_PLACES = Parameter(
    "appointments.extra_places", int, 5, source="AP-02", title=_("Extra places a doctor may add to a clinic")
)
RETURN_FROM = Parameter(
    "appointments.return_from", int, 5, source="AP-05", title=_("A cancelled place is offered again after"), unit="min"
)
RETURN_TO = Parameter(
    "appointments.return_to", int, 30, source="AP-05", title=_("A cancelled place is offered again within"), unit="min"
)
HOLD_MINUTES = Parameter(
    "appointments.hold_minutes", int, 15, source="PAY-11", title=_("Minutes an unpaid place is held"), unit="min"
)
# Longer than billing waits for a channel's last word, so that the sweep behind billing's notice never outruns it.
HOLD_GRACE = Parameter(
    "appointments.hold_grace_seconds",
    int,
    180,
    source="PAY-11, G02",
    title=_("Seconds after which an unpaid hold ends though billing told us nothing"),
    unit="s",
)
PHONE_HOLD_MINUTES = Parameter(
    "appointments.phone_hold_minutes", int, 120, source="PAY-11",
    title=_("Minutes a place is held that was booked by telephone"), unit="min",
)  # fmt: skip
DOCTOR_HOLD_MINUTES = Parameter(
    "appointments.doctor_hold_minutes", int, 1440, source="PAY-11",
    title=_("Minutes a place is held that the doctor booked for the next visit"), unit="min",
)  # fmt: skip
DESK_MINUTES = Parameter(
    "appointments.desk_minutes", int, 30, source="SEC-05",
    title=_("Minutes for which a patient found at the desk may be served"), unit="min",
)  # fmt: skip
DESK_FINDS = Parameter(
    "appointments.desk_finds",
    int,
    120,
    source="SEC-12",
    title=_("Patients whom one may look for at the desk in an hour"),
)
DEPARTMENTS_PER_DAY = Parameter(
    "appointments.departments_per_day", int, 3, source="AP-04", title=_("Departments a patient may book on one day")
)
CANCEL_HOURS = Parameter(
    "appointments.cancel_hours",
    int,
    2,
    source="AP-05",
    title=_("Hours before a visit to a normal clinic until which a patient may cancel"),
    unit="h",
)
CANCEL_HOURS_EXPERT = Parameter(
    "appointments.cancel_hours_expert", int, 4, source="AP-05",
    title=_("Hours before a visit to an expert or special clinic until which a patient may cancel"), unit="h",
)  # fmt: skip
OFFER_MINUTES = Parameter(
    "appointments.offer_minutes", int, 30, source="AP-07", title=_("Minutes a place is held for who waited"), unit="min"
)
WAITING_LINES = Parameter(
    "appointments.waiting_lines", int, 3, source="AP-07", title=_("Doctors for whom a patient may wait at once")
)
ABSENCES_MONTH = Parameter(
    "appointments.absences_month", int, 3, source="AP-06", title=_("Missed visits in a month that ban until its end")
)
ABSENCES_HALF_YEAR = Parameter(
    "appointments.absences_half_year", int, 3, source="AP-06",
    title=_("Missed visits in half a year that ban for half a year"),
)  # fmt: skip
CANCELS_MONTH = Parameter(
    "appointments.cancels_month", int, 5, source="AP-06",
    title=_("Visits given back in a month, after which each further one counts as missed"),
)  # fmt: skip
HOLDS_SUSPECT = Parameter(
    "appointments.holds_suspect",
    int,
    20,
    source="AP-07",
    title=_("Bookings begun in an hour before a question is asked"),
)
DEVICE_ACCOUNTS = Parameter(
    "appointments.device_accounts", int, 20, source="AP-07",
    title=_("Other accounts that booked from one device in a day before a question is asked"),
)  # fmt: skip
PEOPLE_SUSPECT = Parameter(
    "appointments.people_suspect", int, 4, source="AP-07",
    title=_("Other people for whom an account booked in a day before a question is asked"),
)  # fmt: skip
QUESTION_TRIES = Parameter(
    "appointments.question_tries", int, 1, source="AP-07", title=_("Answers that one question takes")
)
FOLLOWED = Parameter("appointments.followed", int, 50, source="A2", title=_("Doctors an account may follow"))
HOLDS_PER_HOUR = Parameter(
    "appointments.holds_per_hour", int, 40, source="AP-07", title=_("Bookings one account may begin in an hour")
)
MOVES = Parameter(
    "appointments.moves", int, 2, source="AP-05", title=_("Times a patient may move a booking to another time")
)
STOP_CHOICE_HOURS = Parameter(
    "appointments.stop_choice_hours", int, 24, source="AP-08",
    title=_("Hours to choose after a clinic was stopped, then the money goes back"), unit="h",
)  # fmt: skip
STOP_CALL_MINUTES = Parameter(
    "appointments.stop_call_minutes", int, 60, source="AP-08",
    title=_("Minutes after which who hasn't read of the stop is telephoned"), unit="min",
)  # fmt: skip
CHECK_IN_EARLY = Parameter(
    "appointments.check_in_early", int, 30, source="AP-10", title=_("Check-in opens before the time"), unit="min"
)
CHECK_IN_LATE = Parameter(
    "appointments.check_in_late", int, 15, source="AP-10", title=_("On time until after the time"), unit="min"
)
MISSED_BACK = Parameter("appointments.missed_back", int, 3, source="AP-10", title=_("Positions lost by a missed call"))
RETURN_EVERY = Parameter(
    "appointments.return_every",
    int,
    2,
    source="AP-11",
    title=_("Appointments before one patient who is back from an exam"),
)
PRIORITY_AGE = Parameter(
    "appointments.priority_age", int, 70, source="AP-11", title=_("Age from which patients go first"), unit="a"
)
NEAR = Parameter(
    "appointments.queue_near", int, 3, source="A5", title=_("Patients ahead at which the phone is told to come near")
)
HALL_ROOMS = Parameter(
    "appointments.hall_rooms", int, 8, source="A5", title=_("Rooms that a screen in the hall shows at a time")
)
HALL_SECONDS = Parameter(
    "appointments.hall_seconds", int, 10, source="A5",
    title=_("Seconds after which a screen in the hall shows its other rooms"), unit="s",
)  # fmt: skip
QUEUE_CLOSE_HOURS = Parameter(
    "appointments.queue_close_hours",
    int,
    4,
    source="A5",
    title=_("Hours after the end of a session at which its queue is closed though somebody waits"),
    unit="h",
)
EXAM_DAYS = Parameter(
    "appointments.exam_days", int, 14, source="A6", title=_("Days ahead in which exams are planned"), unit="d"
)
EXAM_WALK = Parameter(
    "appointments.exam_walk", int, 15, source="AP-13", title=_("Minutes between two rooms on one day"), unit="min"
)
EXAM_NOTICE = Parameter(
    "appointments.exam_notice",
    int,
    30,
    source="A6",
    title=_("Minutes from the booking to an exam at least"),
    unit="min",
)
URGENT_RESERVE = Parameter(
    "appointments.urgent_reserve", int, 10, source="AP-14", title=_("Share of a shift kept for urgent exams"), unit="%"
)
FASTING_UNTIL = Parameter(
    "appointments.fasting_until",
    int,
    11,
    source="AP-13",
    title=_("Hour by which fasting patients are examined"),
    unit="h",
)
CARE_DAYS = Parameter(
    "appointments.care_days", int, 30, source="MR-12", title=_("Days of record access after a visit"), unit="d"
)
REMIND_HOUR = Parameter(
    "appointments.remind_hour", int, 18, source="H5", title=_("Hour of the reminder on the day before"), unit="h"
)


def remind_time(at: datetime) -> time:
    """The moment of the day before at which patients are reminded."""
    return time(REMIND_HOUR.at(at))
