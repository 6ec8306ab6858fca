"""The life of an online visit: the only table of moves."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from hospital.kit.lifecycle import Lifecycle


class VisitStatus(models.TextChoices):
    APPLYING = "applying", _("being prepared")
    PAYING = "paying", _("to be paid")
    WAITING = "waiting", _("waits for the doctor")
    TALKING = "talking", _("with the doctor")
    ENDED = "ended", _("ended")
    CANCELLED = "cancelled", _("cancelled")
    EXPIRED = "expired", _("not answered in time")


VISIT = Lifecycle(
    "consult.visit",
    moves={
        VisitStatus.APPLYING: {VisitStatus.PAYING, VisitStatus.CANCELLED},
        VisitStatus.PAYING: {VisitStatus.APPLYING, VisitStatus.WAITING, VisitStatus.CANCELLED},
        VisitStatus.WAITING: {VisitStatus.TALKING, VisitStatus.CANCELLED, VisitStatus.EXPIRED},
        VisitStatus.TALKING: {VisitStatus.ENDED},
    },
)
LIVE = (VisitStatus.APPLYING, VisitStatus.PAYING, VisitStatus.WAITING, VisitStatus.TALKING)
OPEN_TALK = (VisitStatus.WAITING, VisitStatus.TALKING)
