"""How crowds form at the lane's door, and what goes on to Django (appointments/lane/door.py)."""

import asyncio
import json
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from appointments.lane import Lane, crowd, door
from appointments.lane.answers import Answer
from appointments.services import Undone

PATIENCE = 60


class Door:
    """A lane whose crowds are answered by the test: `crowds` has who was asked together."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.crowds: list[list[int]] = []
        self.go_on = threading.Semaphore(0)  # a crowd is answered for each release
        self.is_asked = threading.Semaphore(0)  # released by each crowd that is at work
        self.outcomes: dict[int, list[Any]] = {}
        self.rest: list[Any] = []
        monkeypatch.setattr(crowd, "answered_in_turn", self._answered)
        monkeypatch.setattr(
            door.asked, "read", lambda scope, body: _Asked(json.loads(body)) if body.isdigit() else None
        )
        self.lane = Lane(self._rest)

    def _answered(self, together: Sequence["_Asked"]) -> list[Any]:
        self.crowds.append([one.number for one in together])
        self.is_asked.release()
        assert self.go_on.acquire(timeout=PATIENCE)
        return [self.outcomes.get(one.number, [Answer(201, [], b"yes")]).pop(0) for one in together]

    async def _rest(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        self.rest.append((scope["path"], body))
        await send({"type": "http.response.start", "status": 299, "headers": []})

    def ask(self, number: int) -> "asyncio.Task[int]":
        return asyncio.ensure_future(self.said(str(number).encode()))

    async def said(self, *parts: bytes, **scope: Any) -> int:
        """The status that was answered to a request whose body came in these parts."""
        messages = [{"type": "http.request", "body": part, "more_body": True} for part in parts[:-1]]
        messages.append({"type": "http.request", "body": parts[-1]})
        sent: list[Any] = []

        async def receive() -> Any:
            return messages.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        asked = {"type": "http", "method": "POST", "path": "/api/v1/bookings/", "query_string": b"", "headers": []}
        await self.lane(asked | scope, receive, send)
        return int(sent[0]["status"])

    async def at_work(self) -> None:
        assert await asyncio.to_thread(self.is_asked.acquire, timeout=PATIENCE)


class _Asked:
    def __init__(self, number: int) -> None:
        self.number, self.delays = number, 0


def in_a_thread(story: Any) -> None:
    """A loop of its own: the test's thread may have one already."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(story())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


def test_who_asks_while_a_crowd_is_answered_is_of_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        made = Door(monkeypatch)
        first = made.ask(1)
        await made.at_work()
        others = [made.ask(number) for number in (2, 3, 4)]
        await asyncio.sleep(0)
        made.go_on.release(2)
        assert await asyncio.gather(first, *others) == [201] * 4
        assert made.crowds == [[1], [2, 3, 4]] and not made.rest

    in_a_thread(story)


def test_a_crowd_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        made = Door(monkeypatch)
        asked = [made.ask(number) for number in range(door._MOST + 1)]
        made.go_on.release(2)
        assert set(await asyncio.gather(*asked)) == {201}
        assert [len(one) for one in made.crowds] == [door._MOST, 1]

    in_a_thread(story)


def test_who_must_wait_is_first_of_the_next_crowd_and_at_last_djangos(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        made = Door(monkeypatch)
        made.outcomes = {1: [Undone.LATER, Answer(201, [], b"")], 2: [Undone.LATER] * (door._DELAYS + 1)}
        made.go_on.release(door._DELAYS + 1)
        assert await asyncio.gather(made.ask(1), made.ask(2), made.ask(3)) == [201, 299, 201]
        assert made.crowds[:2] == [[1, 2, 3], [1, 2]] and len(made.crowds) == door._DELAYS + 1

    in_a_thread(story)


def test_what_is_left_undone_goes_to_django_with_its_whole_body(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        made = Door(monkeypatch)
        made.outcomes = {17: [Undone.ALONE]}
        made.go_on.release(1)
        assert await made.said(b"1", b"7") == 299
        assert await made.said(b"not", b" plain") == 299
        assert await made.said(b"1" * 1500, b"1" * 1500, b"1") == 299
        assert await made.said(b"1", path="/api/v1/doctors/") == 299
        assert await made.said(b"", method="GET") == 299
        assert [body for _, body in made.rest] == [b"17", b"not plain", b"1" * 3001, b"1", b""]
        assert made.crowds == [[17]]

    in_a_thread(story)


def test_a_fault_of_the_lane_is_djangos_to_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        made = Door(monkeypatch)
        made.outcomes = {1: []}  # pop from an empty list
        made.go_on.release(2)
        assert await made.said(b"1") == 299 and await made.said(b"2") == 201

    in_a_thread(story)


def test_who_hangs_up_is_no_harm_to_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        made = Door(monkeypatch)
        first = made.ask(1)
        await made.at_work()
        gone, stays = made.ask(2), made.ask(3)
        await asyncio.sleep(0)
        gone.cancel()
        made.go_on.release(2)
        assert await asyncio.gather(first, stays) == [201, 201]
        assert gone.cancelled() or gone.cancelling()

    in_a_thread(story)
