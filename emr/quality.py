"""Quality rules of class A that hold a signature back (rules section 5), each with its next step.

A rule answers {field: what to do}; the field is a section of the note, "diagnoses" or "allergies". Rules that only
warn (B, C) are the quality control desk's.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from hospital.kit.problems import Text
from hospital.people.models import Patient, Sex

from . import kinds, parameters
from .models import Encounter, EncounterKind
from .note_form import Section

Defects = dict[str, Text]


@dataclass(frozen=True, slots=True)
class DraftDiagnosis:
    """A diagnosis of a draft, its code already looked up in the catalogue."""

    concept_id: int
    code: str
    display: str
    role: str
    suspected: bool


@dataclass(frozen=True, slots=True)
class Subject:
    """All that the rules look at."""

    encounter: Encounter
    patient: Patient
    sections: Sequence[Section]
    fields: Mapping[str, str]
    diagnoses: Sequence[DraftDiagnosis]
    has_allergy_statement: bool
    from_patient: frozenset[str]  # sections that the doctor hasn't confirmed yet
    at: datetime


_AMOUNT = r"(?:\d+|[一二两三四五六七八九十百半数多]+)"
_DURATION = re.compile(
    rf"{_AMOUNT}\s*(?:余|多|\+)?\s*个?半?(?:年|月|周|星期|天|日|小时|时|分钟|疗程|周期)|"
    r"\b\d+\s*(?:year|month|week|day|hour|cycle)s?\b",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(r"_{3,}|＿{2,}|X{3,}|x{3,}|\{[^}]*\}|请填写|请输入|【\s*】|\[\s*\]|<[^>]*填[^>]*>")
_ID_NUMBER = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")
_FEMALE_CODES = re.compile(r"^(O\d|N7[0-79]|N8|N9[0-8]|C5[1-8]|D0[67]\.[0-3]|D2[5-8]|Z3[2-6]|Z39)")
_MALE_CODES = re.compile(r"^(C6[0-3]|N4[0-9]|N5[01]|D29|Q5[35])")
_SIDES = {"左": "left", "右": "right"}


def q02_complaint(subject: Subject) -> Defects:
    """Q02: the chief complaint is there, short, and says since when."""
    text = subject.fields.get("chief_complaint", "").strip()
    most = parameters.COMPLAINT_CHARACTERS.at(subject.at)
    if not text:
        return {"chief_complaint": _("Write the chief complaint: what, and since when.")}
    if len(text) > most:
        return {
            "chief_complaint": _("Shorten it to %(most)d characters (now %(now)d).") % {"most": most, "now": len(text)}
        }
    if not _DURATION.search(text):
        return {"chief_complaint": _("Say since when, for example '2 years after surgery'.")}
    return {}


def q04_diagnosis(subject: Subject) -> Defects:
    """Q04: one main diagnosis from the catalogue; 'to be clarified' alone names a suspected cause."""
    mains = [one for one in subject.diagnoses if one.role == "main"]
    if len(mains) != 1:
        return {"diagnoses": _("Choose exactly one main diagnosis.")}
    if "待查" in mains[0].display and len(subject.diagnoses) == 1:
        return {"diagnoses": _("Add the suspected cause as a further diagnosis.")}
    return {}


def q05_allergies(subject: Subject) -> Defects:
    """Q05: allergies are listed or explicitly none known."""
    if subject.has_allergy_statement:
        return {}
    return {"allergies": _("Ask for allergies: add them, or record that none is known.")}


def required_sections(subject: Subject) -> Defects:
    """Q06, Q17, MR-07: what the form asks for is there, readable, and possible."""
    faults = {section.id: section.fault(subject.fields.get(section.id, "").strip()) for section in subject.sections}
    return {name: fault for name, fault in faults.items() if fault}


def q14_sex(subject: Subject) -> Defects:
    """Q14: the diagnosis is possible for the patient's sex."""
    wrong = {Sex.MALE: _FEMALE_CODES, Sex.FEMALE: _MALE_CODES}.get(Sex(subject.patient.sex))
    if wrong is not None:
        for one in subject.diagnoses:
            if wrong.match(one.code):
                return {"diagnoses": _("%(name)s isn't possible for this patient's sex.") % {"name": one.display}}
    return {}


def q18_side(subject: Subject) -> Defects:
    """Q18: left and right agree between complaint and diagnosis."""
    told = _sides(subject.fields.get("chief_complaint", ""))
    found = _sides("".join(one.display for one in subject.diagnoses))
    if told and found and told.isdisjoint(found):
        return {"chief_complaint": _("The side differs from the diagnosis.")}
    return {}


def _sides(text: str) -> set[str]:
    if "双" in text:
        return {"left", "right"}
    return {side for word, side in _SIDES.items() if word in text}


def q25_other_patient(subject: Subject) -> Defects:
    """Q25: nothing of another patient is left in the text."""
    defects: Defects = {}
    other = {Sex.FEMALE: "男", Sex.MALE: "女"}.get(Sex(subject.patient.sex))
    own = str(subject.patient.document_no).upper()
    for section, text in subject.fields.items():
        if other and re.search(rf"(?:患者|病人)[，,、\s]*{other}(?:性|，|,|、|\s|。|\d|$)|{other}性患者", text):
            defects[section] = _("It speaks of a patient of the other sex. Is this another patient's text?")
        elif any(number.upper() != own for number in _ID_NUMBER.findall(text)):
            defects[section] = _("It holds another person's identity number.")
    return defects


def q26_placeholders(subject: Subject) -> Defects:
    """Q26: no blanks of a template are left."""
    return {
        section: _("Fill or remove the blanks of the template.")
        for section, text in subject.fields.items()
        if _PLACEHOLDER.search(text)
    }


def ih09_confirmed(subject: Subject) -> Defects:
    """IH-09: what the patient's answers wrote is confirmed by the doctor before it becomes the doctor's text."""
    return {
        section: _("This was written from the patient's answers: confirm or change it.")
        for section in subject.from_patient
    }


RULES: tuple[Callable[[Subject], Defects], ...] = (
    required_sections, q25_other_patient, q26_placeholders, q18_side, q02_complaint, q04_diagnosis, q14_sex,
    q05_allergies, ih09_confirmed,
)  # fmt: skip


def defects(subject: Subject) -> Defects:
    """Everything that holds the signature back; empty when it may be signed."""
    found: Defects = {}
    if subject.encounter.kind in {EncounterKind.OUTPATIENT, EncounterKind.ONLINE}:
        for rule in RULES:
            for field, text in rule(subject).items():
                found.setdefault(field, text)
    for field, text in kinds.encounter_use(subject.encounter).defects(subject.encounter, subject.at).items():
        found.setdefault(field, text)
    return found
