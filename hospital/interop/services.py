"""Taking in what other systems send: kept first, then filed or refused, answered always (H12)."""

import base64
import hashlib
import logging
import uuid
from datetime import datetime, timedelta

from django.db import DatabaseError, IntegrityError, transaction

from hospital.audit import services as audit
from hospital.kit.actor import Actor, system
from hospital.kit.problems import NotFound, Problem
from hospital.kit.transactions import entry

from . import filing, states
from .errors import InternalError, MessageNotForUs, MessageUnreadable, NumberReused
from .hl7 import message as hl7
from .hl7 import results
from .hl7.ack import Code, Verdict, ack
from .models import InboundMessage, InboundStatus
from .parameters import MOST_SEGMENTS, RETRY_AFTER_SECONDS

log = logging.getLogger(__name__)

HOUSE = system("interop.hl7")
_REJECTED = (MessageUnreadable, MessageNotForUs, NumberReused)
_TAKEN = {"ORU^R01"}


def message_answer(content: bytes, *, peer: str, at: datetime) -> bytes:
    """The acknowledgement of a message, whatever it is; never raises.

    The message is committed before anything is made of it, so that nothing which was answered is ever lost; a sender
    whose answer got lost repeats it and gets the same answer.
    """
    try:
        verdict = message_receive(content, peer=peer, at=at)
    except DatabaseError:
        log.exception("an inbound message could not be kept")
        verdict = Verdict(Code.ERROR, "The hospital's system is not available. Send the message again.", "busy")
    except Exception:  # an answer is due whatever happened; the message is kept and its error shown
        log.exception("an inbound message failed")
        verdict = Verdict(Code.ERROR, "Internal error. The message is kept; send it again later.", "internal")
    return ack(content, verdict, at=at, number=uuid.uuid4().hex[:20])


def message_receive(content: bytes, *, peer: str, at: datetime) -> Verdict:
    """Keep a message, then file or refuse it."""
    row = _keep(content, peer=peer, at=at)
    if row.digest != _digest(content):
        return _verdict_of(NumberReused())
    if row.status == InboundStatus.RECEIVED:
        row = message_taken_up(row, at)
    if row.status == InboundStatus.FILED:
        return Verdict(Code.ACCEPTED)
    rejected = row.problem in {problem.code for problem in _REJECTED}
    return Verdict(Code.REJECTED if rejected else Code.ERROR, row.refusal, row.problem)


def message_taken_up(row: InboundMessage, at: datetime) -> InboundMessage:
    """`message_process`, and a refusal where our own program fails."""
    try:
        return message_process(row_id=row.pk, at=at)
    except DatabaseError:
        raise  # not the message's fault: it is taken up again
    except Exception:
        log.exception("inbound message %s failed", row.pk)
        return _failed(row_id=row.pk, at=at)


@entry
def _failed(*, row_id: int, at: datetime) -> InboundMessage:
    """A message on which our own program fails is refused as well, so that staff see it and its sender hears of it."""
    row: InboundMessage = InboundMessage.objects.select_for_update(no_key=True).get(pk=row_id)
    if row.status == InboundStatus.RECEIVED:
        problem = InternalError()
        states.INBOUND.move(
            row, InboundStatus.REFUSED, actor=HOUSE, at=at, problem=problem.code, refusal=problem.reason,
            finished_at=at, attempts=row.attempts + 1,
        )  # fmt: skip
    return row


def _verdict_of(problem: Problem) -> Verdict:
    return Verdict(Code.REJECTED if isinstance(problem, _REJECTED) else Code.ERROR, problem.reason, problem.code)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _numbers(content: bytes) -> tuple[str, str, str]:
    """Sender, number and kind, also of a message that can't be read; without a number its bytes are its number."""
    header = hl7.Header(content)
    return (
        _storable(header.sender),
        _storable(header.control_id) or f"sha256:{_digest(content)}",
        _storable(header.type),
    )


def _storable(text: str) -> str:
    return text.replace("\0", "")


