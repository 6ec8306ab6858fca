"""The outbox: who is told what, when, by which channels, unless it has stopped being true."""

from datetime import time

from django.db import models
from django.utils.translation import gettext_lazy as _

from hospital.people.models import Account

from .states import DeliveryStatus, MessageStatus


class Channel(models.TextChoices):
    INBOX = "inbox", _("in the app")
    SMS = "sms", _("text message")
    WECHAT = "wechat", _("WeChat message")


class Message(models.Model):
    """One thing that one account is to be told, once. `key` names the business event, e.g. `booking.booked:17`."""

    key = models.CharField(max_length=200, unique=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="outbox")
    patient_id = models.BigIntegerField(null=True)  # whom it speaks of
    kind = models.CharField(max_length=60)
    context = models.JSONField(default=dict)  # ids and public words; no identity data (SEC-13)
    url = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=10, choices=MessageStatus.choices, default=MessageStatus.WAITING)
    created_at = models.DateTimeField()
    not_before = models.DateTimeField()
    shown_at = models.DateTimeField(null=True, blank=True)  # in the inbox since
    finished_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("message")
        indexes = [
            models.Index(fields=["not_before"], name="messaging_waiting", condition=models.Q(status="waiting")),
            models.Index(fields=["account", "-created_at"], name="messaging_account"),
        ]

    def __str__(self) -> str:
        return self.key


class Delivery(models.Model):
    """One message by one channel. `provider_key` makes a repeated send harmless at the provider."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.CharField(max_length=10, choices=Channel.choices)
    provider_key = models.CharField(max_length=64, unique=True)
    status = models.CharField(max_length=10, choices=DeliveryStatus.choices, default=DeliveryStatus.WAITING)
    due_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)  # calls whose outcome is known; a claim alone counts nothing
    sent_at = models.DateTimeField(null=True, blank=True)
    provider_ref = models.CharField(max_length=100, blank=True)
    last_error = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("delivery")
        constraints = [models.UniqueConstraint(fields=["message", "channel"], name="messaging_once_per_channel")]
        indexes = [models.Index(fields=["due_at"], name="messaging_due", condition=models.Q(status="waiting"))]

    def __str__(self) -> str:
        return f"{self.message_id} {self.channel}"


class Preference(models.Model):
    """How one account wants to be reached. Without a row: every channel, quiet from 22:00 to 07:00."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="message_preference")
    sms = models.BooleanField(_("text messages"), default=True)
    wechat = models.BooleanField(_("WeChat messages"), default=True)
    quiet_from = models.TimeField(_("quiet from"), default=time(22))
    quiet_to = models.TimeField(_("quiet until"), default=time(7))

    class Meta:
        verbose_name = _("message preference")

    def __str__(self) -> str:
        return str(self.account_id)
