"""The verbs of emr: its only writers."""

from .encounters import (
    allergy_add,
    allergy_none_known,
    allergy_resolve,
    encounter_close,
    encounter_open,
    vital_signs_record,
)
from .history import history_add
from .orders import ItemSpec, order_cancel, order_collect, order_place, order_schedule, order_stop
from .results import ObservationSpec, critical_acknowledge, report_file, report_release, report_review

__all__ = [
    "ItemSpec", "ObservationSpec", "allergy_add", "allergy_none_known", "allergy_resolve", "critical_acknowledge",
    "encounter_close", "encounter_open", "history_add", "order_cancel", "order_collect", "order_place",
    "order_schedule", "order_stop", "report_file", "report_release", "report_review", "vital_signs_record",
]  # fmt: skip
