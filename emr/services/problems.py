"""The problem list: what a patient lives with, and what is over (E2)."""

from datetime import datetime

from django.db import IntegrityError, transaction

from hospital.audit.services import record
from hospital.kit.actor import Actor, Role
from hospital.kit.problems import NotFound, StaleMove
from hospital.kit.transactions import within
from hospital.organisation.selectors import cares_for

from .. import states
from ..models import Problem, ProblemStatus


@within
def problem_resolve(*, actor: Actor, patient_id: int, problem_id: int, at: datetime) -> Problem:
    """It is over: the line leaves the list and stays in the record. Raises NotFound, StaleMove."""
    problem = _of_my_patient(actor, patient_id, problem_id, at)
    states.PROBLEM.move(problem, ProblemStatus.RESOLVED, actor=actor, at=at, resolved_at=at)
    record(actor, "problem.resolve", at=at, subject=problem, patient_id=patient_id)
    return problem


@within
def problem_reopen(*, actor: Actor, patient_id: int, problem_id: int, at: datetime) -> Problem:
    """It is back, or was struck off by mistake. Raises NotFound; StaleMove also when a newer line says the same."""
    problem = _of_my_patient(actor, patient_id, problem_id, at)
    try:
        with transaction.atomic():
            states.PROBLEM.move(problem, ProblemStatus.ACTIVE, actor=actor, at=at, resolved_at=None)
    except IntegrityError as error:  # emr_problem_once
        raise StaleMove from error
    record(actor, "problem.reopen", at=at, subject=problem, patient_id=patient_id)
    return problem


def _of_my_patient(actor: Actor, patient_id: int, problem_id: int, at: datetime) -> Problem:
    """MR-12: doctors who treat the patient keep the list together."""
    problem = Problem.objects.filter(pk=problem_id, patient_id=patient_id).first()
    if problem is None or not actor.is_any(Role.DOCTOR) or not cares_for(actor, patient_id, at=at):
        raise NotFound
    return problem
