"""The demo's price list, and yesterday's payments with the bill of each channel; a second run changes nothing."""

import random
from datetime import datetime

from .prices import prices
from .yesterday import yesterday


def seed(*, size: str, rng: random.Random, at: datetime) -> None:
    prices(at)
    if size != "large":
        yesterday(rng, at)
