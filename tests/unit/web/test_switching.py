"""A connection that is handed over to another protocol than HTTP."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import cast

from aiohttp import web

from fedimmp.web.call import Call
from fedimmp.web.routes import Route
from fedimmp.web.server import serving
from fedimmp.web.switching import switch
from tests.unit.web.offices import configured
from tests.unit.web.test_server import (
    PATIENCE,
    answers_in_time,
    app_of,
    connected,
    seconds_until_closed,
    with_certificate,
)

REQUEST = (
    b"GET /echo HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: none\r\n\r\n"
)


class Echo(asyncio.Protocol):
    """Sends back what comes."""

    def __init__(self, leave: Callable[[], None]) -> None:
        self._leave = leave
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()


async def echo(call: Call) -> web.StreamResponse:
    response, _ = await switch(call.request, {"Upgrade": "echo", "Connection": "upgrade"}, Echo)
    return response


ROUTES = [Route("GET", "/echo", echo, public=True), Route("GET", "/livez", echo, public=True)]


async def test_the_new_protocol_has_the_connection_with_what_came_early(tmp_path: Path) -> None:
    config = configured(tmp_path, limits__keepalive_seconds="1", limits__header_seconds="0.2")
    async with (
        serving(app_of(config, ROUTES), config) as (_, port),
        connected(port) as (reader, writer),
        asyncio.timeout(PATIENCE),
    ):
        writer.write(REQUEST + b"early ")
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 101 ")
        assert b"\r\nUpgrade: echo\r\n" in answer
        assert b"X-Request-Id" in answer
        assert await reader.readexactly(6) == b"early "
        # Longer than HTTP would wait for another request.
        await asyncio.sleep(1.2)
        writer.write(REQUEST)
        assert await reader.readexactly(len(REQUEST)) == REQUEST


async def test_the_new_protocol_speaks_through_tls(tmp_path: Path) -> None:
    config, context = with_certificate(tmp_path, limits__keepalive_seconds="1")
    async with serving(app_of(config, ROUTES), config) as (_, port), asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname="hq.localhost"
        )
        writer.write(REQUEST.replace(b"Host: a", b"Host: hq.localhost"))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        sent = bytes(range(256)) * 1000
        writer.write(sent)
        assert await reader.readexactly(len(sent)) == sent
        writer.close()
        await writer.wait_closed()


async def test_its_place_is_counted_until_it_is_lost(tmp_path: Path) -> None:
    config = configured(tmp_path, limits__connections_per_address="2")
    routes = [ROUTES[0], Route("GET", "/livez", _fine, public=True)]
    async with serving(app_of(config, routes), config) as (_, port):
        for _ in range(3):
            held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
            for reader, writer in held:
                writer.write(REQUEST)
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
            async with connected(port) as (reader, _):
                assert await seconds_until_closed(reader) < PATIENCE
            for _, writer in held:
                writer.close()
            assert await answers_in_time(port)


async def _fine(_call: Call) -> web.StreamResponse:
    return web.json_response({})
