"""What was read and what was done: tables that only grow."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from hospital.kit.append_only import AppendOnly


class Entry(AppendOnly):
    """One line: who did what to which object of which patient, why, from where, and with what outcome (SEC-04).

    No foreign keys: the line outlives what it speaks of. `xid` is the writing transaction, by which finished lines
    are sealed into the chain (Seal) without any writer ever waiting for another.
    """

    at = models.DateTimeField()
    account_id = models.BigIntegerField(null=True, db_index=True)
    staff_id = models.BigIntegerField(null=True)
    roles = models.CharField(max_length=200)
    service = models.CharField(max_length=100, blank=True)
    action = models.CharField(max_length=100)  # "record.read"
    subject_type = models.CharField(max_length=60, blank=True)
    subject_id = models.CharField(max_length=60, blank=True)
    patient_id = models.BigIntegerField(null=True)
    outcome = models.CharField(max_length=20, default="ok")  # ok, or the code of the refusal
    reason = models.CharField(max_length=500, blank=True)
    ip = models.GenericIPAddressField(null=True)
    device = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=36, blank=True)
    xid = models.BigIntegerField()

    class Meta:
        verbose_name = _("audit line")
        indexes = [
            models.Index(fields=["patient_id", "-at"], name="audit_entry_patient"),
            models.Index(fields=["xid"], name="audit_entry_xid"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%F %T} {self.action} {self.subject_type} {self.subject_id}"


class Seal(AppendOnly):
    """A link of the chain: HMAC over all lines of the transactions in (from_xid, to_xid] and over the link before."""

    at = models.DateTimeField()
    from_xid = models.BigIntegerField()
    to_xid = models.BigIntegerField(unique=True)
    lines = models.PositiveIntegerField()
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("audit seal")

    def __str__(self) -> str:
        return f"{self.from_xid}..{self.to_xid}"


class StatusChange(AppendOnly):
    """One move of one row along its Lifecycle (hospital/kit/lifecycle.py)."""

    lifecycle = models.CharField(max_length=60)
    row_id = models.BigIntegerField()
    old = models.CharField(max_length=30, blank=True)
    new = models.CharField(max_length=30)
    at = models.DateTimeField()
    account_id = models.BigIntegerField(null=True)
    staff_id = models.BigIntegerField(null=True)
    service = models.CharField(max_length=100, blank=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("status change")
        indexes = [models.Index(fields=["lifecycle", "row_id"], name="audit_statuschange_row")]

    def __str__(self) -> str:
        return f"{self.lifecycle} {self.row_id}: {self.old} -> {self.new}"


class IdempotentReply(models.Model):
    """The first answer to a write that carried an Idempotency-Key; the same key answers the same again.

    The row is written in the transaction of the write itself, so that a key never exists without its effect.
    """

    who = models.CharField(max_length=80)  # "account:17", "service:lis"
    route = models.CharField(max_length=120)
    key = models.CharField(max_length=80)
    body_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("idempotent reply")
        constraints = [models.UniqueConstraint(fields=["who", "route", "key"], name="audit_idempotency_key")]
        indexes = [models.Index(fields=["created_at"], name="audit_reply_age")]

    def __str__(self) -> str:
        return f"{self.who} {self.route}"
