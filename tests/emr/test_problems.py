"""The problem list: kept by the doctors who treat the patient, struck off and put back, never deleted (E2, MR-12)."""

import pytest

from emr.models import Problem
from hospital.audit.models import Entry
from hospital.kit import clock
from tests.cast import Person, client_for

from .conftest import C50, Clinic

pytestmark = pytest.mark.django_db


@pytest.fixture
def problem(clinic: Clinic) -> Problem:
    clinic.none_known()
    clinic.save()
    clinic.sign()
    return Problem.objects.get()


def press(clinic: Clinic, problem: Problem, status: str, *, who: Person | None = None, htmx: bool = False) -> str:
    answer = client_for(who or clinic.cast.doctor_li).post(
        f"/staff/patients/{problem.patient_id}/problems/",
        {"problem": problem.pk, "status": status},
        headers={"HX-Request": "true"} if htmx else {},
        follow=True,
    )
    return f"{answer.status_code} {answer.content.decode()}"


def test_a_resolved_problem_leaves_the_list_and_can_come_back(clinic: Clinic, problem: Problem) -> None:
    page = press(clinic, problem, "resolved", htmx=True)
    assert page.startswith("200") and 'value="active"' in page and 'value="resolved"' not in page
    problem.refresh_from_db()
    assert (problem.status, problem.resolved_at is not None) == ("resolved", True)
    assert 'value="resolved"' in press(clinic, problem, "active")
    problem.refresh_from_db()
    assert (problem.status, problem.resolved_at) == ("active", None)
    assert Entry.objects.filter(action__in=["problem.resolve", "problem.reopen"]).count() == 2


def test_what_was_diagnosed_again_is_one_line(clinic: Clinic, problem: Problem) -> None:
    press(clinic, problem, "resolved")
    newer = Problem.objects.create(
        patient_id=problem.patient_id, code=C50, display=problem.display, recorded_at=clock.now()
    )
    assert press(clinic, problem, "active").startswith("409")
    newer.refresh_from_db()
    assert Problem.objects.filter(status="active").get() == newer


@pytest.mark.parametrize("status", ["", "gone"])
def test_what_is_no_status_is_nothing(clinic: Clinic, problem: Problem, status: str) -> None:
    assert press(clinic, problem, status).startswith("404")


def test_a_doctor_who_does_not_treat_her_learns_nothing(clinic: Clinic, problem: Problem) -> None:
    assert press(clinic, problem, "resolved", who=clinic.cast.other_doctor).startswith("404")
    problem.refresh_from_db()
    assert problem.status == "active"
