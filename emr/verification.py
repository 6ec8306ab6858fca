"""`manage.py verify_emr`: every change of a signed record is found (G10, MR-04).

What is compared: each link with its own bytes and with the link before; the end of the chain with ChainHead, with the
anchors outside of the database and with the audit lines of the signatures; and the tables that people read (notes,
diagnoses, prescriptions, reports) with what was signed.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

from hospital.audit.models import Entry

from . import chain
from .chain import Fault
from .models import (
    ChainHead,
    Diagnosis,
    DocumentKind,
    Encounter,
    Note,
    NoteStatus,
    Prescription,
    PrescriptionReview,
    PrescriptionStatus,
    Report,
    ReportStatus,
    SignedVersion,
)
from .services.prescriptions import line_content, review_content
from .services.results import report_content

T = TypeVar("T")
_BATCH = 1000
_SIGNING_ACTIONS = ("note.sign", "note.amend", "prescription.sign", "prescription.review", "report.release")


def faults() -> Iterator[Fault]:
    """Everything that doesn't verify; nothing when all is whole."""
    latest: dict[tuple[str, int], tuple[int, int]] = {}  # (kind, document) -> (version, sequence)
    yield from _links(latest)
    yield from _ends(latest)
    yield from _notes(latest)
    yield from _prescriptions(latest)
    yield from _reviews(latest)
    yield from _reports(latest)


def _links(latest: dict[tuple[str, int], tuple[int, int]]) -> Iterator[Fault]:
    head = ChainHead.objects.filter(pk=1).first()
    expected, previous = 1, ""
    for link in SignedVersion.objects.order_by("sequence").iterator(chunk_size=_BATCH):
        where = f"signed version {link.sequence}"
        if link.sequence != expected:
            yield Fault("sequence", where)
        if not chain.link_is_whole(link):
            yield Fault("seal", where)
        if link.previous != previous:
            yield Fault("previous", where)
        key = (link.kind, link.document_id)
        if link.version != latest.get(key, (0, 0))[0] + 1:
            yield Fault("version", where)
        latest[key] = (link.version, link.sequence)
        expected, previous = link.sequence + 1, link.seal
    if head is None:
        if expected > 1:
            yield Fault("head", "the end of the chain is gone")
        return
    if head.proof != chain.proof_of(head.chain, head.sequence, head.seal):
        yield Fault("head", "the end of the chain was forged")
    if (head.sequence, head.seal) != (expected - 1, previous):
        yield Fault("head", f"the chain ends at {expected - 1}, it should end at {head.sequence}")


def _ends(latest: dict[tuple[str, int], tuple[int, int]]) -> Iterator[Fault]:
    """A tail that was cut together with ChainHead still has its anchors and its audit lines."""
    head = ChainHead.objects.filter(pk=1).first()
    signed = SignedVersion.objects.count()
    lines = Entry.objects.filter(action__in=_SIGNING_ACTIONS).count()
    if lines > signed:
        yield Fault("audit", f"{lines} signatures are in the audit trail, {signed} in the chain")
    if head is None:
        return
    found = {sequence: (seal, genuine) for sequence, seal, genuine in chain.anchors(head)}
    seals = dict(SignedVersion.objects.filter(sequence__in=found).values_list("sequence", "seal"))
    for sequence, (seal, genuine) in found.items():
        if not genuine:
            yield Fault("anchor", f"the anchor of {sequence} isn't ours")
        elif seals.get(sequence) != seal:
            yield Fault("anchor", f"signed version {sequence} isn't what was anchored")


