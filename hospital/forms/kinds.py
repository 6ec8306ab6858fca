"""What apps above register: the uses of forms. `because` of a Response names the use.

register(FormUse("consult.visit", _("Before the visit"), may_fill=..., on_submitted=...))
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.functional import Promise

from hospital.kit.actor import Actor

if TYPE_CHECKING:
    from .models import Response

MayFill = Callable[[Actor, "Response"], bool]
OnSubmitted = Callable[[int, datetime], None]
AfterUrl = Callable[["Response"], str]


def nothing(response_id: int, at: datetime) -> None:
    """For a use that has nothing to do when its form is handed in."""


def stay(response: "Response") -> str:
    return ""


@dataclass(frozen=True, slots=True)
class FormUse:
    """Why forms of one kind are filled in.

    may_fill: asked on top of the house's own rule (the patient's account, or staff with a care relation).
    on_submitted: called once per completion or correction, from a notice, after the commit; may be called again when
    it failed. after_url: where the page goes once the form is handed in; "" stays and shows the answers.
    """

    name: str
    title: str | Promise
    may_fill: MayFill
    on_submitted: OnSubmitted = nothing
    after_url: AfterUrl = stay


_uses: dict[str, FormUse] = {}


def register(use: FormUse) -> None:
    if use.name in _uses:
        raise ValueError(f"two uses of forms are named {use.name}")
    _uses[use.name] = use


def get(name: str) -> FormUse:
    return _uses[name]


def registered() -> dict[str, FormUse]:
    return dict(_uses)
