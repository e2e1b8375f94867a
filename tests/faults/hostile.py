"""Inboxes that answer in bytes as no honest server would, without an end where they can."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

Talk = Callable[["Hostile", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_CHUNK: Final = b"x" * 65_536


@dataclass(slots=True)
class Hostile:
    """A host, how often it was connected to, and how many bytes it got rid of."""

    host: str = ""
    visits: int = 0
    sent: int = 0

    async def send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        writer.write(data)
        await writer.drain()
        self.sent += len(data)


async def _silent(_peer: Hostile, reader: asyncio.StreamReader, _w: asyncio.StreamWriter) -> None:
    while await reader.read(65_536):
        pass


async def _drip_head(peer: Hostile, _r: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for byte in b"HTTP/1.1 202 Accepted\r\nX-Slow: " + b"y" * 1000:
        await peer.send(writer, bytes([byte]))
        await asyncio.sleep(0.05)


async def _drip_body(peer: Hostile, _r: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await peer.send(writer, b"HTTP/1.1 503 Busy\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(1000):
        await peer.send(writer, b"z")
        await asyncio.sleep(0.05)


def _flood(head: bytes, body: bytes = _CHUNK) -> Talk:
    async def talk(
        peer: Hostile, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await peer.send(writer, b"HTTP/1.1 " + head)
        while True:
            await peer.send(writer, body)
            # Its victim shares the processor with it, which no other would.
            await asyncio.sleep(0.002)

    return talk


async def _bomb(peer: Hostile, _r: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    packed = gzip.compress(gzip.compress(b"\0" * 30_000_000))
    head = f"HTTP/1.1 500 Oops\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    await peer.send(writer, head.encode() + packed)


async def _broken_gzip(peer: Hostile, _r: asyncio.StreamReader, w: asyncio.StreamWriter) -> None:
    head = b"HTTP/1.1 500 Oops\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n"
    await peer.send(w, head + b"not gzip!")


async def _goes_round(peer: Hostile, _r: asyncio.StreamReader, w: asyncio.StreamWriter) -> None:
    place = f"http://{peer.host}/inbox".encode()
    head = b"HTTP/1.1 307 Again\r\nLocation: " + place + b"\r\nContent-Length: 0\r\n\r\n"
    await peer.send(w, head)


async def _nonsense(peer: Hostile, _r: asyncio.StreamReader, w: asyncio.StreamWriter) -> None:
    await peer.send(w, b"\x00\xff SSH-2.0-nobody\r\n\r\n" * 100)


KINDS: Final[Mapping[str, Talk]] = {
    "silent": _silent,
    "drips its head": _drip_head,
    "drips its body": _drip_body,
    "an error without end": _flood(b"500 Oops\r\n\r\n"),
    "a yes without end": _flood(b"200 OK\r\n\r\n"),
    "more than it says": _flood(b"200 OK\r\nContent-Length: 10\r\n\r\n"),
    "chunks without end": _flood(
        b"500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + _CHUNK + b"\r\n"
    ),
    "headers without end": _flood(b"200 OK\r\n", b"X-Header: value\r\n" * 2000),
    "one header without end": _flood(b"200 OK\r\nX-Header: "),
    "wait, without end": _flood(b"100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "a bomb": _bomb,
    "broken gzip": _broken_gzip,
    "redirects to itself": _goes_round,
    "no HTTP": _nonsense,
}


@asynccontextmanager
async def hostile(kind: str) -> AsyncIterator[Hostile]:
    """Run such an inbox for the length of the block."""
    peer = Hostile()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer.visits += 1
        with contextlib.suppress(ConnectionError):
            if await reader.read(1):
                await KINDS[kind](peer, reader, writer)
        with contextlib.suppress(ConnectionError):
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    peer.host = f"localhost:{server.sockets[0].getsockname()[1]}"
    try:
        yield peer
    finally:
        server.close()
