"""Limits of hospital.people; the hospital may set other values from a day on (rules G-1)."""

from django.utils.translation import gettext_lazy as _

from hospital.kit.parameters import Parameter

IDLE_MINUTES_STAFF = Parameter(
    "people.idle_minutes_staff", int, 15, source="SEC-03", title=_("Minutes until an unused staff session ends")
)
IDLE_MINUTES_PATIENT = Parameter(
    "people.idle_minutes_patient", int, 30, source="SEC-03", title=_("Minutes until an unused patient session ends")
)
FRESH_MINUTES = Parameter(
    "people.fresh_minutes", int, 10, source="SEC-01", title=_("Minutes for which a proof of identity stays fresh")
)
