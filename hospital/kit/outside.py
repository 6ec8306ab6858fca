"""Calling outside programs: always with a time limit, never inside a transaction, never following a redirect.

And never all at once: a program that hangs may hold `OUTSIDE_ROOM` threads of a web process and no more, so that whoever
wants something else is served as ever (G32).
"""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.db import connection


class OutsideError(Exception):
    """The outside program did not do what it was asked. `lasting`: asking again won't help."""

    def __init__(self, reason: str, *, lasting: bool = False) -> None:
        self.lasting = lasting
        super().__init__(reason)


_PATIENCE = 0.25  # seconds to wait for room: as long as a good answer takes
_rooms: defaultdict[str, threading.BoundedSemaphore] = defaultdict(
    lambda: threading.BoundedSemaphore(settings.OUTSIDE_ROOM)
)


@contextmanager
def room(program: str) -> Iterator[None]:
    """Room for one call of this program; raises OutsideError when too many already wait for it."""
    place = _rooms[program]
    if not place.acquire(timeout=_PATIENCE):
        raise OutsideError("too many callers wait for it already")
    try:
        yield
    finally:
        place.release()


def post_json(url: str, body: dict[str, Any], *, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """POST a JSON body; answers the JSON object that came back. Raises OutsideError."""
    return _call("POST", url, headers=headers, json=body)


def get_json(url: str, params: dict[str, str] | None = None) -> dict[str, Any]:
    return _call("GET", url, params=params)


def _call(method: str, url: str, **options: Any) -> dict[str, Any]:
    if connection.in_atomic_block and not getattr(connection.atomic_blocks[-1], "_from_testcase", False):
        raise RuntimeError("an outside program must not be called while a transaction is open")
    try:
        with room(urlsplit(url).netloc):
            answer = requests.request(method, url, timeout=settings.OUTSIDE_TIMEOUT, allow_redirects=False, **options)
        answer.raise_for_status()
        body = answer.json()
    except requests.HTTPError as error:
        status = error.response.status_code
        raise OutsideError(f"HTTP {status}", lasting=400 <= status < 500 and status not in {408, 429}) from error
    except requests.RequestException as error:
        raise OutsideError(type(error).__name__) from error
    if not isinstance(body, dict):
        raise OutsideError("the answer is not a JSON object")
    return body
