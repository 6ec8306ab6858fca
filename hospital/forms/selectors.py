"""Reads of hospital.forms. `response_for` is the door to what was answered: it asks and leaves an audit line."""

from datetime import datetime
from functools import lru_cache

from django.db import transaction

from hospital.audit import services as audit
from hospital.kit.actor import Actor
from hospital.kit.problems import NotFound
from hospital.organisation.models import Concept
from hospital.organisation.selectors import cares_for, concept_search

from . import policy
from .engine import fhir
from .engine.definition import Definition, Json
from .errors import QuestionnaireMissing
from .models import QuestionnaireVersion, Response

CATALOGUE = "urn:hospital:concept:"


class Catalogues:
    """The hospital's own value sets: `urn:hospital:concept:icd10` is the catalogue of diagnoses."""

    def display(self, value_set: str, code: str) -> str | None:
        if not value_set.startswith(CATALOGUE):
            return None
        rows = Concept.objects.filter(system=value_set.removeprefix(CATALOGUE), code=code, is_active=True)
        return rows.values_list("display", flat=True).first()


def catalogue_search(value_set: str, text: str, limit: int) -> list[Concept]:
    """Codes of one of the hospital's catalogues that `text` may mean."""
    if not value_set.startswith(CATALOGUE):
        return []
    return concept_search(value_set.removeprefix(CATALOGUE), text, limit)


@lru_cache(maxsize=256)
def _definition(version_id: int) -> Definition:
    """Read once per process: the content of a version never changes."""
    return Definition.read(QuestionnaireVersion.objects.get(pk=version_id).content)


def definition_of(response: Response) -> Definition:
    """The questionnaire as it was when this response was begun."""
    return _definition(response.version_id)


def definition_of_version(version_id: int) -> Definition:
    return _definition(version_id)


def version_current(name: str) -> QuestionnaireVersion:
    """The newest version of a questionnaire in use. Raises QuestionnaireMissing."""
    rows = QuestionnaireVersion.objects.filter(questionnaire__name=name, questionnaire__is_active=True)
    version = rows.select_related("questionnaire").order_by("-number").first()
    if version is None:
        raise QuestionnaireMissing
    return version


def cares(actor: Actor, patient_id: int, at: datetime) -> bool:
    return actor.staff_id is not None and cares_for(actor, patient_id, at=at)


def response_for(actor: Actor, response_id: int, *, at: datetime) -> Response:
    """One response, for someone who may read it. Raises NotFound."""
    with transaction.atomic():
        response = Response.objects.select_related("questionnaire", "version", "patient").filter(pk=response_id).first()
        if response is None or not policy.may_read(actor, response, cares=cares(actor, response.patient_id, at)):
            raise NotFound
        audit.record(actor, "forms.read", at=at, subject=response, patient_id=response.patient_id)
    return response


def to_fhir(response: Response) -> Json:
    """The response as a FHIR R4 QuestionnaireResponse."""
    resource = response.version.content
    url = str(resource.get("url") or f"urn:hospital:questionnaire:{response.questionnaire.name}")
    staff = response.author_staff_id
    return fhir.questionnaire_response(
        id=str(response.pk),
        questionnaire=f"{url}|{response.version.number}",
        status=response.status,
        subject=f"Patient/{response.patient_id}",
        authored=response.saved_at or response.started_at,
        answers=response.answers,
        author=f"Practitioner/{staff}" if staff else f"Patient/{response.patient_id}",
    )
