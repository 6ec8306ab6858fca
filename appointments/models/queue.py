"""Who waits at the door, and the devices and places by which patients check in."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from appointments.states import IN_ROOM_TICKET, TicketStatus
from hospital.organisation.models import Campus

from .booking import Booking
from .roster import Session


class TicketLane(models.IntegerChoices):
    """Classes of the queue (AP-11); how they follow each other: appointments/line.py."""

    URGENT = 0, _("urgent")
    APPOINTMENT = 1, _("appointment")
    WALK_IN = 2, _("walk-in")
    RETURN = 3, _("back from the exam")
    LAST = 9, _("last")


class Triage(models.IntegerChoices):
    """Four levels of urgency; whoever is above level four goes before everybody else (AP-11)."""

    CRITICAL = 1, _("level 1, critical")
    EMERGENT = 2, _("level 2, emergent")
    URGENT = 3, _("level 3, urgent")
    USUAL = 4, _("level 4, usual")


class Priority(models.TextChoices):
    """Who goes first within a class: by law the old and the military, by decency the others (AP-11)."""

    NONE = "", _("none")
    ELDERLY = "elderly", _("elderly")
    SOLDIER = "soldier", _("soldier or family")
    DISABLED = "disabled", _("disabled")
    PREGNANT = "pregnant", _("pregnant")


class CheckInBy(models.TextChoices):
    DESK = "desk", _("desk")
    KIOSK = "kiosk", _("kiosk")
    PHONE = "phone", _("the own phone, near the hospital")


class Ticket(models.Model):
    """A checked-in patient's place in the queue of a session; the order is that of appointments/line.py (AP-11).

    turn: the session's how-manieth call took this ticket into the room. not_before_turn: after a missed call, the turn
    before which it isn't called again (AP-10). expected_at: when the call was expected, said at check-in; compared with
    the first call it is the measured error of the expected minutes.
    """

    booking = models.OneToOneField(Booking, on_delete=models.PROTECT, related_name="ticket")
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="tickets")
    lane = models.PositiveSmallIntegerField(_("lane"), choices=TicketLane.choices, default=TicketLane.APPOINTMENT)
    triage = models.PositiveSmallIntegerField(_("triage"), choices=Triage.choices, default=Triage.USUAL)
    priority = models.CharField(_("priority"), max_length=10, choices=Priority.choices, blank=True)
    by = models.CharField(_("checked in by"), max_length=10, choices=CheckInBy.choices, default=CheckInBy.DESK)
    line_at = models.DateTimeField()
    is_late = models.BooleanField(_("late"), default=False)
    status = models.CharField(_("status"), max_length=20, choices=TicketStatus.choices, default=TicketStatus.WAITING)
    calls = models.PositiveSmallIntegerField(_("times called"), default=0)
    misses = models.PositiveSmallIntegerField(_("calls missed"), default=0)
    turn = models.PositiveSmallIntegerField(null=True, blank=True)
    not_before_turn = models.PositiveSmallIntegerField(default=0)
    encounter_id = models.BigIntegerField(null=True, blank=True)  # emr.Encounter, from the moment the visit begins
    created_at = models.DateTimeField()
    expected_at = models.DateTimeField(null=True, blank=True)
    first_called_at = models.DateTimeField(null=True, blank=True)
    called_at = models.DateTimeField(null=True, blank=True)
    near_told_at = models.DateTimeField(null=True, blank=True)  # the push when three are ahead
    serving_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        constraints = [
            models.UniqueConstraint(
                fields=["session"],
                condition=Q(status__in=[str(status) for status in IN_ROOM_TICKET]),
                name="appointments_one_in_room",
            ),
            models.UniqueConstraint(fields=["session", "turn"], name="appointments_ticket_turn"),
            models.CheckConstraint(condition=Q(triage__range=(1, 4)), name="appointments_ticket_triage"),
        ]
        indexes = [
            models.Index(
                fields=["session", "lane", "line_at"], name="appointments_ticket_line", condition=Q(status="waiting")
            )
        ]

    def __str__(self) -> str:
        return f"{self.session_id} {self.booking_id} {self.status}"

    @property
    def record_path(self) -> str:
        """The page on which the doctor writes, once the visit has begun."""
        return f"/staff/encounters/{self.encounter_id}/" if self.encounter_id else ""

    @property
    def error_minutes(self) -> int | None:
        """How many minutes later (or, below zero, earlier) than expected the first call came."""
        if self.expected_at is None or self.first_called_at is None:
            return None
        return round((self.first_called_at - self.expected_at).total_seconds() / 60)


class CampusPoint(models.Model):
    """Where a campus is, for check-in by the patient's own phone (AP-10). The position of a patient is compared and
    forgotten, never stored."""

    campus = models.OneToOneField(Campus, on_delete=models.PROTECT, related_name="point", verbose_name=_("campus"))
    latitude = models.FloatField(
        _("latitude"),
        validators=[MinValueValidator(-90), MaxValueValidator(90)],
        help_text=_("WGS-84, as GPS and browsers give it."),
    )
    longitude = models.FloatField(_("longitude"), validators=[MinValueValidator(-180), MaxValueValidator(180)])
    radius = models.PositiveIntegerField(_("radius in metres"), default=500, validators=[MaxValueValidator(5000)])

    class Meta:
        verbose_name = _("position of a campus")
        verbose_name_plural = _("positions of campuses")
        constraints = [
            models.CheckConstraint(
                condition=Q(latitude__range=(-90, 90), longitude__range=(-180, 180)), name="appointments_point_on_earth"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campus_id} {self.latitude:.5f} {self.longitude:.5f}"


class Kiosk(models.Model):
    """A machine in the hall that patients touch (H13). It proves itself by a key, kept here only as a hash."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    campus = models.ForeignKey(Campus, on_delete=models.PROTECT, related_name="+", verbose_name=_("campus"))
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    is_active = models.BooleanField(_("in use"), default=True)
    created_at = models.DateTimeField(_("created"))
    seen_at = models.DateTimeField(_("last seen"), null=True, blank=True)

    class Meta:
        verbose_name = _("kiosk")
        verbose_name_plural = _("kiosks")

    def __str__(self) -> str:
        return self.name
