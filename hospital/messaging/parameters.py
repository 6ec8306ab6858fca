"""Dated limits of messaging."""

from django.utils.translation import gettext_lazy as _

from hospital.kit.parameters import Parameter

CLAIM_SECONDS = Parameter(
    "messaging.claim_seconds", int, 30, source="G04",
    title=_("After how long a delivery that a dead process had in hand is taken up again"), unit="s",
)  # fmt: skip
GIVE_UP_HOURS = Parameter(
    "messaging.give_up_hours", int, 24, source="G04", title=_("How long a failing delivery is tried again"), unit="h"
)
