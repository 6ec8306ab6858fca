"""Every limit of consult (rules G-1)."""

from django.utils.translation import gettext_lazy as _

from hospital.kit.parameters import Parameter

ANSWER_HOURS = Parameter(
    "consult.answer_hours", int, 24, source="IH-19", unit="h",
    title=_("Hours after the booked time in which a visit must be answered"),
)  # fmt: skip
TALK_HOURS = Parameter(
    "consult.talk_hours", int, 48, source="hospital", unit="h", title=_("Hours after which an open talk ends by itself")
)
EVIDENCE_MONTHS = Parameter(
    "consult.evidence_months", int, 36, source="OP-03", unit="months",
    title=_("Months for which an offline diagnosis proves a return visit"),
)  # fmt: skip
FIRST_VISIT_DOCTORS = Parameter(
    "consult.first_visit_doctors", list, [], source="IH-02",
    title=_("Staff numbers of the doctors in the first-visit pilot"),
)  # fmt: skip
GUARDIAN_AGE = Parameter(
    "consult.guardian_age", int, 6, source="IH-06", unit="years",
    title=_("Age under which prescribing needs a guardian and a paediatrician"),
)  # fmt: skip
TEXT_CHARACTERS = Parameter(
    "consult.text_characters", int, 1000, source="hospital", title=_("Longest line of a talk"), unit="characters"
)
PICTURE_MEGABYTES = Parameter(
    "consult.picture_megabytes", int, 10, source="G16", title=_("Largest picture of a talk"), unit="MB"
)
PICTURES_PER_VISIT = Parameter(
    "consult.pictures_per_visit", int, 60, source="G16", title=_("Most pictures in one talk")
)
LINES_PER_MINUTE = Parameter(
    "consult.lines_per_minute", int, 60, source="G19", title=_("Most lines of a talk in a minute by one person")
)
