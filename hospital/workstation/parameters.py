"""Limits of hospital.workstation (rules G-1)."""

from django.utils.translation import gettext_lazy as _

from hospital.kit.parameters import Parameter

EMERGENCY_HOURS = Parameter(
    "workstation.emergency_hours", int, 4, source="SEC-10", unit="h",
    title=_("Hours for which a record stays open after an emergency opening"),
)  # fmt: skip
REVIEW_DAYS = Parameter(
    "workstation.review_days", int, 3, source="SEC-10", unit="d",
    title=_("Days within which an emergency opening is reviewed"),
)  # fmt: skip
SEARCHES_PER_HOUR = Parameter(
    "workstation.searches_per_hour", int, 30, source="G23", unit="1/h",
    title=_("Searches for patients outside one's care, of one member of staff in an hour"),
)  # fmt: skip
