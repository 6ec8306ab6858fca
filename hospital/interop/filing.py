"""From a read message to reports on the record: whose they are, which order they answer (E4, E5)."""

import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q

from emr.models import Order, Report, ReportKind
from emr.services import ObservationSpec, report_file
from hospital.kit.actor import Actor
from hospital.kit.transactions import within
from hospital.organisation.selectors import lab_item
from hospital.people.models import Patient

from .errors import NothingToFile, PatientMismatch, PatientUnknown, PatientUnproved
from .hl7.results import Identity, Oru, Result


def patient_of(identity: Identity) -> Patient:
    """The patient of the record number, if everything else that the sender says of the person is true of them.

    Raises PatientUnknown, PatientMismatch (all that differs, so that a typing slip is told from a wrong patient), and
    PatientUnproved when there is neither name nor date of birth: a number alone may be mistyped.
    """
    found = list(Patient.objects.filter(record_no__in=identity.record_numbers)[:2])
    if not found:
        raise PatientUnknown
    if len(found) > 1:
        raise PatientMismatch(which="PID-2, PID-3, PID-4")
    patient: Patient = found[0]
    if not identity.names and identity.birth_date is None:
        raise PatientUnproved
    wrong = [
        place
        for place, differs in (
            ("PID-5", bool(identity.names) and _plain(patient.name) not in map(_plain, identity.names)),
            ("PID-7", identity.birth_date is not None and identity.birth_date != patient.birth_date),
            ("PID-8", bool(identity.sex) and patient.sex != "0" and identity.sex != patient.sex),
            ("PID-19", bool(identity.id_cards) and _plain(patient.document_no) not in map(_plain, identity.id_cards)),
        )
        if differs
    ]
    if wrong:
        raise PatientMismatch(which=", ".join(wrong))
    return patient


def _plain(text: str) -> str:
    """Names and numbers as they compare: half width, capitals, no blanks, one kind of middle dot."""
    normal = unicodedata.normalize("NFKC", text).upper().replace("•", "·").replace("・", "·")
    return "".join(normal.split())


@within
def oru_file(*, actor: Actor, oru: Oru, sender: str, control_id: str, at: datetime) -> tuple[Patient, list[Report]]:
    """File every OBR that has results, each under the order it answers."""
    patient = patient_of(oru.identity)
    full = [result for result in oru.results if not result.is_empty]
    if not full:
        raise NothingToFile
    placers = _placers(full)
    reports = []
    for number, result in enumerate(full):
        reports.append(
            report_file(
                actor=actor,
                placer_number=placers.get(result.placer, "") or placers.get(result.filler, "") or result.placer,
                patient_id=patient.pk,
                observations=list(_specs(result)),
                source_key=_source_key(result, sender, control_id, number),
                at=at,
                kind=ReportKind.IMAGING if result.is_imaging else ReportKind.LAB,
                title=result.title,
                performer=result.performer,
                findings="\n".join(result.findings),
                conclusion="\n".join([*result.conclusion, *result.notes]),
                observed_at=_not_after(result.observed_at, at),
                reported_at=_not_after(result.reported_at, at),
            )
        )
    return patient, reports


def _placers(results: Iterable[Result]) -> dict[str, str]:
    """Numbers in the message that are numbers of our orders; some senders give ours as the filler's."""
    told = {number for result in results for number in (result.placer, result.filler) if number}
    known = Order.objects.filter(Q(placer_number__in=told)).values_list("placer_number", flat=True)
    return {number: number for number in known}


def _source_key(result: Result, sender: str, control_id: str, number: int) -> str:
    """The sender's own number of the report: the same again is the same report, changed it is a correction."""
    own = result.filler or result.placer
    return f"{sender}|{own}|{result.code}"[:200] if own else f"{sender}|{control_id}|{number}"[:200]


def _specs(result: Result) -> Iterable[ObservationSpec]:
    """Values under the codes of our catalogue where the item is known, else as they were sent."""
    for value in result.values:
        item = lab_item(value.code) or lab_item(value.name)
        yield ObservationSpec(
            code=item.code if item else value.code or value.name[:60], name=value.name, value=value.value,
            unit=value.unit, range_text=value.range_text, flag=value.flag,
        )  # fmt: skip


def _not_after(moment: datetime | None, at: datetime) -> datetime | None:
    """A clock of a sender that is wrong by days must not put results into the future."""
    return moment if moment is not None and moment <= at + timedelta(days=1) else None
