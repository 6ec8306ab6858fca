"""Which channel buys from which pool, and how a session's places are shared out. Pure: no reads, no writes (AP-02)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from .models import Channel, Pool

# Phones, web, the registration window and the waiting list buy from the common pool alone; the others from their own
# first. A doctor's extra place is made for one booking and taken by name (services.pools), never found free.
OWN_POOL: dict[Channel, Pool] = {
    Channel.PHONE: Pool.PHONE,
    Channel.KIOSK: Pool.KIOSK,
    Channel.DOCTOR: Pool.ROOM,
    Channel.PARTNER: Pool.PARTNER,
}
# These don't wait for the release of a day: the doctor plans the next visit, a partner hospital sends somebody ill.
BEFORE_RELEASE = frozenset({Channel.DOCTOR, Channel.PARTNER})
# Who is offered a place that was just given back before the public is (AP-05).
BEFORE_RETURN = frozenset({Channel.WAITING})

_GOLDEN = 0.6180339887498949


@dataclass(frozen=True, slots=True)
class Share:
    """One quota as it holds for one session."""

    pool: Pool
    percent: int
    back_hours: int
    from_time: time | None = None
    to_time: time | None = None

    def covers(self, moment: time) -> bool:
        if self.from_time is None or self.to_time is None:
            return True
        return self.from_time <= moment < self.to_time

    def back_at(self, starts_at: datetime) -> datetime:
        """From when on an unsold place of this share is everybody's."""
        return starts_at - timedelta(hours=self.back_hours)


@dataclass(frozen=True, slots=True)
class Seat:
    """A place as the sharing sees it: `moment` is the local time at which its period begins."""

    place_id: int
    pool: Pool
    is_taken: bool
    moment: time


def shared_out(seats: Sequence[Seat], shares: Iterable[Share]) -> dict[int, Share | None]:
    """The share of each free place (None: everybody's). What is sold stays as it was sold and counts.

    Each share gets its part of the places of its hours, rounded down, spread evenly through the session; the shares
    together never get more than there are.
    """
    found: dict[int, Share | None] = {seat.place_id: None for seat in seats if not seat.is_taken}
    spread = sorted(enumerate(seats), key=lambda pair: (pair[0] + 1) * _GOLDEN % 1)
    for share in shares:
        eligible = [seat for _, seat in spread if share.covers(seat.moment)]
        wanted = len(eligible) * share.percent // 100
        wanted -= sum(seat.is_taken and seat.pool == share.pool for seat in eligible)
        for seat in eligible:
            if wanted <= 0:
                break
            if not seat.is_taken and found[seat.place_id] is None:
                found[seat.place_id] = share
                wanted -= 1
    return found
