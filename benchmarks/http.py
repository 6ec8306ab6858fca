"""A small HTTP/1.1 client on asyncio: a caller is one connection that is kept, so that the client costs next to nothing."""

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Caller:
    def __init__(self, host: str, port: int, cookies: dict[str, str]) -> None:
        self.host, self.port = host, port
        self.cookies = "; ".join(f"{name}={value}" for name, value in cookies.items())
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def connect(self) -> None:
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port)

    async def post_json(self, path: str, body: bytes, headers: str = "") -> Answer:
        """`headers`: whole lines, each with its end."""
        kind = f"Content-Type: application/json\r\nAccept: application/json\r\nContent-Length: {len(body)}\r\n"
        return await self._ask("POST", path, kind + headers, body)

    async def post(self, path: str, body: bytes, headers: str) -> Answer:
        """`headers`: whole lines, those of type and length too."""
        return await self._ask("POST", path, headers, body)

    async def get(self, path: str) -> Answer:
        return await self._ask("GET", path, "Accept: application/json\r\n", b"")

    async def _ask(self, method: str, path: str, headers: str, body: bytes) -> Answer:
        if self.writer is None or self.writer.is_closing() or (self.reader is not None and self.reader.at_eof()):
            await self.connect()
        assert self.reader is not None and self.writer is not None
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nCookie: {self.cookies}\r\n"
            f"User-Agent: caller {hash(self.cookies)}\r\n"  # callers have browsers of their own
            f"{headers}\r\n"
        )
        self.writer.write(head.encode() + body)
        await self.writer.drain()
        return await self._read()

    async def _read(self) -> Answer:
        assert self.reader is not None
        status = int((await self.reader.readline()).split()[1])
        headers = {}
        while line := (await self.reader.readline()).strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int((await self.reader.readline()).split(b";")[0], 16):
                body += await self.reader.readexactly(size)
                await self.reader.readline()
            await self.reader.readline()
        else:
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        if headers.get("connection", "").lower() == "close":
            await self.close()
        return Answer(status, headers, body)

    async def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
            self.writer = None
