"""The ASGI door before Django's handler: plain requests form crowds, everything else goes on as it came.

No timer makes a crowd wait: whoever asks while PostgreSQL is busy with the crowd before is of the next one.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connections

from appointments.services import Undone

from . import asked, crowd
from .answers import Answer
from .asked import Asked

log = logging.getLogger(__name__)

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_MOST = 128  # of a crowd: more would only make its first wait longer
_DELAYS = 20  # crowds that one may have to let pass; then Django answers
_ROOM = 8  # requests that go on to Django at once: each takes a thread and a connection there


class Lane:
    def __init__(self, rest: App) -> None:
        self._rest = rest
        self._waiting = deque[tuple[Asked, asyncio.Future[Answer | None]]]()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="lane")  # its database connection is kept
        self._work: asyncio.Task[None] | None = None
        self._room = asyncio.Semaphore(_ROOM)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not asked.is_asking(scope):
            await self._rest(scope, receive, send)
            return
        messages, body = await _body(receive)
        one = None if body is None else asked.read(scope, body)
        answer = None if one is None else await self._asked(one)
        if answer is None:
            async with self._room:
                await self._rest(scope, _again(messages, receive), send)
            return
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def stop(self) -> None:
        """Let the crowd that is on its way end, and close the connection to the database."""
        if self._work is not None:
            await self._work
        await asyncio.get_running_loop().run_in_executor(self._thread, connections.close_all)
        self._thread.shutdown()

    async def _asked(self, one: Asked) -> Answer | None:
        """The answer of the crowd in which this one is; None when Django must answer."""
        loop = asyncio.get_running_loop()
        mine: asyncio.Future[Answer | None] = loop.create_future()
        self._waiting.append((one, mine))
        if self._work is None or self._work.done():
            self._work = loop.create_task(self._crowds(loop))
        return await mine

    async def _crowds(self, loop: asyncio.AbstractEventLoop) -> None:
        """One crowd after another, as long as anybody waits."""
        while self._waiting:
            taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST))]
            try:
                outcomes = await loop.run_in_executor(self._thread, crowd.answered_in_turn, [one for one, _ in taken])
            except Exception:  # a fault of ours: nobody was told anything, and Django answers under the same keys
                log.exception("a crowd of %d goes on to Django", len(taken))
                outcomes = [Undone.ALONE] * len(taken)
            later = []
            for (one, mine), outcome in zip(taken, outcomes, strict=True):
                if outcome is Undone.LATER and one.delays < _DELAYS:
                    one.delays += 1
                    later.append((one, mine))
                elif not mine.done():  # who has gone isn't told; the key tells them when they ask again
                    mine.set_result(outcome if isinstance(outcome, Answer) else None)
            self._waiting.extendleft(reversed(later))


async def _body(receive: Receive) -> tuple[list[Message], bytes | None]:
    """What came, to be read again; and the body, unless it is longer than the lane reads or the client has gone."""
    messages, body = list[Message](), b""
    while len(body) <= asked.MOST_BYTES:
        message = await receive()
        messages.append(message)
        if message["type"] != "http.request":
            return messages, None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return messages, body
    return messages, None


def _again(messages: list[Message], receive: Receive) -> Receive:
    waiting = deque(messages)

    async def replayed() -> Message:
        return waiting.popleft() if waiting else await receive()

    return replayed
