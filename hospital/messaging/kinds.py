"""What can be told: each app above registers its kinds of message in its wiring.py.

register(MessageKind("booking.booked", _("Booking confirmed"), text=_("…%(doctor)s…"), still_wanted=...))
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.functional import Promise

from .models import Channel

StillWanted = Callable[[Mapping[str, Any], datetime], bool]


def always(context: Mapping[str, Any], at: datetime) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class MessageKind:
    """title and text are lazy translations with %(name)s of the context.

    urgent: ignores quiet hours. still_wanted: asked again right before sending; False withdraws the message.
    """

    name: str
    title: str | Promise
    text: str | Promise
    channels: tuple[Channel, ...] = (Channel.INBOX, Channel.WECHAT)
    urgent: bool = False
    still_wanted: StillWanted = field(default=always)


_kinds: dict[str, MessageKind] = {}


def register(kind: MessageKind) -> None:
    if kind.name in _kinds:
        raise ValueError(f"two kinds of message are named {kind.name}")
    _kinds[kind.name] = kind


def get(name: str) -> MessageKind:
    return _kinds[name]


def registered() -> dict[str, MessageKind]:
    return dict(_kinds)
