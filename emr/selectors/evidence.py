"""What an encounter says: its form, its diagnoses, what proves an offline visit (IH-01); small reads for upper apps."""

from dataclasses import dataclass
from datetime import datetime

from hospital.forms.models import QuestionnaireVersion
from hospital.organisation.models import CodeSystem, Concept

from .. import note_form
from ..models import Diagnosis, Encounter, EncounterKind, Note, NoteStatus, Order, Report
from ..note_form import Section


def form_current(name: str) -> QuestionnaireVersion | None:
    """The hospital's own published version of a note's form; None when the shipped one holds."""
    rows = QuestionnaireVersion.objects.filter(questionnaire__name=name, questionnaire__is_active=True)
    return rows.order_by("-number").first()


def note_sections(note: Note) -> tuple[Section, ...]:
    """The parts of a note, as its pinned form asks for them."""
    content = note.form_version.content if note.form_version is not None else note_form.shipped(note.form)
    return note_form.sections_of(content)


@dataclass(frozen=True, slots=True)
class OfflineDiagnosis:
    """Evidence that an offline diagnosis exists (IH-01): what, when, where, by whom."""

    diagnosis_id: int
    encounter_id: int
    code: str
    display: str
    is_main: bool
    department: str
    doctor: str
    at: datetime  # of the visit

    @property
    def category(self) -> str:
        """The three-character category by which a return visit is matched (OP-02)."""
        return self.code[:3].upper()


def offline_diagnoses(patient_id: int, *, at: datetime) -> list[OfflineDiagnosis]:
    """Confirmed diagnoses of this hospital's own signed outpatient notes, newest first (IH-01)."""
    rows = (
        Diagnosis.objects.filter(
            encounter__patient_id=patient_id, encounter__kind=EncounterKind.OUTPATIENT, encounter__started_at__lte=at,
            encounter__note__status__in=[NoteStatus.SIGNED, NoteStatus.ARCHIVED], suspected=False, withdrawn_at=None,
        )
        .select_related("encounter__department", "encounter__doctor")
        .order_by("-encounter__started_at", "role", "position")
    )  # fmt: skip
    return [
        OfflineDiagnosis(
            row.pk, row.encounter_id, row.code, row.display, row.role == "main", row.encounter.department.name,
            row.encounter.doctor.name, row.encounter.started_at,
        )
        for row in rows
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class KnownDiagnosis:
    """A diagnosis of an encounter: of the signed note, or of the draft while there is none."""

    code: str
    display: str
    role: str
    suspected: bool
    is_signed: bool


def encounter_diagnoses(encounter: Encounter) -> list[KnownDiagnosis]:
    """What the doctor says this encounter is about, main diagnosis first; codes are of the catalogue (Q04)."""
    rows = Diagnosis.objects.filter(encounter=encounter, withdrawn_at=None).order_by("role", "position")
    signed = [KnownDiagnosis(row.code, row.display, row.role, row.suspected, True) for row in rows]
    if signed:
        return signed
    note = Note.objects.filter(encounter=encounter).first()
    drafted = note.draft.get("diagnoses", []) if note else []
    names = dict(
        Concept.objects.filter(
            system=CodeSystem.ICD10, code__in=[row["code"] for row in drafted], is_active=True
        ).values_list("code", "display")
    )
    known = [
        KnownDiagnosis(row["code"], names[row["code"]], row["role"], bool(row["suspected"]), False)
        for row in drafted
        if row["code"] in names
    ]
    return sorted(known, key=lambda one: one.role != "main")


def encounter_of(because: str, because_id: int) -> Encounter | None:
    """The encounter that an upper app's row opened, if it did."""
    return Encounter.objects.filter(because=because, because_id=because_id).first()


def order_get(order_id: int) -> Order:
    """For upper apps: an order with its patient and encounter. Reads no record; the caller asks its own policy."""
    return Order.objects.select_related("patient", "encounter", "doctor").get(pk=order_id)


def orders_of(encounter_id: int) -> list[Order]:
    return list(Order.objects.filter(encounter_id=encounter_id).prefetch_related("items").order_by("pk"))


def report_get(report_id: int) -> Report:
    return Report.objects.get(pk=report_id)
