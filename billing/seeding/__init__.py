"""The demo's price list, yesterday's payments with the bill of each channel, and a package owed; a second run changes nothing."""

import random
from datetime import datetime

from .owed import owed
from .prices import packages, prices
from .yesterday import yesterday


def seed(*, size: str, rng: random.Random, at: datetime) -> None:
    prices(at)
    packages(at)
    if size != "large":
        yesterday(rng, at)
        owed(at)
