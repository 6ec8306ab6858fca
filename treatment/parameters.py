"""Dated limits of treatment."""

from django.utils.translation import gettext_lazy as _

from hospital.kit.parameters import Parameter

MOVE_CUT_OFF_HOURS = Parameter(
    "treatment.move_cut_off_hours", int, 12, source="TR-02", unit="h",
    title=_("How long before a session the patient may still move it"),
)  # fmt: skip
CHECK_IN_HOURS = Parameter(
    "treatment.check_in_hours", int, 2, source="AP-10", unit="h",
    title=_("How long before and after its time a patient may check in for a session"),
)  # fmt: skip
REMIND_HOURS = Parameter(
    "treatment.remind_hours",
    int,
    16,
    source="H5",
    unit="h",
    title=_("How long before a session the patient is reminded"),
)
ANSWER_DAYS = Parameter(
    "treatment.answer_days", int, 14, source="T9", unit="d", title=_("How long a follow-up form may be answered")
)
CARE_DAYS_AFTER = Parameter(
    "treatment.care_days_after", int, 730, source="MR-12", unit="d",
    title=_("How long after a course its department may open the record"),
)  # fmt: skip
PROLONGED_DAYS = {
    1: Parameter(
        "treatment.prolonged_days_1", int, 2, source="TR-08", unit="d",
        title=_("By how many working days a course of category 1 may end later"),
    ),
    2: Parameter(
        "treatment.prolonged_days_2", int, 5, source="TR-08", unit="d",
        title=_("By how many working days a course of category 2 may end later"),
    ),
    3: Parameter(
        "treatment.prolonged_days_3", int, 7, source="TR-08", unit="d",
        title=_("By how many working days a course of category 3 may end later"),
    ),
}  # fmt: skip
ADVERSE_GRADE = Parameter(
    "treatment.adverse_grade", int, 3, source="TR-04",
    title=_("From which grade a reaction stops the course and alarms"),
)  # fmt: skip
CALL_AGAIN_HOURS = Parameter(
    "treatment.call_again_hours", int, 4, source="T9", unit="h",
    title=_("After how long somebody who was not reached is called again"),
)  # fmt: skip
MISSED_AFTER_HOURS = Parameter(
    "treatment.missed_after_hours", int, 4, source="TR-08", unit="h",
    title=_("How long after its end a session that nobody came to counts as missed"),
)  # fmt: skip
