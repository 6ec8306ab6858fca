"""What every channel of money can do, in the hospital's own words; each channel's folder says it in the channel's.

A call has three ends: an answer, a refusal (ChannelRefused: surely not done), or neither (ChannelUnknown: ask again,
never assume, PAY-02). No call is made while a transaction is open: locks would wait for somebody else's network.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from django.db import transaction

from hospital.kit.outside import OutsideError, room

from ..models import PayOrder, Refund


class ChannelUnknown(Exception):
    """No answer, or none that proves anything. The outcome is unknown until the channel is asked again."""


class ChannelRefused(Exception):
    """The channel surely did not do it. `code` is its own word for why."""

    def __init__(self, code: str, message: str = "") -> None:
        self.code, self.message = code, message
        super().__init__(f"{code} {message}".strip())


class NoSuchOrder(ChannelRefused):
    """The channel has never heard of this number."""


class BillNotReady(Exception):
    """The channel is still writing the bill of that day; ask again later."""


class NoBill(Exception):
    """There was no movement on that day, so that there is no bill."""


class Trade(StrEnum):
    WAITING = "waiting"
    PAID = "paid"
    CLOSED = "closed"


class Back(StrEnum):
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Split:
    """How an insured bill divides, in fen: the fund, the personal account, others, and what the patient pays (PAY-12).

    `own_cash` goes another way (`cash_channel`), under a transaction number of its own.
    """

    insurer: str
    total: int
    fund: int
    personal: int
    own_cash: int
    other: int = 0
    cash_channel: str = ""
    cash_transaction_id: str = ""
    cash_at: datetime | None = None

    def flaw(self, owed: int) -> str:
        """Why these figures can't be believed for a bill of so much; empty when every identity holds."""
        if min(self.total, self.fund, self.personal, self.own_cash, self.other) < 0:
            return "a part is negative"
        if self.total != owed:
            return f"feeSumamt {self.total} isn't the bill's {owed}"
        if (added := self.fund + self.personal + self.own_cash + self.other) != self.total:
            return f"the parts add up to {added}, not to feeSumamt {self.total}"
        return ""

    def figures(self) -> tuple[int, int, int, int, int]:
        return self.total, self.fund, self.personal, self.own_cash, self.other


@dataclass(frozen=True, slots=True)
class OrderState:
    """What a channel says of an order. `amount` is fen that were really paid."""

    trade: Trade
    transaction_id: str = ""
    amount: int = 0
    success_at: datetime | None = None
    split: Split | None = None  # of an insured order: both halves succeeded


@dataclass(frozen=True, slots=True)
class RefundState:
    back: Back
    channel_refund_id: str = ""
    amount: int = 0
    success_at: datetime | None = None


class Client(Protocol):
    def prepare(self, order: PayOrder, *, payer_ip: str, openid: str) -> dict[str, str]: ...

    def query(self, order: PayOrder) -> OrderState: ...

    def close(self, order: PayOrder, *, at: datetime) -> None: ...

    def refund(self, refund: Refund) -> RefundState: ...

    def query_refund(self, refund: Refund) -> RefundState: ...

    def bill(self, day: date) -> bytes: ...


@contextmanager
def outside(channel: str = "") -> Iterator[None]:
    """Refuses to call out while a transaction is open (a durable block raises inside another).

    Raises ChannelUnknown when too many callers of this process wait for the channel already (G32).
    """
    with transaction.atomic(durable=True):
        pass
    try:
        with room(f"payment channel {channel}"):
            yield
    except OutsideError as error:
        raise ChannelUnknown(str(error)) from error


@dataclass(frozen=True, slots=True)
class _Entry:
    make: Callable[[], Client]
    is_ready: Callable[[], bool]


_channels: dict[str, _Entry] = {}


def register(channel: str, make: Callable[[], Client], is_ready: Callable[[], bool]) -> None:
    """`is_ready` says whether this installation has what the channel needs (keys, a merchant number)."""
    if channel in _channels:
        raise ValueError(f"two channels are named {channel}")
    _channels[channel] = _Entry(make, is_ready)


def client(channel: str) -> Client:
    return _channels[channel].make()


def channels() -> list[str]:
    """Channels that can be asked over the network here; cash can't."""
    return [name for name, entry in _channels.items() if entry.is_ready()]
