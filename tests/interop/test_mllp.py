"""The listener on a real socket: several frames at once, many at the same time, bad company."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from emr.models import Report
from hospital.interop.hl7.framing import framed
from hospital.interop.listener import Limits, Listener
from hospital.interop.models import InboundMessage
from tests.cast import Cast
from tests.interop.messages import answer_of, oru

pytestmark = pytest.mark.django_db(transaction=True)


def talk(story: Callable[[int], Awaitable[Any]], limits: Limits | None = None, **options: Any) -> Any:
    async def run() -> Any:
        listener = Listener(limits or Limits(), **options)
        port = await listener.start("127.0.0.1", 0)
        try:
            return await asyncio.wait_for(story(port), 60)
        finally:
            await listener.stop()

    # A thread of its own: the browser's driver may have left a running loop in this one.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, run()).result(timeout=90)


async def answers(reader: asyncio.StreamReader, count: int) -> list[tuple[str, str, str]]:
    return [answer_of(await reader.readuntil(b"\x1c\r")) for _ in range(count)]


def test_two_frames_in_one_read_and_one_in_pieces(cast: Cast) -> None:
    patient = cast.wang_fang.patient
    first, second, third = (framed(oru(patient, number=f"D{n}", filler=f"F{n}").encode()) for n in range(3))

    async def story(port: int) -> list[tuple[str, str, str]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(first + second)
        got = await answers(reader, 2)
        for at in range(0, len(third), 50):
            writer.write(third[at : at + 50])
            await writer.drain()
        return got + await answers(reader, 1)

    assert talk(story) == [("AA", "D0", ""), ("AA", "D1", ""), ("AA", "D2", "")]
    assert Report.objects.count() == 3


def test_the_same_message_on_twenty_connections_is_one_report(cast: Cast) -> None:
    content = framed(oru(cast.wang_fang.patient).encode())

    async def once(port: int) -> tuple[str, str, str]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(content)
        return (await answers(reader, 1))[0]

    async def story(port: int) -> list[tuple[str, str, str]]:
        return list(await asyncio.gather(*(once(port) for _ in range(20))))

    assert set(talk(story)) == {("AA", "M1", "")}
    assert Report.objects.count() == 1 and InboundMessage.objects.count() == 1


def test_bad_company_does_not_end_the_listener(cast: Cast) -> None:
    good = framed(oru(cast.wang_fang.patient).encode())

    async def story(port: int) -> list[Any]:
        seen: list[Any] = []
        for rude in (b"GET / HTTP/1.1\r\n\r\n", b"\x0bMSH|half", b"\x1c\r\x1c\r", framed(b""), framed(b"\xff" * 50)):
            _reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(rude)
            await writer.drain()
            writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(framed(b"MSH|^~\\&|LIS|LAB|HIS|H|2026||ORU^R01|LONG|P|2.5\r" + b"x" * 5000))
        seen += await answers(reader, 1)
        assert await reader.read() == b"", "after a frame without end the connection is over"
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(good)
        return seen + await answers(reader, 1)

    long, good_one = talk(story, Limits(frame_bytes=3000))
    assert (long[:2], good_one) == (("AR", "LONG"), ("AA", "M1", ""))


def test_a_drip_of_bytes_ends_in_time() -> None:
    async def story(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\x0bMSH|")
        return await reader.read()

    assert talk(story, Limits(frame_seconds=0.2)) == b""


def test_only_allowed_addresses_come_in() -> None:
    import ipaddress

    async def story(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(framed(b"MSH|^~\\&|X"))
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""

    assert talk(story, allow=[ipaddress.ip_network("10.9.0.0/16")]) == b""
    assert not InboundMessage.objects.exists()
