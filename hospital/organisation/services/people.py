"""Members of staff: hired with an account, posted to departments, released."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from hospital.audit import services as audit
from hospital.kit.actor import Actor, Role
from hospital.kit.transactions import within
from hospital.people.models import Account

from .. import names
from ..errors import StaffNumberTaken
from ..models import Post, Staff


@dataclass(frozen=True, slots=True)
class PostSpec:
    department_id: int
    role: Role
    effective_from: date
    effective_to: date | None = None


@within
def staff_join(*, actor: Actor, staff: Staff, login: str, password: str, at: datetime) -> Staff:
    """Store a new member of staff together with the account that signs in. Raises StaffNumberTaken.

    The account signs in by login name, password and a second factor that hospital.people enrols.
    """
    account = Account(login=login.strip(), is_staff=True, created_at=at)
    if password:
        account.set_password(password)
    else:
        account.set_unusable_password()
    staff.pinyin, staff.initials = names.person(staff.name)
    try:
        with transaction.atomic():
            account.save()
            staff.account = account
            staff.save()
    except IntegrityError as error:
        raise StaffNumberTaken from error
    audit.record(actor, "staff.hire", at=at, subject=staff)
    return staff


@within
def staff_hire(
    *,
    actor: Actor,
    number: str,
    name: str,
    password: str,
    posts: Sequence[PostSpec],
    at: datetime,
    login: str = "",
    **details: Any,
) -> Staff:
    """Take on a member of staff: account (login name: the number unless given), person and posts together.

    `details` are columns of Staff. Raises StaffNumberTaken.
    """
    staff = Staff(number=number.strip(), name=name, **details)
    staff_join(actor=actor, staff=staff, login=login or number, password=password, at=at)
    for post in posts:
        post_open(actor=actor, staff=staff, post=post, at=at)
    return staff


@within
def admin_right_follow(*, staff: Staff) -> None:
    """The account may use the administration exactly if some post says so; which day it is the role decides."""
    wanted = staff.posts.filter(role=Role.ADMIN).exists()
    Account.objects.filter(pk=staff.account_id).exclude(is_superuser=wanted).update(is_superuser=wanted)


@within
def post_open(*, actor: Actor, staff: Staff, post: PostSpec, at: datetime) -> Post:
    """Post a member of staff to a department in a role; the same post from the same day is the same post (SEC-05)."""
    row, created = Post.objects.get_or_create(
        staff=staff, department_id=post.department_id, role=post.role, effective_from=post.effective_from,
        defaults={"effective_to": post.effective_to},
    )  # fmt: skip
    if created:
        admin_right_follow(staff=staff)
        audit.record(actor, "post.open", at=at, subject=row)
    return row


@within
def post_close(*, actor: Actor, post: Post, last_day: date, at: datetime) -> None:
    """End a post with the given day."""
    post.effective_to = last_day
    post.save(update_fields=["effective_to"])
    audit.record(actor, "post.close", at=at, subject=post)
