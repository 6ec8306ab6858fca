"""Is the phone at the hospital? (AP-10). Pure; positions are compared and forgotten."""

from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

_EARTH = 6_371_000.0  # metres
ROUGHEST = 300.0  # metres: a position that may be off by more says nothing


@dataclass(frozen=True, slots=True)
class Position:
    """WGS-84 degrees; accuracy in metres, as the phone states it."""

    latitude: float
    longitude: float
    accuracy: float


def metres(a_latitude: float, a_longitude: float, b_latitude: float, b_longitude: float) -> float:
    """Great-circle distance."""
    north, east = radians(b_latitude - a_latitude) / 2, radians(b_longitude - a_longitude) / 2
    chord = sin(north) ** 2 + cos(radians(a_latitude)) * cos(radians(b_latitude)) * sin(east) ** 2
    return 2 * _EARTH * asin(sqrt(chord))
