"""A status moves only along its Lifecycle, by a guarded UPDATE whose row count is read; each move leaves a row.

    BOOKING = Lifecycle("appointments.booking", moves={"held": {"booked", "expired"}, "booked": {"cancelled"}})
    BOOKING.move(booking, "booked", actor=actor, at=at, paid_at=at)

The guard makes two callers safe without a lock: the second finds no row in the old state and meets StaleMove.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models

from .actor import Actor
from .problems import StaleMove
from .transactions import within


@dataclass(frozen=True, slots=True)
class Move:
    """One step of one row, as the journal keeps it."""

    lifecycle: str
    pk: int
    old: str
    new: str
    actor: Actor
    at: datetime
    reason: str


_lifecycles: dict[str, "Lifecycle"] = {}
_journal: Callable[[Sequence[Move]], None] | None = None


def journal_with(write: Callable[[Sequence[Move]], None]) -> None:
    """Registered by hospital.audit: where moves are written down, one or many at a time."""
    global _journal
    _journal = write


def lifecycles() -> dict[str, "Lifecycle"]:
    """Every Lifecycle in the house, by name."""
    return dict(_lifecycles)


class Lifecycle:
    def __init__(self, name: str, *, moves: Mapping[str, Iterable[str]], field: str = "status") -> None:
        self.name = name
        self.field = field
        self.moves: dict[str, frozenset[str]] = {str(old): frozenset(map(str, new)) for old, new in moves.items()}
        for targets in list(self.moves.values()):
            for target in targets:
                self.moves.setdefault(target, frozenset())
        if name in _lifecycles:
            raise ValueError(f"two lifecycles are named {name}")
        _lifecycles[name] = self

    def allows(self, old: str, new: str) -> bool:
        return str(new) in self.moves.get(str(old), frozenset())

    def is_final(self, status: str) -> bool:
        return not self.moves[str(status)]

    @within
    def begin(self, row: models.Model, *, actor: Actor, at: datetime, reason: str = "") -> None:
        """Write down the first state of a row that was just created."""
        self._write(row, "", str(getattr(row, self.field)), actor, at, reason)

    @within
    def begin_all(self, rows: Iterable[tuple[models.Model, str]], *, actor: Actor, at: datetime) -> None:
        """`begin` for many rows at once, each with its reason: a thousand cost as many statements as one."""
        self._keep([
            Move(self.name, int(row.pk), "", str(getattr(row, self.field)), actor, at, reason) for row, reason in rows
        ])  # fmt: skip

    @within
    def begin_each(self, rows: Iterable[tuple[models.Model, Actor]], *, at: datetime) -> None:
        """`begin` for many rows at once, each with its own actor."""
        self._keep([
            Move(self.name, int(row.pk), "", str(getattr(row, self.field)), actor, at, "") for row, actor in rows
        ])  # fmt: skip

    @within
    def move(self, row: models.Model, to: str, *, actor: Actor, at: datetime, reason: str = "", **changes: Any) -> None:
        """Move `row` to state `to`, with `changes` of its other columns in the same UPDATE.

        Raises StaleMove when no such move exists or when another caller was first; the row is untouched then.
        """
        old, new = str(getattr(row, self.field)), str(to)
        if not self.allows(old, new):
            raise StaleMove
        updated = type(row)._base_manager.filter(pk=row.pk, **{self.field: old}).update(**{self.field: new}, **changes)
        if updated != 1:
            raise StaleMove
        setattr(row, self.field, to)
        for name, value in changes.items():
            setattr(row, name, value)
        self._write(row, old, new, actor, at, reason)

    def _write(self, row: models.Model, old: str, new: str, actor: Actor, at: datetime, reason: str) -> None:
        self._keep([Move(self.name, int(row.pk), old, new, actor, at, reason)])

    @staticmethod
    def _keep(moves: Sequence[Move]) -> None:
        if _journal is None:
            raise RuntimeError("no journal is registered: is hospital.audit installed?")
        _journal(moves)
