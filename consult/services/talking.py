"""The talk: lines numbered without gaps, each stored before anybody is told of it (G35).

The database is the truth. The channel layer only says "look": a socket that hears it, or its own clock, asks for
everything after the last line it has.
"""

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import IO, Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from hospital.audit.services import record
from hospital.kit.actor import Actor, system
from hospital.kit.breaker import Breaker
from hospital.kit.pictures import Picture, picture_read
from hospital.kit.problems import NotFound
from hospital.kit.transactions import entry, within
from hospital.messaging.services import message_send, patient_tell

from .. import errors, parameters, policy
from ..models import MessageKind, OnlineVisit, Sender, TalkMessage, TalkPicture
from ..states import OPEN_TALK, VisitStatus

log = logging.getLogger(__name__)
HOUSE = system("consult")

_WAKE_SECONDS = 1.0
_layer = Breaker()


def group_of(visit_id: int) -> str:
    return f"talk.{visit_id}"


def locked(visit_id: int) -> OnlineVisit:
    """The visit, locked. Raises NotFound."""
    rows = OnlineVisit.objects.select_for_update(no_key=True, of=("self",))
    visit = rows.select_related("patient", "doctor", "department", "booking").filter(pk=visit_id).first()
    if visit is None:
        raise NotFound
    return visit


def wake(visit_id: int) -> None:
    """After the commit, tell the sockets of this talk to look. A layer that is down is no error: they look anyway."""

    async def tell() -> None:
        layer = get_channel_layer()
        async with asyncio.timeout(_WAKE_SECONDS):
            await layer.group_send(group_of(visit_id), {"type": "talk.wake"})  # type: ignore[union-attr]

    def send() -> None:
        if _layer.is_open:
            return
        try:
            async_to_sync(tell)()
        except Exception:  # whatever Redis and its client raise; sockets look by their own clock
            _layer.failed()
            log.warning("talk %s: the channel layer didn't take the wake-up", visit_id)
        else:
            _layer.answered()

    transaction.on_commit(send)


@within
def line_add(
    visit: OnlineVisit,
    *,
    at: datetime,
    sender: str,
    text: str = "",
    kind: str = MessageKind.TEXT,
    card: Mapping[str, Any] | None = None,
    account_id: int | None = None,
    client_key: str = "",
) -> TalkMessage:
    """The next line of a locked visit."""
    visit.last_seq += 1
    visit.save(update_fields=["last_seq"])
    line = TalkMessage.objects.create(
        visit=visit, seq=visit.last_seq, sender=sender, kind=kind, text=text, card=dict(card or {}),
        account_id=account_id, client_key=client_key, at=at,
    )  # fmt: skip
    wake(visit.pk)
    return line


@entry
def message_post(*, actor: Actor, visit_id: int, text: str, client_key: str, at: datetime) -> TalkMessage:
    """Write a line. The same `client_key` by the same person answers the line that is there already (G35).

    Raises NotFound for strangers, NotTalking, TextRefused, TooFast.
    """
    visit = locked(visit_id)
    known = _said_before(visit, actor, client_key)
    if known is not None:
        return known
    _must_be_open(visit, actor)
    clean = text.replace("\r\n", "\n").replace("\x00", "").strip()
    most = parameters.TEXT_CHARACTERS.at(at)
    if not clean or len(clean) > most:
        raise errors.TextRefused(most=most)
    return _say(visit, actor, at=at, client_key=client_key, text=clean)


def picture_post(*, actor: Actor, visit_id: int, upload: IO[bytes], client_key: str, at: datetime) -> TalkMessage:
    """Show a picture. The same `client_key` by the same person answers the line that is there already.

    It is made anew before the visit is locked: decoding takes a second of work, and the talk goes on meanwhile.
    Raises NotFound for strangers, NotTalking, PictureRefused, TooManyPictures, TooFast; then no file is left behind.
    """
    visit = OnlineVisit.objects.filter(pk=visit_id).first()
    if visit is None:
        raise NotFound
    policy.must_be_member(actor, visit)  # a stranger's picture isn't even read
    picture = picture_read(upload, most_bytes=parameters.PICTURE_MEGABYTES.at(at) * 1024 * 1024)
    place = f"consult/talk/{at:%Y/%m}/{secrets.token_hex(20)}.jpg"
    name = default_storage.save(place, ContentFile(picture.content))
    kept = False
    try:
        line = _picture_add(actor=actor, visit_id=visit_id, picture=picture, name=name, client_key=client_key, at=at)
        kept = TalkPicture.objects.filter(file=name).exists()
        return line
    finally:
        if not kept:
            default_storage.delete(name)


