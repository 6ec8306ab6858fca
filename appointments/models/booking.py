"""Who has which place."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from appointments.states import ACTIVE_BOOKING, BookingStatus
from billing.models import Charge
from hospital.kit import notices
from hospital.kit.spans import Spanned
from hospital.organisation.models import Department, Staff
from hospital.people.models import Account, Patient

from .roster import HalfDay, Period, Place, Pool, Session, VisitKind

_ACTIVE = [str(status) for status in ACTIVE_BOOKING]


class Channel(models.TextChoices):
    """By which way a booking came in; quotas and statistics are kept by channel (AP-02)."""

    APP = "app", _("phone or web")
    API = "api", _("another program")
    DESK = "desk", _("registration window")
    PHONE = "phone", _("telephone desk")
    KIOSK = "kiosk", _("kiosk")
    DOCTOR = "doctor", _("the doctor")
    PARTNER = "partner", _("partner hospital")
    WAITING = "waiting", _("waiting list")


class Booking(Spanned):
    """A patient's claim to one place, from the hold to the visit.

    doctor, department, date, half_day, during and kind are copies of what was booked: the database's constraints on
    what one patient may have need them in one row (AP-04).
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="bookings", verbose_name=_("patient"))
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("booked by")
    )
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="bookings")
    period = models.ForeignKey(Period, on_delete=models.PROTECT, related_name="bookings")
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="bookings", verbose_name=_("session"))
    doctor = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="bookings", verbose_name=_("doctor"))
    department = models.ForeignKey(
        Department, on_delete=models.PROTECT, related_name="bookings", verbose_name=_("department")
    )
    date = models.DateField(_("date"))
    half_day = models.CharField(_("half-day"), max_length=10, choices=HalfDay.choices)
    kind = models.CharField(_("kind"), max_length=20, choices=VisitKind.choices)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    pool = models.CharField(_("pool"), max_length=10, choices=Pool.choices, db_default=Pool.COMMON)  # AP-02
    device = models.CharField(max_length=64, blank=True, db_default="")  # blind index of browser and address (AP-07)
    moves = models.PositiveSmallIntegerField(_("times moved"), db_default=0)
    number = models.PositiveSmallIntegerField(_("number"))
    status = models.CharField(_("status"), max_length=20, choices=BookingStatus.choices, default=BookingStatus.HELD)
    charge = models.OneToOneField(
        Charge, on_delete=models.PROTECT, related_name="+", verbose_name=_("bill"), null=True, blank=True
    )
    held_until = models.DateTimeField(_("held until"), null=True, blank=True)  # PAY-11
    cancel_reason = models.CharField(_("reason of the cancellation"), max_length=200, blank=True)
    given_back = models.BooleanField(_("given back by the patient"), db_default=False)  # counted by AP-06
    created_at = models.DateTimeField(_("created"))
    booked_at = models.DateTimeField(_("booked at"), null=True, blank=True)
    checked_in_at = models.DateTimeField(_("checked in at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)  # cancelled, expired or not used

    class Meta:
        verbose_name = _("booking")
        verbose_name_plural = _("bookings")
        constraints = [
            models.UniqueConstraint(
                fields=["place"], condition=Q(status__in=_ACTIVE), name="appointments_one_booking_per_place"
            ),
            models.UniqueConstraint(
                fields=["patient", "doctor", "date", "half_day"],
                condition=Q(status__in=_ACTIVE),
                name="appointments_one_per_half_day",
            ),
            ExclusionConstraint(
                name="appointments_patient_one_place_at_a_time",
                expressions=[("patient", RangeOperators.EQUAL), ("during", RangeOperators.OVERLAPS)],
                condition=Q(status__in=_ACTIVE),
            ),
            models.CheckConstraint(
                condition=~Q(status="held") | Q(held_until__isnull=False, charge__isnull=False),
                name="appointments_hold_has_end_and_charge",
            ),
            # What is kept for one channel is sold by no other (AP-02); which place is whose: invariants.py.
            models.CheckConstraint(
                condition=Q(pool="common")
                | Q(pool="phone", channel="phone")
                | Q(pool="kiosk", channel="kiosk")
                | Q(pool="partner", channel="partner")
                | Q(pool="room", channel="doctor")
                | Q(pool="extra", channel__in=["doctor", "desk"]),
                name="appointments_pool_of_its_channel",
            ),
        ]
        indexes = [
            models.Index(fields=["held_until"], name="appointments_booking_holds", condition=Q(status="held")),
            models.Index(fields=["patient", "-date"], name="appointments_booking_patient"),
            models.Index(fields=["date"], name="appointments_booking_booked", condition=Q(status="booked")),
            models.Index(fields=["device", "created_at"], name="appointments_booking_device", condition=~Q(device="")),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.date} {self.status}"


class Notice(notices.Notice):
    """What upper apps are told about bookings (kinds.BookingKind)."""
