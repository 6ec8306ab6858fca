"""Writes of hospital.forms: publish a version, begin a response, save a draft, hand in, correct."""

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from hospital.audit import services as audit
from hospital.kit import notices, sweeps
from hospital.kit.actor import Actor
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry, within
from hospital.people.models import Patient

from . import kinds, policy, selectors
from .engine import validation
from .engine.definition import Definition, DefinitionErrors, Json
from .engine.tree import gather, grow, walk
from .errors import AnswersRefused, QuestionnaireRefused, ResponseChanged, ResponseClosed
from .models import FormNotice, Questionnaire, QuestionnaireVersion, Response, ResponseCopy
from .states import RESPONSE, ResponseStatus

NOTICES = "forms.notices"
SUBMITTED = "forms.submitted"


# --- questionnaires -------------------------------------------------------------------------------------------


def digest_of(content: Json) -> str:
    """SHA-256 of the canonical JSON: the same questions have the same digest."""
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


@entry
def questionnaire_publish(
    *, actor: Actor, name: str, content: Json, at: datetime, note: str = ""
) -> QuestionnaireVersion:
    """Publish a FHIR R4 Questionnaire as the next version of `name`; the same content again changes nothing.

    Raises QuestionnaireRefused with each fault.
    """
    try:
        definition = Definition.read(content)
    except DefinitionErrors as errors:
        raise QuestionnaireRefused(fields=dict(errors.faults)) from errors
    questionnaire, created = Questionnaire.objects.select_for_update().get_or_create(
        name=name, defaults={"title": definition.title[:200], "created_at": at}
    )
    newest = questionnaire.versions.order_by("-number").first()
    if newest is not None and newest.digest == digest_of(content):
        return newest
    version = QuestionnaireVersion.objects.create(
        questionnaire=questionnaire,
        number=newest.number + 1 if newest else 1,
        content=content,
        digest=digest_of(content),
        note=note,
        published_at=at,
        published_by=actor.staff_id,
    )
    if not created and questionnaire.title != definition.title[:200]:
        questionnaire.title = definition.title[:200]
        questionnaire.save(update_fields=["title"])
    audit.record(actor, "forms.publish", at=at, subject=version)
    return version


# --- responses ------------------------------------------------------------------------------------------------


@within
def response_start(
    *, actor: Actor, questionnaire: str, patient_id: int, because: str, because_id: int, at: datetime,
    answers: list[Json] | None = None,
) -> Response:  # fmt: skip
    """Begin to fill in the newest version of a questionnaire; the one already begun for this row is given back.

    `answers` are what the house knows already; initial values of the questionnaire are put in besides.
    Raises QuestionnaireMissing, and KeyError for a use that nobody registered.
    """
    kinds.get(because)
    begun = Response.objects.filter(questionnaire__name=questionnaire, because=because, because_id=because_id).first()
    if begun is not None:
        return begun
    version = selectors.version_current(questionnaire)
    definition = selectors.definition_of_version(version.pk)
    checked = validation.check(
        definition, _with_initial(definition, answers or []), strict=False, terminology=selectors.Catalogues()
    )
    if checked.faults:
        raise AnswersRefused(fields={fault.link_id: fault.text for fault in checked.faults})
    try:
        with transaction.atomic():
            response = Response.objects.create(
                questionnaire=version.questionnaire,
                version=version,
                patient=Patient.objects.get(pk=patient_id),
                because=because,
                because_id=because_id,
                answers=checked.answers,
                scores=checked.scores,
                started_at=at,
            )
    except IntegrityError:  # begun by another tab in the same instant: theirs is ours
        return Response.objects.get(questionnaire=version.questionnaire, because=because, because_id=because_id)
    RESPONSE.begin(response, actor=actor, at=at)
    return response


def _with_initial(definition: Definition, answers: list[Json]) -> list[Json]:
    roots = grow(definition, answers)
    for node in walk(roots):
        if not node.answers and node.item.is_question and node.item.calculated is None:
            node.answers = validation.initial_answers(node.item)
    return gather(roots, only_enabled=False)


def _open(actor: Actor, response_id: int, at: datetime) -> Response:
    rows = Response.objects.select_for_update(of=("self",), no_key=True).select_related("questionnaire", "version")
    response = rows.filter(pk=response_id).first()
    if response is None:
        raise NotFound
    cares = selectors.cares(actor, response.patient_id, at)
    if not policy.may_read(actor, response, cares=cares):
        raise NotFound
    if not policy.may_fill(actor, response, cares=cares):
        raise ResponseClosed
    return response