@entry
def _picture_add(
    *, actor: Actor, visit_id: int, picture: Picture, name: str, client_key: str, at: datetime
) -> TalkMessage:
    visit = locked(visit_id)
    known = _said_before(visit, actor, client_key)
    if known is not None:
        return known
    _must_be_open(visit, actor)
    most = parameters.PICTURES_PER_VISIT.at(at)
    if TalkPicture.objects.filter(visit=visit).count() >= most:
        raise errors.TooManyPictures(most=most)
    row = TalkPicture.objects.create(
        visit=visit, file=name, digest=hashlib.sha256(picture.content).hexdigest(), width=picture.width,
        height=picture.height, account_id=actor.own_account_id, at=at,
    )  # fmt: skip
    record(actor, "consult.picture_sent", at=at, subject=row, patient_id=visit.patient_id)
    card = {"what": "picture", "id": row.pk, "width": row.width, "height": row.height}
    return _say(visit, actor, at=at, client_key=client_key, kind=MessageKind.PICTURE, card=card)


def _said_before(visit: OnlineVisit, actor: Actor, client_key: str) -> TalkMessage | None:
    """The line that this person's page sent before under the same key. Raises NotFound for strangers."""
    policy.must_be_member(actor, visit)
    mine = TalkMessage.objects.filter(visit=visit, account_id=actor.own_account_id, client_key=client_key[:40])
    return mine.first() if client_key else None


def _must_be_open(visit: OnlineVisit, actor: Actor) -> None:
    if visit.status not in ((VisitStatus.TALKING,) if policy.is_doctor_of(actor, visit) else OPEN_TALK):
        raise errors.NotTalking


def _say(visit: OnlineVisit, actor: Actor, *, at: datetime, client_key: str, **what: Any) -> TalkMessage:
    """The next line by this person, told to the other side. Raises TooFast."""
    by_doctor, account_id = policy.is_doctor_of(actor, visit), actor.own_account_id
    lately = TalkMessage.objects.filter(visit=visit, account_id=account_id, at__gt=at - timedelta(minutes=1))
    if lately.count() >= parameters.LINES_PER_MINUTE.at(at):
        raise errors.TooFast
    sender = Sender.DOCTOR if by_doctor else Sender.PATIENT
    line = line_add(visit, at=at, sender=sender, account_id=account_id, client_key=client_key[:40], **what)
    _tell_other(visit, by_doctor=by_doctor, at=at)
    return line


def _tell_other(visit: OnlineVisit, *, by_doctor: bool, at: datetime) -> None:
    """One message for all lines not yet read: the key names the last line that the other side has seen."""
    if by_doctor:
        patient_tell(
            key=f"consult.line:{visit.pk}:p{visit.patient_read_seq}", patient_id=visit.patient_id, kind="consult.line",
            at=at, context={"visit_id": visit.pk, "doctor": visit.doctor.name}, url=f"/consult/{visit.pk}/talk/",
            not_before=at + timedelta(seconds=60),
        )  # fmt: skip
    else:
        message_send(
            key=f"consult.line:{visit.pk}:d{visit.doctor_read_seq}", account_id=visit.doctor.account_id,
            kind="consult.line_to_doctor", at=at, context={"visit_id": visit.pk}, patient_id=visit.patient_id,
            url=f"/staff/consult/{visit.pk}/", not_before=at + timedelta(seconds=60),
        )  # fmt: skip


@entry
def talk_read(*, actor: Actor, visit_id: int, seq: int, at: datetime) -> None:
    """This side has seen the lines up to `seq`."""
    visit = OnlineVisit.objects.filter(pk=visit_id).first()
    if visit is None:
        raise NotFound
    policy.must_be_member(actor, visit)
    column = "doctor_read_seq" if policy.is_doctor_of(actor, visit) else "patient_read_seq"
    rows = OnlineVisit.objects.filter(pk=visit_id, last_seq__gte=seq, **{f"{column}__lt": seq})
    rows.update(**{column: seq})


@within
def card_add(*, visit_id: int, card: Mapping[str, Any], text: str, at: datetime) -> TalkMessage | None:
    """Show in the talk what the doctor did; the same thing (`what` and `id`) once."""
    visit = locked(visit_id)
    if TalkMessage.objects.filter(visit=visit, card__what=card["what"], card__id=card["id"]).exists():
        return None
    return line_add(visit, at=at, sender=Sender.HOUSE, kind=MessageKind.CARD, text=text, card=card)


@within
def notice_add(visit: OnlineVisit, text: str, *, at: datetime) -> TalkMessage:
    """A line by the hospital itself, in the language of the record."""
    return line_add(visit, at=at, sender=Sender.HOUSE, kind=MessageKind.SYSTEM, text=text)
