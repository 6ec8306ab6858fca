"""What can be booked: the week roster and what is generated from it for each day."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from appointments.states import SessionStatus
from hospital.kit.spans import Spanned
from hospital.organisation.models import Department, Staff


class VisitKind(models.TextChoices):
    """Named as the BookingKind that is registered for it (kinds.py)."""

    CLINIC = "clinic", _("at the hospital")
    ONLINE = "online", _("online")


class Level(models.TextChoices):
    NORMAL = "normal", _("normal clinic")
    EXPERT = "expert", _("expert clinic")
    SPECIAL = "special", _("special clinic")


class Pool(models.TextChoices):
    """Whom a place is kept for (AP-02). Phones, web and registration window sell from one common pool, in step."""

    COMMON = "common", _("everybody")
    PHONE = "phone", _("telephone desk")
    KIOSK = "kiosk", _("kiosk")
    ROOM = "room", _("the doctor's next visits")
    PARTNER = "partner", _("partner hospitals")
    EXTRA = "extra", _("the doctor's extra")  # 加号: made by the doctor for one patient, beyond the roster


class HalfDay(models.TextChoices):
    MORNING = "am", _("morning")
    AFTERNOON = "pm", _("afternoon")
    EVENING = "evening", _("evening")


class Weekday(models.IntegerChoices):
    """ISO 8601"""

    MONDAY = 1, _("Monday")
    TUESDAY = 2, _("Tuesday")
    WEDNESDAY = 3, _("Wednesday")
    THURSDAY = 4, _("Thursday")
    FRIDAY = 5, _("Friday")
    SATURDAY = 6, _("Saturday")
    SUNDAY = 7, _("Sunday")


class TimeOfDayRange(Func):
    """[starts, ends) as a range of seconds of the day: PostgreSQL has no range of plain times."""

    template = "int4range(%(expressions)s)"

    def __init__(self, starts: str, ends: str) -> None:
        super().__init__(
            *(Func(F(name), template="extract(epoch from %(expressions)s)::int") for name in (starts, ends))
        )


class DayRange(Func):
    """[from, until] as a range of days; open when `until` is null."""

    template = "daterange(%(expressions)s, '[]')"

    def __init__(self, first: str, last: str) -> None:
        super().__init__(F(first), F(last))


class RosterSlot(models.Model):
    """A line of the week roster: this doctor sits here on this weekday, until further notice.

    The campus is that of the department. `fee_item` is a code of the price list; the price itself is that of the day
    of booking (PAY-16).
    """

    doctor = models.ForeignKey(Staff, on_delete=models.PROTECT, verbose_name=_("doctor"), related_name="roster_slots")
    department = models.ForeignKey(
        Department, on_delete=models.PROTECT, verbose_name=_("department"), related_name="roster_slots"
    )
    room = models.CharField(_("room"), max_length=40, blank=True)
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday.choices)
    starts = models.TimeField(_("starts"))
    ends = models.TimeField(_("ends"))
    kind = models.CharField(_("kind"), max_length=20, choices=VisitKind.choices, default=VisitKind.CLINIC)
    level = models.CharField(_("level"), max_length=10, choices=Level.choices, default=Level.NORMAL)
    period_minutes = models.PositiveSmallIntegerField(
        _("minutes of a period"),
        default=5,
        validators=[MinValueValidator(5), MaxValueValidator(60)],
        help_text=_("5 to 60; patients choose one of these periods (AP-09)."),
    )
    places_per_period = models.PositiveSmallIntegerField(
        _("places in a period"), default=1, validators=[MinValueValidator(1), MaxValueValidator(50)]
    )
    fee_item = models.CharField(_("item of the price list"), max_length=40)
    on_holidays = models.BooleanField(_("also on public holidays"), default=False)
    effective_from = models.DateField(_("from"))
    effective_to = models.DateField(_("until"), null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("roster line")
        verbose_name_plural = _("week roster")
        ordering = ["weekday", "starts", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(weekday__range=(1, 7)), name="appointments_slot_weekday"),
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="appointments_slot_ends_after_start"),
            models.CheckConstraint(condition=Q(period_minutes__range=(5, 60)), name="appointments_slot_period_minutes"),
            models.CheckConstraint(condition=Q(places_per_period__range=(1, 50)), name="appointments_slot_places"),
            models.CheckConstraint(
                condition=Q(effective_to=None) | Q(effective_to__gte=F("effective_from")),
                name="appointments_slot_effective",
            ),
            ExclusionConstraint(
                name="appointments_slot_doctor_once",
                expressions=[
                    ("doctor", RangeOperators.EQUAL),
                    ("weekday", RangeOperators.EQUAL),
                    (TimeOfDayRange("starts", "ends"), RangeOperators.OVERLAPS),
                    (DayRange("effective_from", "effective_to"), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("This doctor already has a roster line at that time."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.doctor.name} {self.get_weekday_display()} {self.starts:%H:%M}-{self.ends:%H:%M}"


class Session(Spanned):
    """One half-day (or less) of one doctor on one date, generated from the roster. The copy is the truth from then on:
    a roster line changed later changes the days not yet generated."""

    roster_slot = models.ForeignKey(
        RosterSlot, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("week roster")
    )
    doctor = models.ForeignKey(Staff, on_delete=models.PROTECT, verbose_name=_("doctor"), related_name="sessions")
    department = models.ForeignKey(
        Department, on_delete=models.PROTECT, verbose_name=_("department"), related_name="sessions"
    )
    room = models.CharField(_("room"), max_length=40, blank=True)
    date = models.DateField(_("date"))
    half_day = models.CharField(_("half-day"), max_length=10, choices=HalfDay.choices)
    during = DateTimeRangeField(_("hours"))
    kind = models.CharField(_("kind"), max_length=20, choices=VisitKind.choices)
    level = models.CharField(_("level"), max_length=10, choices=Level.choices)
    fee_item = models.CharField(_("item of the price list"), max_length=40)
    status = models.CharField(_("status"), max_length=10, choices=SessionStatus.choices, default=SessionStatus.OPEN)
    stop_reason = models.CharField(_("reason of the stop"), max_length=200, blank=True)
    releases_at = models.DateTimeField(_("can be booked from"), null=True, blank=True)  # AP-03; empty: at once
    instead_of = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("in place of")
    )  # 替诊

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        constraints = [
            # Two sweeps, or a sweep and a person, generate the same day: one of them makes nothing.
            models.UniqueConstraint("doctor", Func(F("during"), function="lower"), name="appointments_session_start"),
            ExclusionConstraint(
                name="appointments_session_doctor_once",
                expressions=[("doctor", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
                condition=Q(status=SessionStatus.OPEN),
            ),
            models.CheckConstraint(
                condition=~Q(during__isempty=True) & Q(during__lower_inf=False, during__upper_inf=False),
                name="appointments_session_hours",
            ),
        ]
        indexes = [
            models.Index(fields=["date", "doctor"], name="appointments_session_open", condition=Q(status="open")),
            models.Index(fields=["department", "date"], name="appointments_session_dept"),
        ]

    def __str__(self) -> str:
        return f"{self.doctor_id} {self.date} {self.half_day}"


class Period(models.Model):
    """A stretch of a session that patients choose, 5 to 60 minutes (AP-09). `capacity` is how many places it has:
    each Place carries the same number, tied to this row by the database (appointments_place_capacity)."""

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="periods", db_index=False)
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    capacity = models.PositiveSmallIntegerField(_("capacity"))

    class Meta:
        verbose_name = _("period")
        verbose_name_plural = _("periods")
        constraints = [
            models.UniqueConstraint(fields=["session", "starts_at"], name="appointments_period_start"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="appointments_period_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.session_id} {self.starts_at:%F %H:%M}"


class Place(models.Model):
    """One number (号) of a period: the scarce row. Whoever is named in `booking` has it; nobody else can (G01).

    It is taken and given back by one conditional UPDATE each. `seat` counts within the period and can't pass its
    capacity; `number` is what the patient is called by, counted through the session. A place of another pool than the
    common one is everybody's from `common_from` on; one that was given back is offered again from `free_from` on (to
    the waiting list at once). Time alone makes both true: no job, no counter.
    """

    period = models.ForeignKey(Period, on_delete=models.PROTECT, related_name="places", db_index=False)
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="places", db_index=False)
    seat = models.PositiveSmallIntegerField()
    capacity = models.PositiveSmallIntegerField()
    number = models.PositiveSmallIntegerField(_("number"))
    pool = models.CharField(_("kept for"), max_length=10, choices=Pool.choices, db_default=Pool.COMMON)
    common_from = models.DateTimeField(_("everybody's from"), null=True, blank=True)
    free_from = models.DateTimeField(_("offered again from"), null=True, blank=True)
    booking = models.ForeignKey(  # unique where there is one: appointments_place_taken
        "appointments.Booking", on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        verbose_name = _("place")
        verbose_name_plural = _("places")
        constraints = [
            models.UniqueConstraint(fields=["period", "seat"], name="appointments_place_seat"),
            models.UniqueConstraint(fields=["session", "number"], name="appointments_place_number"),
            # Of the taken ones alone, so that nothing but appointments_place_free ever leads to free ones.
            models.UniqueConstraint(
                fields=["booking"], condition=Q(booking__isnull=False), name="appointments_place_taken"
            ),
            models.CheckConstraint(condition=Q(seat__gte=1, seat__lte=F("capacity")), name="appointments_no_oversell"),
            models.CheckConstraint(condition=Q(pool__in=Pool.values), name="appointments_place_pool"),
            models.CheckConstraint(
                condition=Q(common_from=None) | ~Q(pool__in=["common", "extra"]), name="appointments_place_falls_back"
            ),
        ]
        indexes = [
            models.Index(fields=["period", "seat"], name="appointments_place_free", condition=Q(booking=None)),
        ]

    def __str__(self) -> str:
        return f"{self.period_id}/{self.seat}"
