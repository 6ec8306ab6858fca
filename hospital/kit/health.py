"""Whether the house can keep its promises: probes that apps register and /readyz asks (G31).

A probe answers "" when its part is well, else one sentence for staff. It must answer within a second or two, whatever
the part does: what doesn't answer is exactly what is asked about.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

Ask = Callable[[datetime], str]


@dataclass(frozen=True, slots=True)
class Probe:
    name: str  # "redis"
    ask: Ask
    serves: bool  # can no page be served without it? A container's health check asks for these alone


_probes: dict[str, Probe] = {}


def register(name: str, ask: Ask, *, serves: bool) -> None:
    """Probes are asked in the order of their registration; when one that serves is ill, the rest isn't asked."""
    if name in _probes:
        raise ValueError(f"two probes are named {name}")
    _probes[name] = Probe(name, ask, serves)


def registered() -> list[Probe]:
    return list(_probes.values())


def ills(at: datetime, *, serving_only: bool = False) -> dict[str, str]:
    """What is ill, by probe."""
    found: dict[str, str] = {}
    for probe in _probes.values():
        if serving_only and not probe.serves:
            continue
        if reason := probe.ask(at):
            found[probe.name] = reason
            if probe.serves:
                break
    return found
