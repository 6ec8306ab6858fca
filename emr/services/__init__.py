"""The verbs of emr: its only writers. All run inside the caller's transaction; pages call them through kit `entry`."""

from .dispensing import (
    delivery_arrive,
    delivery_choose,
    delivery_send,
    prescription_dispense,
    prescriptions_tidy,
)
from .encounters import (
    allergy_add,
    allergy_none_known,
    allergy_resolve,
    encounter_close,
    encounter_open,
    vital_signs_record,
)
from .history import history_add
from .notes import (
    DiagnosisSpec,
    amendment_ask,
    amendment_decide,
    note_amend,
    note_prefill,
    note_save,
    note_sign,
)
from .orders import (
    ItemSpec,
    order_cancel,
    order_close,
    order_collect,
    order_place,
    order_schedule,
    order_stop,
    order_unschedule,
    specimen_take,
)
from .prescriptions import (
    LineSpec,
    prescription_draft,
    prescription_review,
    prescription_sign,
    prescription_take,
    prescription_void,
)
from .problems import problem_reopen, problem_resolve
from .results import ObservationSpec, critical_acknowledge, report_file, report_release, report_review

__all__ = [
    "DiagnosisSpec", "ItemSpec", "LineSpec", "ObservationSpec", "allergy_add", "allergy_none_known",
    "allergy_resolve", "amendment_ask", "amendment_decide", "critical_acknowledge", "delivery_arrive",
    "delivery_choose", "delivery_send", "encounter_close", "encounter_open", "history_add", "note_amend",
    "note_prefill", "note_save", "note_sign", "order_cancel", "order_close", "order_collect", "order_place",
    "order_schedule", "order_stop", "order_unschedule", "prescription_dispense", "prescription_draft",
    "prescription_review", "prescription_sign", "prescription_take", "prescription_void", "prescriptions_tidy",
    "problem_reopen", "problem_resolve", "report_file", "report_release", "report_review", "specimen_take", "vital_signs_record",
]  # fmt: skip
