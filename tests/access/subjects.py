"""Subjects: what the matrix tries each door with. Each app adds tests/access/subjects_<app>.py.

    @subject("booking")                      # the name in @rule(..., subject="booking")
    def booking(cast, rule):                 # rule: name of the rule, e.g. "appointments.booking_cancel"
        mine = make_booking(cast, cast.wang_fang)
        return [
            Case("own", {"pk": mine.pk}, may={"wang_fang", "doctor_li"}, data={"reason": "busy"}, secrets=["C50.9"]),
            Case("of the stranger", {"pk": theirs.pk}, may={"stranger"}),
        ]

`may` names members of the cast (tests/cast.py) who must succeed if their role is in the rule; everybody else, and
"anonymous", "disabled", "idle" and "service", must be refused with the very answer of an object that doesn't exist.
The matrix itself adds the object that doesn't exist, for each id of the URL alone. `secrets` are texts which those
who are refused must not receive. `success` lists the statuses that count as success. `json` sends the data as JSON.
A rule of which no allowed person succeeded fails: else a broken URL would pass as "refused".
"""

import importlib
import pkgutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.cast import Cast

OK = frozenset({200, 201, 202, 204, 302, 303})


@dataclass(frozen=True)
class Case:
    relation: str
    url: Mapping[str, Any]
    may: Collection[str]
    data: Mapping[str, Any] | None = None
    query: Mapping[str, Any] | None = None
    success: Collection[int] = OK
    secrets: Sequence[str] = ()
    json: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


Factory = Callable[[Cast, str], Sequence[Case]]
registry: dict[str, Factory] = {}


def subject(name: str) -> Callable[[Factory], Factory]:
    def register(factory: Factory) -> Factory:
        if name in registry:
            raise ValueError(f"two subjects are named {name}")
        registry[name] = factory
        return factory

    return register


def load() -> dict[str, Factory]:
    """The registry with every tests/access/subjects_*.py read."""
    import tests.access

    for module in pkgutil.iter_modules(tests.access.__path__):
        if module.name.startswith("subjects_"):
            importlib.import_module(f"tests.access.{module.name}")
    return registry
