"""Sending what is due: claim, re-check that it is still true, send, record."""

from datetime import datetime


def deliver_due(*, at: datetime) -> int:
    """Send waiting messages whose time has come; answers how many deliveries were finished."""
    return 0