def _check_revision(response: Response, revision: int) -> None:
    if response.revision != revision:
        raise ResponseChanged(saved=response.answers, revision=response.revision)


@entry
def response_save(
    *, actor: Actor, response_id: int, answers: list[Json], revision: int, at: datetime,
    unread: dict[str, list[str]] | None = None,
) -> Response:  # fmt: skip
    """Save a draft. `revision` is the one that the writer saw (G11).

    Raises ResponseChanged with what is saved there now, ResponseClosed, and AnswersRefused for answers that have no
    place in the questionnaire; a value of the wrong size stays in the draft until it is handed in.
    """
    response = _open(actor, response_id, at)
    if not response.is_open:
        raise ResponseClosed
    _check_revision(response, revision)
    checked = validation.check(
        selectors.definition_of(response), answers, strict=False, terminology=selectors.Catalogues()
    )
    if checked.misplaced:
        raise AnswersRefused(fields={fault.link_id: fault.text for fault in checked.faults})
    _store(response, actor=actor, at=at, answers=checked.answers, scores=checked.scores, unread=unread or {})
    return response


def _store(response: Response, *, actor: Actor, at: datetime, **changes: Any) -> None:
    response.revision += 1
    response.saved_at = at
    response.author_account_id = actor.account_id
    response.author_staff_id = actor.staff_id
    for name, value in changes.items():
        setattr(response, name, value)
    response.save(update_fields=["revision", "saved_at", "author_account_id", "author_staff_id", *changes])


@within
def response_complete(
    *, actor: Actor, response_id: int, answers: list[Json], revision: int, at: datetime, reason: str = ""
) -> Response:
    """Hand in (or, with a reason, correct what was handed in): the twin of response_submit for apps above.

    Raises AnswersRefused with a text per linkId, ResponseChanged, ResponseClosed.
    """
    response = _open(actor, response_id, at)
    if not response.is_open and not (reason and response.completed_at):
        raise ResponseClosed
    _check_revision(response, revision)
    checked = validation.check(
        selectors.definition_of(response), answers, strict=True, terminology=selectors.Catalogues()
    )
    if checked.faults:
        raise AnswersRefused(fields={fault.link_id: fault.text for fault in checked.faults})
    alarms = [alarm.as_dict() for alarm in checked.alarms]
    first = response.is_open
    _store(response, actor=actor, at=at, answers=checked.answers, scores=checked.scores, alarms=alarms, unread={})
    RESPONSE.move(
        response,
        ResponseStatus.COMPLETED if first else ResponseStatus.AMENDED,
        actor=actor,
        at=at,
        reason=reason,
        **({"completed_at": at} if first else {}),
    )
    ResponseCopy.objects.create(
        response=response, revision=response.revision, answers=response.answers, scores=response.scores,
        alarms=alarms, at=at, account_id=actor.account_id, staff_id=actor.staff_id, reason=reason,
    )  # fmt: skip
    audit.record(actor, "forms.submit", at=at, subject=response, patient_id=response.patient_id, reason=reason)
    notices.post(
        FormNotice, topic=SUBMITTED, key=f"{response.pk}:{response.revision}", at=at,
        payload={"response_id": response.pk},
    )  # fmt: skip
    sweeps.wake(NOTICES)
    return response


@entry
def response_submit(
    *, actor: Actor, response_id: int, answers: list[Json], revision: int, at: datetime, reason: str = ""
) -> Response:
    """Hand in, in a transaction of its own. See response_complete."""
    return response_complete(
        actor=actor, response_id=response_id, answers=answers, revision=revision, at=at, reason=reason
    )


@within
def response_stop(*, actor: Actor, response_id: int, at: datetime, reason: str) -> None:
    """The form isn't needed any more; a draft ends, what was handed in stays as it is."""
    response = Response.objects.filter(pk=response_id).first()
    if response is not None and response.is_open:
        RESPONSE.move(response, ResponseStatus.STOPPED, actor=actor, at=at, reason=reason)


# --- upwards --------------------------------------------------------------------------------------------------


def _tell_use(payload: Any, at: datetime) -> None:
    response = Response.objects.get(pk=payload["response_id"])
    kinds.get(response.because).on_submitted(response.pk, at)


def notices_deliver(*, at: datetime) -> int:
    return notices.deliver_due(FormNotice, {SUBMITTED: _tell_use}, at=at)
