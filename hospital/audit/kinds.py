"""What apps above tell the audit trail: how actions are called, and who the members of staff are."""

from collections.abc import Callable, Iterable, Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Names = Callable[[Iterable[int]], Mapping[int, str]]
Find = Callable[[str], list[int]]

_titles: dict[str, str | Promise] = {}
_words: dict[str, str | Promise] = {}
_SOMETHING = _("worked with the record")
_names: Names = lambda ids: {}  # noqa: E731
_find: Find = lambda text: []  # noqa: E731


def action_title(action: str, title: str | Promise) -> None:
    """How an action reads for a patient: action_title("record.read", _("opened the record"))."""
    if action in _titles:
        raise ValueError(f"two titles for {action}")
    _titles[action] = title


def action_titles(titles: Mapping[str, str | Promise]) -> None:
    """Several at once. Every action that the product writes has one: tests/audit/test_titles.py."""
    for action, title in titles.items():
        action_title(action, title)


def titles() -> Mapping[str, str | Promise]:
    """Every action with its title."""
    return dict(_titles)


def title_of(action: str) -> str:
    """The title; of an action of former days, which nobody writes any more, that something was done."""
    return str(_titles.get(action, _SOMETHING))


def reason_words(words: Mapping[str, str | Promise]) -> None:
    """How reasons that a program wrote read for people: {"patient page": _("patient page")}."""
    _words.update(words)


def reason_of(text: str) -> str:
    """The reason in the reader's language where a program wrote it ("encounter 17"); a person's own words as they are."""
    if text in _words:
        return str(_words[text])
    head, _sep, rest = text.partition(" ")
    return f"{_words[head]} {rest}" if head in _words else text


def staff_directory(*, names: Names, find: Find) -> None:
    """Registered by hospital.organisation: staff ids to "department name", and a staff number or name to ids."""
    global _names, _find
    _names, _find = names, find


def staff_names(ids: Iterable[int]) -> Mapping[int, str]:
    return _names(ids)


def staff_found(text: str) -> list[int]:
    return _find(text)
