"""A kept query answers what the queryset would, and its SQL is built once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, F, Q
from django.db.models.sql.compiler import SQLCompiler
from django.test.utils import CaptureQueriesContext

from hospital.kit.kept import Given, Kept
from hospital.organisation.models import Department, Staff
from hospital.people.models import Patient
from tests.cast import Cast

STAFF = Kept(
    lambda: (
        Staff.objects.filter(number=Given("number"), suspended_at=None)
        .select_related("account")
        .annotate(doctors=Count("posts", filter=Q(posts__role=Given("role"), posts__effective_from__lte=Given("day"))))
    )
)


def test_the_same_rows_with_relations_and_annotations(cast: Cast, django_assert_num_queries: Any) -> None:
    day = cast.at.date()
    for person in (cast.doctor_li, cast.other_doctor, cast.nurse):
        with django_assert_num_queries(1):
            found = STAFF.first(number=person.staff.number, role="doctor", day=day)
            assert found is not None and found.account == person.account
        assert (found.pk, found.doctors) == (person.staff.pk, int(person is not cast.nurse))  # type: ignore[attr-defined]
    assert STAFF.first(number="nobody", role="doctor", day=day) is None


def test_tuples_order_and_columns_that_are_decrypted(cast: Cast) -> None:
    kept = Kept(lambda: Patient.objects.filter(pk__gte=Given("least")).order_by("-pk").values_list("pk", "name"))
    expected = list(Patient.objects.order_by("-pk").values_list("pk", "name"))
    assert kept.rows(least=0) == expected and kept.rows(least=expected[0][0]) == expected[:1]


def test_the_sql_is_built_once_and_says_the_same(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept(lambda: Department.objects.filter(code=Given("code"), campus__code="T1").order_by("pk"))
    kept.rows(code="T-ONC")
    monkeypatch.setattr(SQLCompiler, "pre_sql_setup", None)  # whoever builds, fails
    with CaptureQueriesContext(connection) as asked:
        (found,) = kept.rows(code="T-RT")
    monkeypatch.undo()
    assert found == cast.radiotherapy
    with CaptureQueriesContext(connection) as usual:
        list(Department.objects.filter(code="T-RT", campus__code="T1").order_by("pk"))
    first, second = (one.captured_queries[0]["sql"] for one in (asked, usual))
    assert first.replace("('T-RT')", "'T-RT'") == second


def test_a_value_that_is_not_given_is_loud(cast: Cast) -> None:
    kept = Kept(lambda: Department.objects.filter(code=Given("code")))
    with pytest.raises(KeyError, match="code"):
        kept.rows(kode="T-ONC")


@pytest.mark.django_db(transaction=True)
def test_threads_ask_one_kept_query_with_values_of_their_own(cast: Cast) -> None:
    kept = Kept(lambda: Department.objects.filter(code=Given("code")).annotate(own=F("campus__code")))

    def ask(code: str) -> set[str]:
        try:
            return {kept.rows(code=code)[0].code for _ in range(50)}
        finally:
            connection.close()

    codes = ["T-ONC", "T-RT", "T-PHA", "T-LAB"] * 4
    with ThreadPoolExecutor(len(codes)) as pool:
        assert list(pool.map(ask, codes)) == [{code} for code in codes]


def test_dicts_and_single_values_and_what_is_refused(cast: Cast) -> None:
    staff = Staff.objects.filter(number=Given("number")).annotate(name_of=F("account__pk"))
    number = cast.doctor_li.staff.number
    as_dicts = Kept(lambda: staff.values("number", "name_of"))
    assert as_dicts.rows(number=number) == [{"number": number, "name_of": cast.doctor_li.account.pk}]
    assert Kept(lambda: staff.values_list("pk", flat=True)).rows(number=number) == [cast.doctor_li.staff.pk]
    for refused in (staff.prefetch_related("posts"), staff.values_list("pk", "number", named=True)):
        with pytest.raises(TypeError, match="kept query"):
            Kept(lambda refused=refused: refused).rows(number=number)  # type: ignore[misc]


def test_what_is_deferred_is_fetched_when_it_is_read(cast: Cast, django_assert_num_queries: Any) -> None:
    kept = Kept(lambda: Patient.objects.filter(pk=Given("pk")).defer("phone"))
    found = kept.first(pk=cast.mother.patient_id)
    assert found.get_deferred_fields() == {"phone"}
    with django_assert_num_queries(1):
        phone = found.phone
    assert phone == Patient.objects.get(pk=found.pk).phone
