"""A response as a FHIR R4 QuestionnaireResponse resource."""

from datetime import datetime

from .definition import Json

_STATUS = {"in_progress": "in-progress", "completed": "completed", "amended": "amended", "stopped": "stopped"}


def questionnaire_response(
    *, id: str, questionnaire: str, status: str, subject: str, authored: datetime, answers: list[Json], author: str = ""
) -> Json:
    """`questionnaire` is the canonical with version (`url|2`), `subject` and `author` are references."""
    resource: Json = {
        "resourceType": "QuestionnaireResponse",
        "id": id,
        "questionnaire": questionnaire,
        "status": _STATUS[status],
        "subject": {"reference": subject},
        "authored": authored.isoformat(),
    }
    if author:
        resource["author"] = {"reference": author}
    if answers:
        resource["item"] = answers
    return resource
