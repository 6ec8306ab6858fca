"""What may be: pure questions about rows that were read already."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from hospital.kit import clock, parameters
from hospital.kit.actor import Role
from hospital.kit.problems import Problem

from . import errors
from .models import Department, Post, Staff
from .parameters import ONLINE_YEARS


def may_work_online(staff: Staff, at: datetime, department: Department | None = None) -> Problem | None:
    """IH-05: None when the doctor may answer patients online at `at` (for `department`), else the first reason why not.

    Licence number, a post as a doctor today whose department accepts the licensed scope, years of independent
    practice, consent of the hospital, no suspension.
    """
    if staff.suspended_at is not None and staff.suspended_at <= at:
        return errors.Suspended()
    if not staff.licence_no:
        return errors.NoLicence()
    departments = [post.department for post in posts_on(staff.posts.all(), clock.business_day(at))]
    if department is not None:
        departments = [one for one in departments if one.pk == department.pk]
    if not departments:
        return errors.NoPost()
    if not any(staff.licence_scope and staff.licence_scope in one.licence_scopes for one in departments):
        return errors.WrongScope()
    years = ONLINE_YEARS.at(at)
    if staff.practising_since is None or _years_after(staff.practising_since, years) > clock.business_day(at):
        return errors.TooFewYears(years=years)
    if staff.online_consent_at is None or staff.online_consent_at > at:
        return errors.NoConsent()
    return None


def posts_on(posts: Iterable[Post], day: date, role: Role = Role.DOCTOR) -> list[Post]:
    """Those of the posts that are held in a role on a day."""
    return [
        post
        for post in posts
        if post.role == role and post.effective_from <= day and (post.effective_to is None or post.effective_to >= day)
    ]


def _years_after(day: date, years: int) -> date:
    """The anniversary; of 29 February the first of March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def check_parameter(name: str, value: Any, effective_from: datetime, effective_to: datetime | None) -> None:
    """Raises ParameterRefused unless the parameter is declared, the value of its kind and the time not empty."""
    found = parameters.declared().get(name)
    if found is None:
        raise errors.ParameterUnknown
    # bool is an int to Python, but "true days" is nonsense.
    if not isinstance(value, found.kind) or (found.kind is int and isinstance(value, bool)):
        raise errors.ParameterRefused(fields={"value": errors.wrong_kind(found.kind.__name__)})
    if found.kind is int and value < 0:
        raise errors.ParameterRefused(fields={"value": errors.NEGATIVE})
    if effective_to is not None and effective_to <= effective_from:
        raise errors.ParameterRefused(fields={"effective_to": errors.EMPTY_TIME})
