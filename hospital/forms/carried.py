"""The questionnaires that come with the house: hospital/forms/data/<canonical name>.json."""

import json
from datetime import datetime
from pathlib import Path

from hospital.kit.actor import system

from . import services
from .engine.definition import Json
from .models import QuestionnaireVersion

FOLDER = Path(__file__).parent / "data"


def contents() -> dict[str, Json]:
    """Canonical name -> Questionnaire resource."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}


def publish_all(*, at: datetime) -> list[QuestionnaireVersion]:
    """Publish each whose content is new; those that are there already stay as they are."""
    actor = system("forms.carried")
    return [
        services.questionnaire_publish(actor=actor, name=name, content=content, at=at)
        for name, content in contents().items()
    ]
