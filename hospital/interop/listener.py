"""The MLLP listener: many connections, one thread pool for the database, an answer to every frame.

MLLP has no sign-in: who may connect is the network's business and the list of `allow`ed addresses.
"""

import asyncio
import ipaddress
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from django.db import connections

from hospital.kit import clock

from . import services
from .hl7.ack import Code, Verdict, ack
from .hl7.framing import FrameReader, FrameTooLong, framed

log = logging.getLogger(__name__)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Limits:
    frame_bytes: int = 5 * 1024 * 1024
    frame_seconds: float = 30  # from the first byte of a frame to its last
    idle_seconds: float = 3600  # a connection without frames
    answer_seconds: float = 20
    connections: int = 200
    threads: int = 4


@dataclass(slots=True)
class Listener:
    """`await start(host, port)`, then `await stop()`; `port` is the real one when 0 was asked for."""

    limits: Limits = field(default_factory=Limits)
    allow: Sequence[Network] = ()
    _server: asyncio.Server | None = None
    _pool: ThreadPoolExecutor | None = None
    _open: set["asyncio.Task[None]"] = field(default_factory=set)

    async def start(self, host: str, port: int) -> int:
        self._pool = ThreadPoolExecutor(self.limits.threads, thread_name_prefix="hl7")
        self._server = await asyncio.start_server(self._serve, host, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Take no more connections, let the message at work be answered, then close."""
        if self._server is not None:
            self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        if self._pool is not None:
            await asyncio.to_thread(self._pool.shutdown)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        peer = str((writer.get_extra_info("peername") or ("",))[0])
        try:
            if self._may_come_in(peer):
                await self._talk(reader, writer, peer)
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError):
            log.info("an HL7 connection ended in the middle")
        except Exception:  # one connection must never end the listener
            log.exception("an HL7 connection failed")
        finally:
            self._open.discard(task)
            writer.close()

    def _may_come_in(self, peer: str) -> bool:
        if len(self._open) > self.limits.connections:
            log.warning("too many HL7 connections: one refused")
            return False
        if not self.allow:
            return True
        allowed = any(ipaddress.ip_address(peer.split("%")[0]) in network for network in self.allow)
        if not allowed:
            log.warning("an HL7 connection from an address that isn't allowed was refused")
        return allowed

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: str) -> None:
        frames = FrameReader(self.limits.frame_bytes)
        loop = asyncio.get_running_loop()
        due = loop.time() + self.limits.idle_seconds
        while True:
            async with asyncio.timeout_at(due):
                data = await reader.read(65536)
            if not data:
                return
            was_inside = frames.is_inside
            try:
                messages = frames.feed(data)
            except FrameTooLong as error:
                verdict = Verdict(Code.REJECTED, "The message is too long.", "hl7-too-long")
                await self._send(writer, ack(error.head, verdict, at=clock.now(), number="0"))
                return
            for message in messages:
                await self._send(writer, await self._answer(message, peer))
            if not frames.is_inside:
                due = loop.time() + self.limits.idle_seconds
            elif messages or not was_inside:  # a drip of bytes doesn't move the end of a frame's time
                due = loop.time() + self.limits.frame_seconds

    async def _send(self, writer: asyncio.StreamWriter, answer: bytes) -> None:
        writer.write(framed(answer))
        async with asyncio.timeout(self.limits.answer_seconds):
            await writer.drain()

    async def _answer(self, message: bytes, peer: str) -> bytes:
        """In a thread, within the time; what takes longer is answered AE and goes on: its repeat finds it done."""
        work = asyncio.get_running_loop().run_in_executor(self._pool, _work, message, peer)
        try:
            return await asyncio.wait_for(asyncio.shield(work), self.limits.answer_seconds)
        except TimeoutError:
            verdict = Verdict(Code.ERROR, "Not finished in time. Send the message again.", "busy")
            return ack(message, verdict, at=clock.now(), number="0")


def _work(message: bytes, peer: str) -> bytes:
    """One message with a connection of its own: a laboratory sends some a minute, and a listener runs for months."""
    try:
        return services.message_answer(message, peer=peer, at=clock.now())
    finally:
        connections.close_all()
