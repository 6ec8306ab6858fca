"""Dated policy parameters (G-1): only declared ones, of the right kind, never two at one instant."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from hospital.organisation import errors
from hospital.organisation.models import PolicyParameter
from hospital.organisation.parameters import ONLINE_YEARS
from hospital.organisation.services import parameter_set
from tests.cast import HOUSE, Cast, client_for

NAME = "organisation.online_years"
pytestmark = pytest.mark.django_db


def set_to(cast: Cast, value: Any, days: int = 0, until: int | None = None, **options: Any) -> PolicyParameter:
    return parameter_set(
        actor=HOUSE, name=options.pop("name", NAME), value=value, source="order 1", at=cast.at,
        effective_from=cast.at + timedelta(days=days),
        effective_to=None if until is None else cast.at + timedelta(days=until), **options,
    )  # fmt: skip


def test_a_later_value_ends_the_one_before(cast: Cast) -> None:
    set_to(cast, 4)
    set_to(cast, 5, days=10)
    moments = [ONLINE_YEARS.at(cast.at + timedelta(days=days)) for days in (-1, 0, 9, 10, 99)]
    assert moments == [3, 4, 4, 5, 5]


def test_a_campus_has_its_own_value(cast: Cast) -> None:
    set_to(cast, 4)
    set_to(cast, 6, campus_id=cast.campus.pk)
    assert (ONLINE_YEARS.at(cast.at), ONLINE_YEARS.at(cast.at, cast.campus.pk)) == (4, 6)


def test_two_values_at_one_instant_are_refused(cast: Cast) -> None:
    set_to(cast, 4, until=20)
    with pytest.raises(errors.ParameterOverlaps):
        set_to(cast, 5, days=10)
    assert ONLINE_YEARS.at(cast.at + timedelta(days=15)) == 4


def test_the_database_refuses_them_too(cast: Cast) -> None:
    set_to(cast, 4)
    with pytest.raises(IntegrityError, match="organisation_parameter_no_overlap"), transaction.atomic():
        PolicyParameter.objects.create(name=NAME, value=9, source="by hand", effective_from=cast.at + timedelta(days=1))


@pytest.mark.parametrize("value", ["4", True, 3.5, None, [4], -1])
def test_a_value_of_another_kind_is_refused(cast: Cast, value: Any) -> None:
    with pytest.raises(errors.ParameterRefused):
        set_to(cast, value)


def test_an_undeclared_parameter_is_refused(cast: Cast) -> None:
    with pytest.raises(errors.ParameterUnknown):
        set_to(cast, 1, name="nobody.reads_this")


def test_an_empty_time_is_refused(cast: Cast) -> None:
    with pytest.raises(errors.ParameterRefused):
        set_to(cast, 4, days=5, until=5)


def test_the_page_shows_source_default_and_present_value(cast: Cast) -> None:
    set_to(cast, 7)
    page = client_for(cast.admin).get("/staff/parameters/").content.decode()
    assert NAME in page and "IH-05" in page and "<strong>7</strong>" in page
    assert client_for(cast.doctor_li).get("/staff/parameters/").status_code == 404


def test_the_admin_refuses_a_wrong_kind_and_an_overlap(cast: Cast) -> None:
    admin = client_for(cast.admin)
    typed = {
        "name": NAME, "value": "viele", "source": "order 2", "campus": "", "effective_from_0": "2031-01-01",
        "effective_from_1": "00:00:00", "effective_to_0": "", "effective_to_1": "",
    }  # fmt: skip
    url = "/admin/organisation/policyparameter/add/"
    assert admin.post(url, typed).status_code == 200 and not PolicyParameter.objects.exists()
    assert admin.post(url, typed | {"value": "5"}).status_code == 302
    assert PolicyParameter.objects.get().value == 5
    again = admin.post(url, typed | {"value": "6", "effective_from_0": "2031-02-01"})
    assert again.status_code == 200 and PolicyParameter.objects.count() == 1
