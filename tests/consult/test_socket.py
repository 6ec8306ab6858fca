"""The socket of a talk on the real channel layer: members only, nothing lost, nothing twice, out when revoked."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
import uvicorn
import websockets
from asgiref.sync import async_to_sync, sync_to_async
from channels.layers import channel_layers
from django.conf import settings
from django.db import connections
from websockets.asyncio.client import ClientConnection

from consult import consumers
from consult.models import OnlineVisit, TalkMessage
from hospital.asgi import application
from hospital.people.models import Account
from tests.cast import Person, client_for
from tests.consult.stage import Stage

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]

Story = Callable[[], Awaitable[None]]


@pytest.fixture(autouse=True)
def port(transactional_db: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The product's sockets under uvicorn, on a free port."""
    # The server's threads must not keep connections to a database that the test run is going to drop.
    monkeypatch.setitem(connections["default"].settings_dict, "CONN_MAX_AGE", 0)
    channel_layers.backends.clear()  # a layer belongs to the loop of one server
    server = uvicorn.Server(uvicorn.Config(application, port=0, lifespan="off", log_level="warning"))
    ready = threading.Event()
    startup = server.startup

    async def started(sockets: Any = None) -> None:
        await startup(sockets)
        ready.set()

    server.startup = started  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert ready.wait(20)
    Line.port = server.servers[0].sockets[0].getsockname()[1]
    yield Line.port
    server.should_exit = True
    thread.join(20)


class Line:
    """A browser's end of a talk."""

    port = 0

    def __init__(self, person: Person | None, visit: OnlineVisit, origin: str | None) -> None:
        self.path, self.origin, self.headers = f"/ws/talk/{visit.pk}/", origin, {}
        if person is not None:
            key = client_for(person).cookies[settings.SESSION_COOKIE_NAME].value
            self.headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={key}"}
        self.end: ClientConnection

    async def connect(self) -> bool:
        """False when the server lets nobody in."""
        try:
            self.end = await websockets.connect(
                f"ws://127.0.0.1:{self.port}{self.path}",
                origin=self.origin,
                additional_headers=self.headers,  # type: ignore[arg-type]
            )
        except websockets.InvalidStatus as refused:
            assert refused.response.status_code == 403
            return False
        return True

    async def send(self, text: str) -> None:
        await self.end.send(text)

    async def receive(self, seconds: float) -> str:
        return str(await asyncio.wait_for(self.end.recv(), seconds))

    async def closed(self, seconds: float) -> int:
        """The code by which the server hung up."""
        with pytest.raises(websockets.ConnectionClosed) as ended:
            while True:
                await asyncio.wait_for(self.end.recv(), seconds)
        assert ended.value.rcvd is not None
        return ended.value.rcvd.code

    async def disconnect(self) -> None:
        await self.end.close()


def play(story: Story) -> None:
    """In a thread of its own: a browser of another test may have left its event loop running in this one."""

    async def run() -> None:
        await asyncio.wait_for(story(), 60)

    def apart() -> None:
        try:
            async_to_sync(run)()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(apart).result()


def forget_all() -> None:
    """Redis loses everything that the layer put there: groups, waiting wake-ups."""
    prefix = settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"]
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        keys = list(server.scan_iter(f"{prefix}*", count=1000))
        assert keys
        server.delete(*keys)


def socket(person: Person | None, visit: OnlineVisit, origin: str | None = "http://127.0.0.1") -> Line:
    return Line(person, visit, origin)


async def say(line: Line, **frame: Any) -> None:
    await line.send(json.dumps(frame))


async def until(line: Line, wanted: Callable[[dict], bool], seconds: float = 10) -> dict:
    """The first frame that is wanted."""

    async def look() -> dict:
        while True:
            frame: dict = json.loads(await line.receive(seconds))
            if wanted(frame):
                return frame

    return await asyncio.wait_for(look(), seconds)


def has(text: str) -> Callable[[dict], bool]:
    return lambda frame: frame["type"] == "lines" and text in frame["html"]


