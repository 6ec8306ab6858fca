"""Demo data of consult: the consent; visits of the demo's patients with doctors who have online hours."""

import random
from datetime import datetime

from . import carried


def seed(*, size: str, rng: random.Random, at: datetime) -> None:
    carried.load(at=at)
