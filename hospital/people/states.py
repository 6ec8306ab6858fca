"""The life of a request to forget somebody's second factor: another administrator decides."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from hospital.kit.lifecycle import Lifecycle


class ResetStatus(TextChoices):
    WAITING = "waiting", _("waits for a second administrator")
    APPROVED = "approved", _("approved")
    REFUSED = "refused", _("refused")


RESET = Lifecycle("people.reset", moves={ResetStatus.WAITING: {ResetStatus.APPROVED, ResetStatus.REFUSED}})
