"""Reads of the workstation."""

from dataclasses import dataclass

from hospital.kit.actor import Actor

from .navigation import places_for

MOST = 8


@dataclass(frozen=True, slots=True)
class Found:
    title: str
    url: str
    icon: str
    text: str = ""


def command_find(*, actor: Actor, text: str) -> list[Found]:
    """What one may open by this text, at most MOST entries; without a text, one's pages."""
    wanted = text.casefold()
    return [
        Found(str(place.title), place.path, place.icon)
        for _group, places in places_for(actor)
        for place in places
        if wanted in str(place.title).casefold()
    ][:MOST]
