"""Who can sign in to the demo hospital, one line for each role. Only in a demo."""

import base64
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db.models import Q
from django_otp.plugins.otp_totp.models import TOTPDevice

from hospital.kit import clock
from hospital.kit.actor import Role
from hospital.operations.commands import HouseCommand
from hospital.organisation.models import Post
from hospital.people.models import FamilyLink, Relation

_PATIENTS = 4


class Command(HouseCommand):
    help = "List the demo's accounts: patients by phone, staff by number and second factor."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This is no demo: its accounts are people's own.")
        patients, staff = _patients(), _staff()
        lines = ["  Patients sign in by phone; the code is shown by the sandbox's SMS log."]
        lines += [f"    {row['phone']}  {row['name']}" for row in patients]
        lines += ["  Staff sign in by number, password and second factor."]
        lines += [f"    {row['role']:14} {row['login']:12} {row['name']} ({row['department']})" for row in staff]
        self.answer(options, {"patients": patients, "staff": staff}, "\n".join(lines))


def _patients() -> list[dict[str, str]]:
    links = FamilyLink.objects.filter(revoked_at=None, relation=Relation.SELF).select_related("account", "patient")
    return [{"phone": link.account.phone, "name": link.patient.name} for link in links.order_by("pk")[:_PATIENTS]]


def _staff() -> list[dict[str, str]]:
    """The first member of staff of each role."""
    today = clock.business_day(clock.now())
    posts = (
        Post.objects.filter(Q(effective_to=None) | Q(effective_to__gte=today), effective_from__lte=today)
        .select_related("staff__account", "department")
        .order_by("pk")
    )
    found: list[dict[str, str]] = []
    for role in Role:
        post = posts.filter(role=role, staff__suspended_at=None).first()
        if post is None:
            continue
        device = TOTPDevice.objects.filter(user=post.staff.account, confirmed=True).first()
        found.append(
            {
                "role": role.value,
                "login": post.staff.account.login,
                "name": post.staff.name,
                "department": post.department.name,
                "totp_secret": base64.b32encode(device.bin_key).decode() if device else "",
            }
        )
    return found
