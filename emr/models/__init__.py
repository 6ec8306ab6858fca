"""Tables of emr: the encounter and all that is written in it."""

from .encounters import (
    Allergy,
    Diagnosis,
    DiagnosisRole,
    EmrNotice,
    Encounter,
    EncounterKind,
    EncounterStatus,
    Problem,
    ProblemStatus,
    VitalKind,
    VitalSign,
)
from .history import HistoryItem, HistoryKind
from .notes import (
    AmendmentRequest,
    AmendmentStatus,
    ChainHead,
    DocumentKind,
    Note,
    NoteStatus,
    NoteTemplate,
    NoteVersion,
    SignedVersion,
)
from .orders import Order, Orderable, OrderItem, OrderSet, OrderSetItem, OrderStatus
from .prescriptions import (
    Delivery,
    DeliveryStatus,
    DispenseCheck,
    Drug,
    LineSource,
    Prescription,
    PrescriptionKind,
    PrescriptionLine,
    PrescriptionReview,
    PrescriptionStatus,
    PrescriptionTemplate,
    ReviewOutcome,
)
from .results import CriticalAlert, CriticalLimit, Flag, Observation, Report, ReportKind, ReportStatus, Specimen

__all__ = [
    "Allergy", "AmendmentRequest", "AmendmentStatus", "ChainHead", "CriticalAlert", "CriticalLimit", "Delivery",
    "DeliveryStatus", "Diagnosis", "DiagnosisRole", "DispenseCheck", "DocumentKind", "Drug", "EmrNotice", "Encounter",
    "EncounterKind", "EncounterStatus", "Flag", "HistoryItem", "HistoryKind", "LineSource", "Note", "NoteStatus",
    "NoteTemplate", "NoteVersion", "Observation", "Order", "OrderItem", "OrderSet", "OrderSetItem", "OrderStatus",
    "Orderable", "Prescription", "PrescriptionKind", "PrescriptionLine", "PrescriptionReview", "PrescriptionStatus",
    "PrescriptionTemplate", "Problem", "ProblemStatus", "Report", "ReportKind", "ReportStatus", "ReviewOutcome",
    "SignedVersion", "Specimen", "VitalKind", "VitalSign",
]  # fmt: skip
