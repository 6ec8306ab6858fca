"""The life of an emergency opening: it waits for somebody else's judgement."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from hospital.kit.lifecycle import Lifecycle


class ReviewStatus(TextChoices):
    WAITING = "waiting", _("to be reviewed")
    JUSTIFIED = "justified", _("justified")
    UNJUSTIFIED = "unjustified", _("not justified")


EMERGENCY = Lifecycle(
    "workstation.emergency", moves={ReviewStatus.WAITING: {ReviewStatus.JUSTIFIED, ReviewStatus.UNJUSTIFIED}}
)
