"""Limits of hospital.interop (rules G-1)."""

from django.utils.translation import gettext_lazy as _

from hospital.kit.parameters import Parameter

MOST_SEGMENTS = Parameter(
    "interop.most_segments", int, 5000, source="house rule", title=_("Most segments of an HL7 message")
)
RETRY_AFTER_SECONDS = Parameter(
    "interop.retry_after_seconds", int, 60, source="house rule", unit="s",
    title=_("Seconds after which an unfinished inbound message is taken up again"),
)  # fmt: skip
