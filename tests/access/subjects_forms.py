"""Forms: a response is its patient's account's and that of staff who treat her; versions are the desk's."""

from collections.abc import Sequence

from django.db import transaction

from hospital.forms import carried, kinds, services
from hospital.forms.models import Response
from hospital.kit import clock
from hospital.kit.actor import system
from tests.access.subjects import Case, subject
from tests.cast import Cast, Person

BECAUSE = "tests.access"


def _response(cast: Cast, person: Person) -> Response:
    if BECAUSE not in kinds.registered():
        kinds.register(kinds.FormUse(BECAUSE, "access matrix", may_fill=lambda actor, response: True))
    carried.publish_all(at=clock.now())
    with transaction.atomic():
        return services.response_start(
            actor=system("tests"), questionnaire="satisfaction", patient_id=person.patient_id, because=BECAUSE,
            because_id=person.patient_id, at=clock.now(),
            answers=[{"linkId": "words", "item": [{"linkId": "comment", "answer": [{"valueString": f"CANARY-{person.name}"}]}]}],
        )  # fmt: skip


@subject("form_response")
def form_response(cast: Cast, rule: str) -> Sequence[Case]:
    mine, theirs = _response(cast, cast.wang_fang), _response(cast, cast.stranger)
    cast.care_begins(cast.doctor_li, cast.wang_fang)
    data = {"revision": 0, "page": 2, "action": "save"}
    secrets = ["CANARY-王芳"]
    return [
        Case("own, and of a patient in care", {"pk": mine.pk}, {"wang_fang", "doctor_li"}, data=data, secrets=secrets),
        Case("of the stranger", {"pk": theirs.pk}, {"stranger"}, data=data, secrets=["CANARY-赵敏"]),
    ]


@subject("questionnaire_version")
def questionnaire_version(cast: Cast, rule: str) -> Sequence[Case]:
    version = carried.publish_all(at=clock.now())[0]
    return [Case("any", {"pk": version.pk}, {"admin", "records"})]
