"""Accounts of members of staff as administrators see them: open or closed, with a second factor or without."""

from django.db.models import Exists, OuterRef, Q, QuerySet
from django_otp.plugins.otp_totp.models import TOTPDevice

from hospital.kit.actor import Actor
from hospital.people.models import SecondFactorReset
from hospital.people.states import ResetStatus

from .models import Staff


def staff_accounts(text: str = "") -> QuerySet[Staff]:
    """Members of staff with their accounts; closed ones first, then by number."""
    rows = Staff.objects.select_related("account")
    if text:
        rows = rows.filter(
            Q(number__istartswith=text) | Q(name__contains=text) | Q(pinyin__startswith=text.lower())
            | Q(account__login__istartswith=text)
        )  # fmt: skip
    devices = TOTPDevice.objects.filter(user_id=OuterRef("account_id"), confirmed=True)
    return rows.annotate(has_second_factor=Exists(devices)).order_by("account__is_active", "number")


def resets_waiting(actor: Actor) -> list[tuple[SecondFactorReset, Staff, bool]]:
    """Requests to forget a second factor, whose they are, and whether this administrator may decide."""
    rows = SecondFactorReset.objects.filter(status=ResetStatus.WAITING).select_related("asked_by").order_by("asked_at")
    people = {staff.account_id: staff for staff in Staff.objects.filter(account_id__in=rows.values("account_id"))}
    return [
        (row, people[row.account_id], actor.account_id not in {row.asked_by_id, row.account_id})
        for row in rows
        if row.account_id in people
    ]
