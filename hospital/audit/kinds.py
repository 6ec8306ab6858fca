"""What apps above tell the audit trail: how actions are called, and who the members of staff are."""

from collections.abc import Callable, Iterable, Mapping

from django.utils.functional import Promise

Names = Callable[[Iterable[int]], Mapping[int, str]]
Find = Callable[[str], list[int]]

_titles: dict[str, str | Promise] = {}
_names: Names = lambda ids: {}  # noqa: E731
_find: Find = lambda text: []  # noqa: E731


def action_title(action: str, title: str | Promise) -> None:
    """How an action reads for a patient: action_title("record.read", _("opened the record"))."""
    if action in _titles:
        raise ValueError(f"two titles for {action}")
    _titles[action] = title


def title_of(action: str) -> str:
    return str(_titles.get(action, action))


def staff_directory(*, names: Names, find: Find) -> None:
    """Registered by hospital.organisation: staff ids to "department name", and a staff number or name to ids."""
    global _names, _find
    _names, _find = names, find


def staff_names(ids: Iterable[int]) -> Mapping[int, str]:
    return _names(ids)


def staff_found(text: str) -> list[int]:
    return _find(text)
