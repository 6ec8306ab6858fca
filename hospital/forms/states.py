"""The life of an answered form (FHIR QuestionnaireResponse.status)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from hospital.kit.lifecycle import Lifecycle


class ResponseStatus(models.TextChoices):
    IN_PROGRESS = "in_progress", _("being filled in")
    COMPLETED = "completed", _("handed in")
    AMENDED = "amended", _("handed in and corrected")
    STOPPED = "stopped", _("not needed any more")


RESPONSE = Lifecycle(
    "forms.response",
    moves={
        ResponseStatus.IN_PROGRESS: {ResponseStatus.COMPLETED, ResponseStatus.STOPPED},
        ResponseStatus.COMPLETED: {ResponseStatus.AMENDED},
        ResponseStatus.AMENDED: {ResponseStatus.AMENDED},
    },
)
FINISHED = (ResponseStatus.COMPLETED, ResponseStatus.AMENDED)
