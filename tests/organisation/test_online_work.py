"""IH-05: each reason why a doctor may not answer patients online, and that without one the doctor may."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from hospital.kit import clock
from hospital.kit.actor import Role
from hospital.organisation import errors, policy
from hospital.organisation.models import Staff
from hospital.organisation.services import parameter_set
from tests.cast import HOUSE, Cast


def _change(**columns: Any) -> Callable[[Cast], None]:
    def change(cast: Cast) -> None:
        Staff.objects.filter(pk=cast.doctor_li.staff.pk).update(**columns)

    return change


def _ended(cast: Cast) -> None:
    cast.doctor_li.staff.posts.update(effective_to=clock.business_day(cast.at) - timedelta(days=1))


def _nurse(cast: Cast) -> None:
    cast.doctor_li.staff.posts.update(role=Role.NURSE)


def _days_ago(cast: Cast, days: int) -> Any:
    return clock.business_day(cast.at) - timedelta(days=days)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (lambda cast: None, None),
        (_change(licence_no=""), errors.NoLicence),
        (_change(licence_scope=""), errors.WrongScope),
        (_change(licence_scope="口腔专业"), errors.WrongScope),
        (_change(practising_since=None), errors.TooFewYears),
        (lambda cast: _change(practising_since=_days_ago(cast, 3 * 365 - 2))(cast), errors.TooFewYears),
        (lambda cast: _change(practising_since=_days_ago(cast, 3 * 366))(cast), None),
        (_change(online_consent_at=None), errors.NoConsent),
        (lambda cast: _change(online_consent_at=cast.at + timedelta(days=1))(cast), errors.NoConsent),
        (lambda cast: _change(suspended_at=cast.at)(cast), errors.Suspended),
        (lambda cast: _change(suspended_at=cast.at + timedelta(days=1))(cast), None),
        (_ended, errors.NoPost),
        (_nurse, errors.NoPost),
    ],
)
def test_ih05_table(cast: Cast, change: Callable[[Cast], None], refusal: type[Exception] | None) -> None:
    change(cast)
    staff = Staff.objects.get(pk=cast.doctor_li.staff.pk)
    found = policy.may_work_online(staff, cast.at)
    assert type(found) is (refusal or type(None))
    assert found is None or found.code.startswith("IH-05")


def test_ih05_asks_the_department_too(cast: Cast) -> None:
    assert policy.may_work_online(cast.doctor_li.staff, cast.at, cast.oncology) is None
    refusal = policy.may_work_online(cast.doctor_li.staff, cast.at, cast.radiotherapy)
    assert isinstance(refusal, errors.NoPost)


@pytest.mark.django_db
def test_the_years_are_a_dated_parameter(cast: Cast) -> None:
    """G-1: a limit that changes next month doesn't hold today."""
    Staff.objects.filter(pk=cast.doctor_li.staff.pk).update(practising_since=_days_ago(cast, 4 * 366))
    later = cast.at + timedelta(days=30)
    parameter_set(
        actor=HOUSE, name="organisation.online_years", value=5, source="test", effective_from=later, at=cast.at
    )
    staff = Staff.objects.get(pk=cast.doctor_li.staff.pk)
    assert policy.may_work_online(staff, cast.at) is None
    assert isinstance(policy.may_work_online(staff, later + timedelta(seconds=1)), errors.TooFewYears)


def test_the_29th_of_february_has_anniversaries() -> None:
    from datetime import date

    assert policy._years_after(date(2024, 2, 29), 3) == date(2027, 3, 1)