def test_what_one_says_the_other_hears_once(stage: Stage) -> None:
    stage.was_here()
    visit = stage.talking()
    patient, doctor = socket(stage.cast.wang_fang, visit), socket(stage.cast.doctor_li, visit)

    async def story() -> None:
        for line in (patient, doctor):
            assert await line.connect()
            await say(line, type="after", seq=0)
            await until(line, has("已接诊"))
        for _ in range(2):  # the answer got lost, the page says it again
            await say(patient, type="say", key="k1", text="手臂有点肿 <b>")
            said = await until(patient, lambda f: f["type"] == "said")
        heard = await until(doctor, has("手臂有点肿 &lt;b&gt;"))
        assert heard["html"].count("手臂有点肿") == 1 and heard["last"] == said["seq"]
        await say(doctor, type="say", key="k1", text="多久了")
        await until(patient, has("多久了"))
        for line in (patient, doctor):
            await line.disconnect()

    play(story)
    assert TalkMessage.objects.filter(visit=visit, kind="text").count() == 2


def test_who_was_away_gets_everything_after_the_last_line(stage: Stage) -> None:
    """G35: the layer lost all wake-ups (nobody listened); the database has them."""
    stage.was_here()
    visit = stage.talking()
    for n in range(30):
        stage.say(visit, f"第{n}句", key=str(n))
    patient = socket(stage.cast.wang_fang, visit)

    async def story() -> None:
        assert await patient.connect()
        await say(patient, type="after", seq=12)
        news = await until(patient, lambda f: f["type"] == "lines")
        assert news["last"] == visit.last_seq + 30
        assert news["html"].count("data-seq") == news["last"] - 12
        await patient.disconnect()

    play(story)


def test_a_lost_wake_up_costs_seconds_and_no_line(stage: Stage) -> None:
    """G35: the layer is emptied under the socket; its own clock finds the line within 5 seconds."""
    stage.was_here()
    visit = stage.talking()
    patient = socket(stage.cast.wang_fang, visit)

    async def story() -> None:
        assert await patient.connect()
        await say(patient, type="after", seq=0)
        await until(patient, has("已接诊"))
        await sync_to_async(forget_all)()
        await sync_to_async(stage.say)(visit, "还在吗", person=stage.cast.doctor_li)
        await until(patient, has("还在吗"), 5)
        await patient.disconnect()

    play(story)


def test_a_socket_left_idle_for_longer_than_the_layer_waits_lives_on(stage: Stage) -> None:
    """redis-py's default read limit of 5 s would end every idle socket."""
    stage.was_here()
    visit = stage.talking()
    patient = socket(stage.cast.wang_fang, visit)

    async def story() -> None:
        assert await patient.connect()
        await say(patient, type="after", seq=visit.last_seq)
        with pytest.raises(TimeoutError):
            await patient.receive(7)
        await sync_to_async(stage.say)(visit, "您好", person=stage.cast.doctor_li)
        await until(patient, has("您好"))
        await patient.disconnect()

    play(story)


def test_strangers_other_origins_and_nobody_stay_out_G19(stage: Stage) -> None:
    stage.was_here()
    visit = stage.talking()
    cases = [
        socket(stage.cast.stranger, visit),
        socket(stage.cast.other_doctor, visit),
        socket(stage.cast.pharmacist, visit),
        socket(None, visit),
        socket(stage.cast.wang_fang, visit, origin="http://evil.example"),
        socket(stage.cast.wang_fang, visit, origin=None),
        socket(stage.cast.wang_fang, OnlineVisit(pk=999_999)),
    ]

    async def story() -> None:
        for line in cases:
            assert not await line.connect()

    play(story)


def test_a_reader_whose_sessions_were_ended_is_out_within_five_seconds_G19(stage: Stage) -> None:
    stage.was_here()
    visit = stage.talking()
    patient = socket(stage.cast.wang_fang, visit)

    async def story() -> None:
        assert await patient.connect()
        await sync_to_async(Account.objects.filter(pk=stage.cast.wang_fang.account.pk).update)(epoch=2)
        assert await patient.closed(5) == consumers.SIGN_IN

    play(story)


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (["x" * 20_000], consumers.TOO_LARGE),
        (["no json"], consumers.TOO_LARGE),
        (['{"type": "nothing"}'] * 40, consumers.TOO_FAST),
    ],
)
def test_large_and_fast_frames_end_the_socket_G19(stage: Stage, frames: list[str], code: int) -> None:
    stage.was_here()
    visit = stage.talking()
    patient = socket(stage.cast.wang_fang, visit)

    async def story() -> None:
        assert await patient.connect()
        for frame in frames:
            await patient.send(frame)
        assert await patient.closed(5) == code

    play(story)
