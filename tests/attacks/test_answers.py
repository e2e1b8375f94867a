"""What an allowed peer answers: without an end, of a wrong length, or made to burst."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from fedimmp.services import discovery, peering
from tests.attacks.door import Door
from tests.attacks.outbound import look_at
from tests.attacks.reading import deliver
from tests.federation.foreign import LOOPBACK, Foreign
from tests.federation.members import count, member
from tests.protocol.peers import raw_serving

MIB = 1024 * 1024
TYPE = "Content-Type: application/activity+json\r\n"
BOMB = gzip.compress(b" " * (200 * MIB), compresslevel=9)
# The header of gzip, then empty blocks.
NOTHING = gzip.compress(b"")[:10] + b"\x00\x00\x00\xff\xff" * 13_000
# Headers, what follows them once, and what is repeated until nobody listens any more.
ANSWERS = {
    "endless": (TYPE, b"{", b" " * 65536),
    "endless chunks": (TYPE + "Transfer-Encoding: chunked\r\n", b"", b"10000\r\n%b\r\n"),
    "more than promised": (TYPE + "Content-Length: 10\r\n", b"", b" " * 65536),
    "less than promised": (TYPE + "Content-Length: 1000\r\n", b"{}", b""),
    "promised too much": (TYPE + f"Content-Length: {10 * 1024 * MIB}\r\n", b"{", b" " * 65536),
    "negative length": (TYPE + "Content-Length: -1\r\n", b"{", b" " * 65536),
    "two lengths": (TYPE + "Content-Length: 2\r\nContent-Length: 90\r\n", b"{}", b""),
    "bomb": (TYPE + f"Content-Encoding: gzip\r\nContent-Length: {len(BOMB)}\r\n", BOMB, b""),
    "bomb in a bomb": (TYPE + "Content-Encoding: gzip, gzip\r\n", gzip.compress(BOMB), b""),
    "three encodings": (TYPE + "Content-Encoding: gzip, gzip, br\r\n", BOMB, b""),
    "brotli": (TYPE + "Content-Encoding: br\r\n", BOMB, b""),
    "deflate": (TYPE + "Content-Encoding: deflate\r\n", zlib.compress(b" " * MIB), b""),
    "no gzip": (TYPE + "Content-Encoding: gzip\r\n", b"{}", b" " * 65536),
    "endless headers": ("X-Long: ", b"", b"x" * 65536),
    "another gzip behind": (TYPE + "Content-Encoding: gzip\r\n", gzip.compress(b"{"), BOMB),
    "blocks of nothing": (TYPE + "Content-Encoding: gzip\r\n", NOTHING[:10], NOTHING[10:]),
}
# What buffers may hold on both sides beside the limit.
SLACK = 24 * MIB


@dataclass
class Server:
    """A server that answers all requests in one way, and counts the bytes that it got rid of."""

    host: str = ""
    answer: str = ""
    sent: int = 0
    connections: int = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await reader.readuntil(b"\r\n\r\n")
        headers, once, again = ANSWERS[self.answer]
        again = again.replace(b"%b", b" " * 65536)
        writer.write(f"HTTP/1.1 200 OK\r\n{headers}".encode())
        if not headers.startswith("X-Long"):
            writer.write(b"\r\n")
        writer.write(once)
        await writer.drain()
        self.sent += len(once)
        while again and not writer.is_closing():
            writer.write(again)
            await writer.drain()
            self.sent += len(again)


@pytest.fixture
async def server(door: Door) -> AsyncIterator[Server]:
    running = Server()
    async with raw_serving(running.talk) as origin:
        running.host = origin.removeprefix("http://")
        await peering.add_peer(door.app, running.host, networks=LOOPBACK, actor="tests")
        yield running
        await door.app.client.close()


@pytest.mark.sec("SEC-050")
@pytest.mark.parametrize("answer", ANSWERS)
async def test_an_answer_is_cut_at_the_limit(
    door: Door, porto: Foreign, server: Server, answer: str
) -> None:
    ana, bela = await member(door.app, "ana"), porto.person("bela")
    server.answer = answer
    base = f"http://{server.host}"

    assert await discovery.account_by_uri(door.app, f"{base}/users/mallory") is None
    assert await discovery.status_by_uri(door.app, f"{base}/notes/1") is None
    note = bela.note(attachment=[{"type": "Image", "url": f"{base}/lake.png"}])
    await peering.add_peer(door.app, porto.host, media_hosts=[server.host], actor="tests")
    assert await deliver(door, bela, bela.create(note)) == [202]
    assert 404 in await look_at(door.app, ana, note["id"])

    assert server.connections >= 3
    # Documents end at 1 MiB, a picture at 16 MiB.
    assert server.sent < server.connections * (SLACK + len(BOMB))
    assert await count(door.app, "accounts") == 3
    assert await count(door.app, "statuses") == 1