def _keep(content: bytes, *, peer: str, at: datetime) -> InboundMessage:
    """The row of a message, a new one or that of its first arrival."""
    sender, number, kind = _numbers(content)
    for _ in range(3):
        known = (
            InboundMessage.objects.filter(sender=sender, control_id=number)
            .exclude(status=InboundStatus.REFUSED)
            .first()
        )
        if known is not None:
            return known
        try:
            return _kept(content, sender=sender, number=number, kind=kind, peer=peer, at=at)
        except IntegrityError:  # the same message on another connection was first
            continue
    raise DatabaseError("a message is neither there nor can it be kept")


@entry
def _kept(content: bytes, *, sender: str, number: str, kind: str, peer: str, at: datetime) -> InboundMessage:
    row = InboundMessage.objects.create(
        sender=sender, control_id=number, kind=kind, digest=_digest(content), peer=peer[:60], received_at=at,
        raw=base64.b64encode(content).decode(),
    )  # fmt: skip
    states.INBOUND.begin(row, actor=HOUSE, at=at)
    return row


@entry
def message_process(*, row_id: int, at: datetime) -> InboundMessage:
    """File or refuse a kept message; one that was finished meanwhile is answered as it is."""
    row: InboundMessage = InboundMessage.objects.select_for_update(no_key=True).get(pk=row_id)
    if row.status != InboundStatus.RECEIVED:
        return row
    try:
        with transaction.atomic():  # a refusal takes back what was half filed, and keeps the row
            oru = _oru(_parsed(row, at))
            patient, reports = filing.oru_file(
                actor=HOUSE, oru=oru, sender=row.sender, control_id=row.control_id, at=at
            )
    except Problem as problem:
        states.INBOUND.move(
            row, InboundStatus.REFUSED, actor=HOUSE, at=at, problem=problem.code, refusal=problem.reason[:300],
            finished_at=at, attempts=row.attempts + 1,
        )  # fmt: skip
        audit.record(HOUSE, "inbound.refuse", at=at, subject=row, outcome=problem.code[:20])
        return row
    states.INBOUND.move(
        row, InboundStatus.FILED, actor=HOUSE, at=at, patient=patient, finished_at=at, attempts=row.attempts + 1,
        problem="", refusal="",
    )  # fmt: skip
    row.reports.set(reports)
    return row


def _parsed(row: InboundMessage, at: datetime) -> hl7.Message:
    if row.kind not in _TAKEN:
        raise MessageNotForUs(kind=row.kind or "?")
    try:
        return hl7.parse(base64.b64decode(row.raw), most_segments=MOST_SEGMENTS.at(at))
    except hl7.Unreadable as error:
        raise MessageUnreadable(why=str(error)) from error


def _oru(message: hl7.Message) -> results.Oru:
    try:
        return results.read(message)
    except hl7.Unreadable as error:
        raise MessageUnreadable(why=str(error)) from error


@entry
def message_retry(*, actor: Actor, row_id: int, at: datetime) -> InboundMessage:
    """Take a refused message up again, by hand, after what it lacked has been put right."""
    row = InboundMessage.objects.select_for_update(no_key=True).filter(pk=row_id).first()
    if row is None:
        raise NotFound
    newer = InboundMessage.objects.filter(sender=row.sender, control_id=row.control_id).exclude(
        status=InboundStatus.REFUSED
    )
    if newer.exists():
        raise NumberReused
    states.INBOUND.move(row, InboundStatus.RECEIVED, actor=actor, at=at)
    audit.record(actor, "inbound.retry", at=at, subject=row)
    return row


def unfinished_process(*, at: datetime) -> int:
    """The sweep: messages that were kept and then left, by a crash or a failure (nothing answered is lost)."""
    since = at - timedelta(seconds=RETRY_AFTER_SECONDS.at(at))
    rows = InboundMessage.objects.filter(status=InboundStatus.RECEIVED, received_at__lte=since)
    waiting = list(rows.order_by("received_at")[:100])
    for row in waiting:
        message_taken_up(row, at)
    return len(waiting)
