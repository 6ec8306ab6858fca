"""The socket of a talk. The database is the truth: the layer only says "look", and the socket looks by its own clock
too, so that a lost wake-up costs seconds, never a line (G35). Who may stay is asked again each time (G19)."""

import asyncio
import json
import time
from collections import deque
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.utils import translation

from hospital.kit import clock
from hospital.kit.access import require, rule
from hospital.kit.actor import SIGNED_IN_PATIENTS, Actor, Role
from hospital.kit.problems import Problem, SignInNeeded
from hospital.organisation.socket_actors import actor_of_session

from . import lines, policy, selectors, services
from .models import Sender
from .services.talking import group_of

LOOK_EVERY = 3.0  # seconds: a revoked reader is out, and a lost wake-up made good, within 5
MOST_BYTES = 16 * 1024  # 1,000 characters, each escaped as six
FRAMES, PER_SECONDS = 30, 10.0
SIGN_IN, STRANGER, TOO_LARGE, TOO_FAST = 4401, 4404, 1009, 4429


@rule("consult.socket", SIGNED_IN_PATIENTS | {Role.DOCTOR}, subject="online_visit")
class TalkConsumer(AsyncWebsocketConsumer):
    """Client: {"type": "after", "seq": 7} or {"type": "say", "key": "…", "text": "…"}.
    Server: {"type": "lines", html, last, status, open}, {"type": "said", key, seq}, {"type": "refused", key, title}."""

    async def connect(self) -> None:
        self.visit_id = int(self.scope["url_route"]["kwargs"]["pk"])
        self.last = -1  # nothing is sent before the client has said what it has
        self.frames: deque[float] = deque()
        self.looking: asyncio.Task[None] | None = None
        self.lock = asyncio.Lock()
        try:
            await self._ask(read=False)
        except Problem as problem:
            await self._leave(problem)
            return
        await self.channel_layer.group_add(group_of(self.visit_id), self.channel_name)
        await self.accept()
        self.looking = asyncio.create_task(self._look_on())

    async def disconnect(self, code: int) -> None:
        if self.looking is not None:
            self.looking.cancel()
            await self.channel_layer.group_discard(group_of(self.visit_id), self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if text_data is None or len(text_data.encode()) > MOST_BYTES:
            await self.close(TOO_LARGE)
            return
        now = time.monotonic()
        self.frames.append(now)
        while now - self.frames[0] > PER_SECONDS:
            self.frames.popleft()
        if len(self.frames) > FRAMES:
            await self.close(TOO_FAST)
            return
        try:
            frame = json.loads(text_data)
        except (ValueError, RecursionError):
            frame = None
        if not isinstance(frame, dict):
            await self.close(TOO_LARGE)
            return
        await self._obey(frame)

    async def _obey(self, frame: dict[str, Any]) -> None:
        if frame.get("type") == "after" and isinstance(frame.get("seq"), int):
            self.last = max(0, frame["seq"])
            await self._look()
        elif frame.get("type") == "say":
            key, text = str(frame.get("key", ""))[:40], str(frame.get("text", ""))
            try:
                seq = await self._say(key, text)
            except SignInNeeded as problem:
                await self._leave(problem)
            except Problem as problem:
                refused = {"type": "refused", "key": key, "code": problem.code, "title": problem.reason}
                await self.send(json.dumps(refused))
            else:
                await self.send(json.dumps({"type": "said", "key": key, "seq": seq}))
                await self._look()

    async def talk_wake(self, event: dict[str, Any]) -> None:
        """The layer says: look."""
        await self._look()

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            await self._look()

    async def _look(self) -> None:
        """Send what the client lacks; one look at a time, so that lines leave in order."""
        async with self.lock:
            try:
                found = await self._ask(read=self.last >= 0)
            except Problem as problem:
                await self._leave(problem)
                return
            if found is not None and (found["html"] or not found["open"]):
                self.last = found["last"]
                await self.send(json.dumps(found))

    async def _leave(self, problem: Problem) -> None:
        await self.close(SIGN_IN if isinstance(problem, SignInNeeded) else STRANGER)

    def _actor(self, *, used: bool = False) -> Actor:
        session = self.scope.get("session")
        actor = actor_of_session(session.session_key if session else None, at=clock.now(), used=used)
        require(type(self), "GET", actor)
        return actor

    def _language(self) -> str:
        return str(self.scope.get("cookies", {}).get(settings.LANGUAGE_COOKIE_NAME, settings.LANGUAGE_CODE))

    @database_sync_to_async
    def _ask(self, *, read: bool) -> dict[str, Any] | None:
        """Asks who this is and whether they belong here; with `read`, answers the lines that the client lacks."""
        actor = self._actor()
        visit = selectors.member_visit(actor, self.visit_id)
        if not read:
            return None
        viewer = Sender.DOCTOR if policy.is_doctor_of(actor, visit) else Sender.PATIENT
        with translation.override(self._language()):
            found = lines.news(visit, self.last, viewer)
        if found["last"] > self.last:
            services.talk_read(actor=actor, visit_id=visit.pk, seq=found["last"], at=clock.now())
        return found

    @database_sync_to_async
    def _say(self, key: str, text: str) -> int:
        actor = self._actor(used=True)
        with translation.override(self._language()):
            line = services.message_post(actor=actor, visit_id=self.visit_id, text=text, client_key=key, at=clock.now())
        return line.seq
