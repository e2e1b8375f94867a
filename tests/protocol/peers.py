"""Other instances on loopback: servers that do as a test says, and traps that count visits."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any, cast

import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer

from activitypub.client import Client
from activitypub.policy import Trust
from activitypub.signatures.message import Message
from activitypub.vocabulary import AS2

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
AP_TYPE = "application/activity+json"

Page = Callable[[web.Request], web.StreamResponse | Awaitable[web.StreamResponse]]


@dataclass
class Peer:
    """An instance on http://localhost:PORT with pages by path; it remembers each request."""

    origin: str = ""
    pages: dict[str, Page] = field(default_factory=dict)
    seen: list[Message] = field(default_factory=list)

    @property
    def host(self) -> str:
        return self.origin.partition("://")[2]

    def uri(self, path: str) -> str:
        return self.origin + path

    def document(self, path: str, **properties: Any) -> dict[str, Any]:
        """Serve a document of this id and return it."""
        document = {"@context": AS2, "id": self.uri(path)} | properties
        self.pages[path] = lambda _request: ap_answer(document)
        return document

    def actor(self, path: str, **properties: Any) -> dict[str, Any]:
        """Serve an actor, without a key unless one is given."""
        name = path.rpartition("/")[2]
        return self.document(
            path,
            **(
                {"type": "Person", "preferredUsername": name, "inbox": self.uri(f"{path}/inbox")}
                | properties
            ),
        )

    def key(self, actor_path: str, key_id: str, pem: str = "PEM") -> dict[str, str]:
        return {"id": key_id, "owner": self.uri(actor_path), "publicKeyPem": pem}

    def redirect(self, path: str, location: str, status: int = 302) -> None:
        self.pages[path] = lambda _request: web.Response(
            status=status, headers={"Location": location}
        )

    async def answer(self, request: web.Request) -> web.StreamResponse:
        headers = [(name.decode(), value.decode()) for name, value in request.raw_headers]
        body = await request.read()
        self.seen.append(Message(request.method, request.raw_path, headers, body))
        page = self.pages.get(request.path)
        if page is None:
            return web.Response(status=404)
        result = page(request)
        return result if isinstance(result, web.StreamResponse) else await result


def ap_answer(document: object, content_type: str = AP_TYPE) -> web.Response:
    return web.Response(body=orjson.dumps(document), headers={"Content-Type": content_type})


def jrd_answer(document: object) -> web.Response:
    return ap_answer(document, "application/jrd+json")


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[Peer]:
    """Run a peer."""
    peer = Peer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", peer.answer)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    peer.origin = f"http://localhost:{server.port}"
    try:
        yield peer
    finally:
        await server.close()


@contextlib.asynccontextmanager
async def raw_serving(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """Run a server that talks in bytes; yields its origin."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://localhost:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def file_at(client: Client, url: str, *, max_bytes: int) -> tuple[bytes, str]:
    """Return the bytes of a file and the content type that its server claims."""
    body = bytearray()

    async def take(part: bytes) -> None:
        body.extend(part)

    content_type = await client.get_file(url, take, max_bytes=max_bytes, seconds=5.0)
    return bytes(body), content_type


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one byte at a time, for ever."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/activity+json\r\n\r\n")
    while not writer.is_closing():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


@dataclass
class Allowlist:
    """A policy over a literal table; remembers what it was asked."""

    hosts: dict[str, Trust] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def allow(self, host: str, networks: tuple[Any, ...] = LOOPBACK) -> None:
        self.hosts[host] = Trust(host, networks)

    async def trust(self, host: str) -> Trust | None:
        self.asked.append(host)
        return self.hosts.get(host)


class TrapResolver(asyncio.DatagramProtocol):
    """A name server that knows the addresses of a table and remembers each question."""

    def __init__(self, table: Mapping[str, list[str]]) -> None:
        self.table = dict(table)
        self.questions: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        labels, position = [], 12
        while data[position]:
            labels.append(data[position + 1 : position + 1 + data[position]].decode())
            position += data[position] + 1
        name = ".".join(labels).lower()
        self.questions.append(name)
        (kind,) = struct.unpack("!H", data[position + 1 : position + 3])
        addresses = self.table.get(name, []) if kind == 1 else []
        answers = b"".join(
            b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 0, 4) + bytes(map(int, each.split(".")))
            for each in addresses
        )
        code = 0 if name in self.table else 3
        header = data[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(addresses), 0, 0)
        self.transport.sendto(header + data[12 : position + 5] + answers, addr)


@contextlib.asynccontextmanager
async def resolving(table: Mapping[str, list[str]]) -> AsyncIterator[tuple[TrapResolver, str]]:
    """Run a trap resolver; yields it and its address as a nameserver setting."""
    loop = asyncio.get_running_loop()
    transport, trap = await loop.create_datagram_endpoint(
        lambda: TrapResolver(table), local_addr=("127.0.0.1", 0)
    )
    try:
        yield trap, f"127.0.0.1:{transport.get_extra_info('sockname')[1]}"
    finally:
        transport.close()
