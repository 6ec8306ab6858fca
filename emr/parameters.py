"""Limits of emr, each a dated policy parameter (rules G-1)."""

from django.utils.translation import gettext_lazy as _

from hospital.kit.parameters import Parameter

CARE_DAYS = Parameter(
    "emr.care_days", int, 90, source="MR-12", title=_("Days that a doctor may read on after a visit"), unit="d"
)
NOTE_HOURS = Parameter(
    "emr.note_hours", int, 24, source="Q45, Q50", title=_("Hours after the visit in which a note is in time"), unit="h"
)
COMPLAINT_CHARACTERS = Parameter(
    "emr.complaint_characters", int, 20, source="Q02", title=_("Longest chief complaint"), unit="characters"
)
RX_MAX_DRUGS = Parameter("emr.rx_max_drugs", int, 5, source="RX-04", title=_("Most drugs on one prescription"))
RX_DAYS = Parameter("emr.rx_days", int, 7, source="RX-02", title=_("Days supply without a reason"), unit="d")
RX_EMERGENCY_DAYS = Parameter(
    "emr.rx_emergency_days", int, 3, source="RX-02", title=_("Days supply of an emergency prescription"), unit="d"
)
RX_LONG_DAYS = Parameter(
    "emr.rx_long_days", int, 84, source="RX-03", title=_("Longest supply of a long-term prescription"), unit="d"
)
RX_VALID_DAYS = Parameter(
    "emr.rx_valid_days",
    int,
    1,
    source="RX-01",
    title=_("Days that a prescription is valid, issue day included"),
    unit="d",
)
RX_VALID_DAYS_MOST = Parameter(
    "emr.rx_valid_days_most", int, 3, source="RX-01", title=_("Days that a doctor may extend the validity to"), unit="d"
)
ORDER_DAYS = Parameter(
    "emr.order_days", int, 30, source="hospital", title=_("Days in which an order can be paid"), unit="d"
)
REVIEW_MINUTES = Parameter(
    "emr.review_minutes", int, 30, source="RX-09", title=_("Minutes that a pharmacist keeps a prescription"), unit="min"
)
RX_ONE_PHARMACIST = Parameter(
    "emr.rx_one_pharmacist", bool, False, source="RX-10", title=_("One pharmacist alone may review and dispense")
)