def _batches(rows: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


def _contents(kind: DocumentKind, latest: dict[tuple[str, int], tuple[int, int]], ids: Iterable[int]) -> dict[int, Any]:
    """What was signed last of each document."""
    sequences = [latest[kind, pk][1] for pk in ids if (kind, pk) in latest]
    return {link.document_id: link for link in SignedVersion.objects.filter(sequence__in=sequences)}


def _compare(
    kind: DocumentKind,
    latest: dict[tuple[str, int], tuple[int, int]],
    rows: Any,
    must_be_signed: Callable[[Any], bool],
    same: Callable[[Any, SignedVersion], bool],
) -> Iterator[Fault]:
    """Each row against its last signed version; a signed version without a row is a fault too."""
    seen = set()
    for batch in _batches(rows.iterator(chunk_size=_BATCH)):
        signed = _contents(kind, latest, [row.pk for row in batch])
        for row in batch:
            seen.add(row.pk)
            link = signed.get(row.pk)
            if link is None:
                if must_be_signed(row):
                    yield Fault("unsigned", f"{kind} {row.pk} says that it is signed")
            elif not must_be_signed(row) or not chain.link_is_whole(link) or not same(row, link):
                yield Fault("changed", f"{kind} {row.pk} isn't what was signed")
    for other, document_id in latest:
        if other == kind and document_id not in seen:
            yield Fault("missing", f"{kind} {document_id} was signed and is gone")


def _notes(latest: dict[tuple[str, int], tuple[int, int]]) -> Iterator[Fault]:
    diagnoses: dict[int, list[tuple[str, str, str, bool]]] = {}
    live = Diagnosis.objects.filter(withdrawn_at=None).order_by("encounter_id", "position", "pk")
    for row in live.iterator(chunk_size=_BATCH):
        diagnoses.setdefault(row.encounter_id, []).append((row.code, row.display, row.role, row.suspected))

    def same(note: Note, link: SignedVersion) -> bool:
        data, encounter = link.data, note.encounter
        said = [(one["code"], one["display"], one["role"], one["suspected"]) for one in data["diagnoses"]]
        return (
            diagnoses.get(encounter.pk, []) == said
            and _encounter_facts(encounter) == _signed_facts(data)
            and link.encounter_id == encounter.pk
            and link.signer_id == encounter.doctor_id == data["author"]["id"]
            and note.form == data["form"]
        )

    rows = Note.objects.select_related("encounter").order_by("pk")
    yield from _compare(DocumentKind.NOTE, latest, rows, lambda note: note.status != NoteStatus.DRAFT, same)
    with_note = set(Note.objects.exclude(status=NoteStatus.DRAFT).values_list("encounter_id", flat=True))
    for encounter_id in diagnoses.keys() - with_note:
        yield Fault("unsigned", f"encounter {encounter_id} has a diagnosis that nobody signed")


def _encounter_facts(encounter: Encounter) -> list[Any]:
    return [
        encounter.pk, encounter.number, encounter.kind, encounter.department_id, chain.instant(encounter.started_at),
        encounter.patient_id,
    ]  # fmt: skip


def _signed_facts(data: dict[str, Any]) -> list[Any]:
    said = data["encounter"]
    return [
        said["id"], said["number"], said["kind"], said["department"], said["started_at"], data["patient"]["id"]
    ]  # fmt: skip


def _prescriptions(latest: dict[tuple[str, int], tuple[int, int]]) -> Iterator[Fault]:
    def same(row: Prescription, link: SignedVersion) -> bool:
        data = link.data
        lines = sorted(row.lines.all(), key=lambda line: line.position)
        return bool(
            [line_content(line) for line in lines] == data["lines"]
            and (row.number, row.kind, row.patient_id, row.doctor_id, row.department_id, row.long_reason)
            == (data["number"], data["kind"], data["patient"]["id"], data["doctor"]["id"], data["department"],
                data["long_reason"])
            and row.override_reason == data["override_reason"]
            and row.signed_at == link.signed_at
            and chain.instant(row.valid_until) == data["valid_until"]
        )  # fmt: skip

    def must(row: Prescription) -> bool:
        return row.status not in {PrescriptionStatus.DRAFT, PrescriptionStatus.VOID} or row.signed_at is not None

    rows = Prescription.objects.prefetch_related("lines").order_by("pk")
    yield from _compare(DocumentKind.PRESCRIPTION, latest, rows, must, same)
    passed = set(PrescriptionReview.objects.filter(outcome="pass").values_list("prescription_id", flat=True))
    went_on = Prescription.objects.filter(status__in=["approved", "paid", "dispensed", "delivered"])
    for pk in went_on.exclude(pk__in=passed).values_list("pk", flat=True):
        yield Fault("unreviewed", f"prescription {pk} went on without a pharmacist")


def _reviews(latest: dict[tuple[str, int], tuple[int, int]]) -> Iterator[Fault]:
    def same(row: PrescriptionReview, link: SignedVersion) -> bool:
        return review_content(row) == link.data and row.reviewer_id == link.signer_id and row.at == link.signed_at

    rows = PrescriptionReview.objects.order_by("pk")
    yield from _compare(DocumentKind.REVIEW, latest, rows, lambda row: True, same)


def _reports(latest: dict[tuple[str, int], tuple[int, int]]) -> Iterator[Fault]:
    def same(row: Report, link: SignedVersion) -> bool:
        return (
            report_content(row) == link.data
            and (row.patient_id, row.released_by_id, row.released_at)
            == (link.patient_id, link.signer_id, link.signed_at)
        )  # fmt: skip

    rows = Report.objects.prefetch_related("observations").order_by("pk")
    yield from _compare(
        DocumentKind.REPORT, latest, rows,
        lambda row: row.status == ReportStatus.RELEASED or row.released_at is not None, same,
    )  # fmt: skip
