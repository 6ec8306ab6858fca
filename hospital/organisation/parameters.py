"""Limits of hospital.organisation (rules G-1)."""

from django.utils.translation import gettext_lazy as _

from hospital.kit.parameters import Parameter

ONLINE_YEARS = Parameter(
    "organisation.online_years", int, 3, source="IH-05", unit="years",
    title=_("Years of independent practice before a doctor may work online"),
)  # fmt: skip
MOST_RETIRED_PERCENT = Parameter(
    "organisation.most_retired_percent", int, 10, source="house rule", unit="%",
    title=_("Share of a catalogue that an import may retire without confirmation"),
)  # fmt: skip
