"""Who can sign in to the demo hospital, one line for each role, with the second factor of this moment. Demo only."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db.models import Q
from django_otp.oath import totp

from hospital.kit import clock
from hospital.kit.actor import Role
from hospital.operations.commands import HouseCommand
from hospital.organisation.models import Post
from hospital.organisation.seeding import DEMO_PASSWORD, DEMO_TOTP_KEY, DEMO_TOTP_SECRET
from hospital.people.models import FamilyLink, Relation

_PATIENTS = 4


class Command(HouseCommand):
    help = "List the demo's accounts: patients by phone, staff by number and second factor."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This is no demo: its accounts are people's own.")
        patients, staff = _patients(), _staff()
        code = f"{totp(bytes.fromhex(DEMO_TOTP_KEY)):06d}"
        lines = ["  Patients sign in by phone; the code comes to the page of Outside channels."]
        lines += [f"    {row['phone']:14}{row['name']}" for row in patients]
        lines += [f"  Staff: password {DEMO_PASSWORD}, second factor {code} now (authenticator key {DEMO_TOTP_SECRET};"]
        lines += ["  `./dev manage demo_accounts` shows the code again)."]
        lines += [f"    {row['login']:14}{row['role']:14}{row['name']}, {row['department']}" for row in staff]
        result = {"patients": patients, "staff": staff, "password": DEMO_PASSWORD, "totp_secret": DEMO_TOTP_SECRET}
        self.answer(options, result | {"totp_code": code}, "\n".join(lines))


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
        row = {"role": role.value, "login": post.staff.account.login, "name": post.staff.name}
        found.append(row | {"department": post.department.name})
    return found
