"""What may be charged: each app above registers its kinds in its wiring.py.

    register(ChargeKind("appointments.booking", _("Registration"), scene="registration", on_paid=..., ...))

`on_paid`, `on_refunded` and `on_expired` are called from a Notice, in a transaction of their own, after the money was
booked; they may fail and are called again, so they must be idempotent. What can't be honoured any more calls
`billing.services.refund_request`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.functional import Promise

if TYPE_CHECKING:
    from .models import Charge

Handler = Callable[[int, datetime], None]

COUNTER = "billing.counter"  # what is charged at a counter without an order of an app above


def nothing(charge_id: int, at: datetime) -> None:
    """For kinds that have nothing to do."""


def no_page(charge: "Charge") -> str:
    """For kinds that have no page of their own."""
    return ""


def none_used(charge: "Charge") -> Mapping[str, int]:
    """For kinds whose bills are used whole or not at all: may_refund says all."""
    return {}


def no_doctors(subject_ids: Sequence[int]) -> dict[int, int]:
    """For kinds that no doctor asks for."""
    return {}


@dataclass(frozen=True, slots=True)
class ChargeKind:
    """`scene` is a billing.models.Scene; `may_refund(charge, at)` is False once executed, dispensed or used (PAY-09).

    `used(charge)`: of a bill that may go back in part, how many of each item were given already; these never do.
    """

    name: str
    title: str | Promise
    scene: str
    on_paid: Handler
    on_refunded: Handler
    may_refund: "Callable[[Charge, datetime], bool]"
    on_expired: Handler = field(default=nothing)
    page: "Callable[[Charge], str]" = field(default=no_page)  # where the patient goes on after paying
    used: "Callable[[Charge], Mapping[str, int]]" = field(default=none_used)
    doctors: Callable[[Sequence[int]], dict[int, int]] = field(default=no_doctors)  # subject -> staff, for the analysis


_kinds: dict[str, ChargeKind] = {}


def register(kind: ChargeKind) -> None:
    if kind.name in _kinds:
        raise ValueError(f"two kinds of charge are named {kind.name}")
    _kinds[kind.name] = kind


def get(name: str) -> ChargeKind:
    return _kinds[name]


def registered() -> dict[str, ChargeKind]:
    return dict(_kinds)
