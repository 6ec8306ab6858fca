"""The chain of signed records: how a link is made and how every change of one is found (MR-04, G10).

Each link holds the exact bytes that were signed, their SHA-256 and an HMAC over all its columns and over the link
before. Three ends are compared, so that a cut tail can't hide: ChainHead in the same database, the audit line that
each signature leaves, and the anchor file under settings.VAR_DIR, which another account of the machine should ship
away (docs: emr/README.md). Who holds the database but not SIGNING_KEY can change nothing unseen.
"""

import hashlib
import hmac
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from hospital.kit.transactions import within

from .errors import ChainBroken
from .models import ChainHead, DocumentKind, Encounter, SignedVersion


def canonical(value: Any) -> str:
    """JSON in one spelling only: sorted keys, no spaces, no floats, Chinese as it is."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def instant(at: datetime | None) -> str:
    """An instant in one spelling: the database answers in UTC, the edge thinks in Shanghai."""
    return "" if at is None else at.astimezone(UTC).isoformat(timespec="microseconds")


def digest_of(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def _mac(purpose: str, text: str) -> str:
    key = hmac.new(settings.SIGNING_KEY.encode(), f"emr.{purpose}".encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def seal_of(link: SignedVersion) -> str:
    """The HMAC over every column except the seal itself."""
    body = {
        "sequence": link.sequence, "kind": str(link.kind), "document": link.document_id, "version": link.version,
        "patient": link.patient_id, "encounter": link.encounter_id, "content": link.content, "digest": link.digest,
        "previous": link.previous, "signer": link.signer_id, "signed_at": int(link.signed_at.timestamp() * 1_000_000),
        "reason": link.reason, "late": link.late,
    }  # fmt: skip
    return _mac("link", canonical(body))


def proof_of(chain: uuid.UUID, sequence: int, seal: str) -> str:
    return _mac("head", f"{chain.hex}:{sequence}:{seal}")


def link_is_whole(link: SignedVersion) -> bool:
    """Is this one version what was signed? (The order of links is verify()'s business.)"""
    return link.digest == digest_of(link.content) and hmac.compare_digest(link.seal, seal_of(link))


@within
def link_add(
    *,
    kind: DocumentKind,
    document_id: int,
    version: int,
    patient_id: int,
    encounter: Encounter | None,
    content: dict[str, Any],
    signer_id: int,
    at: datetime,
    reason: str = "",
    late: bool = False,
) -> SignedVersion:
    """Sign `content`: add the next link. Call it last in the verb, the head's lock is the hospital's narrowest door."""
    head = _head_locked()
    text = canonical(content)
    link = SignedVersion(
        sequence=head.sequence + 1, kind=kind, document_id=document_id, version=version, patient_id=patient_id,
        encounter=encounter, content=text, digest=digest_of(text), previous=head.seal, signer_id=signer_id,
        signed_at=at, reason=reason, late=late,
    )  # fmt: skip
    link.seal = seal_of(link)
    link.save(force_insert=True)
    head.sequence, head.seal = link.sequence, link.seal
    head.proof = proof_of(head.chain, head.sequence, head.seal)
    head.save(update_fields=["sequence", "seal", "proof"])
    # A full disk must not undo a signature that is already committed: the sweep writes the anchor again.
    transaction.on_commit(lambda: anchor_write(head), robust=True)
    return link


def _head_locked() -> ChainHead:
    head = ChainHead.objects.select_for_update().filter(pk=1).first()
    if head is None:
        if SignedVersion.objects.exists():
            raise ChainBroken  # the end of a chain that has links was taken away
        fresh = ChainHead(pk=1)
        fresh.proof = proof_of(fresh.chain, 0, "")
        ChainHead.objects.bulk_create([fresh], ignore_conflicts=True)
        head = ChainHead.objects.select_for_update().get(pk=1)
    if not hmac.compare_digest(head.proof, proof_of(head.chain, head.sequence, head.seal)):
        raise ChainBroken
    return head


def anchor_path(head: ChainHead) -> Path:
    return Path(settings.VAR_DIR) / "anchors" / f"emr-{head.chain.hex}.txt"


def anchor_write(head: ChainHead) -> None:
    """Append the end of the chain to the file outside of the database."""
    path = anchor_path(head)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="ascii") as file:
        file.write(f"{head.sequence} {head.seal} {head.proof}\n")


def anchors(head: ChainHead) -> Iterator[tuple[int, str, bool]]:
    """(sequence, seal, is genuine) of each line of the anchor file."""
    path = anchor_path(head)
    if not path.exists():
        return
    with path.open(encoding="ascii", errors="replace") as file:
        for line in file:
            number, _, rest = line.strip().partition(" ")
            seal, _, proof = rest.partition(" ")
            sequence = int(number) if number.isdigit() else 0
            yield sequence, seal, hmac.compare_digest(proof, proof_of(head.chain, sequence, seal))


def anchor_repair(*, at: datetime) -> int:
    """Sweep: write the present end of the chain when the file doesn't hold it yet."""
    head = ChainHead.objects.filter(pk=1).first()
    if head is None or not head.sequence or any(sequence == head.sequence for sequence, _, _ in anchors(head)):
        return 0
    anchor_write(head)
    return 1


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that doesn't verify. `what` is a stable word, `where` names the row."""

    what: str
    where: str
