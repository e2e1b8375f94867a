"""Inboxes that behave as told, on ports of this machine."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from aiohttp import web

from fedimmp.services import peering
from storage import inbox_hosts
from storage.inbox_hosts import HostState
from tests.live import free_ports
from tests.wire.offices import Office

Behave = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Clock:
    """The present, which can be moved forward."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def pass_by(self, **time: float) -> None:
        """Let time go by."""
        self.ahead += timedelta(**time)


@dataclass(slots=True)
class Sink:
    """An inbox, what it got, and how it answers."""

    host: str
    received: list[dict[str, Any]] = field(default_factory=list)
    requests: int = 0
    behave: Behave | None = None
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def texts(self) -> list[str]:
        """Return what was received, as plain words."""
        return [activity["object"]["content"] for activity in self.received]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.method != "POST":
            return web.Response(status=404)
        self.requests += 1
        body = await request.read()
        if self.behave is not None:
            return await self.behave(request)
        self.received.append(orjson.loads(body))
        return web.Response(status=202)

    def answers(self, status: int, **headers: str) -> None:
        """Answer with this status from now on."""

        async def behave(_request: web.Request) -> web.StreamResponse:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return web.Response(status=status, headers=named)

        self.behave = behave

    def resets(self) -> None:
        """Close connections without an answer from now on."""

        async def behave(request: web.Request) -> web.StreamResponse:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()

        self.behave = behave

    def hangs(self) -> None:
        """Answer nothing from now on, until `released`."""

        async def behave(_request: web.Request) -> web.StreamResponse:
            await self.released.wait()
            return web.Response(status=500)

        self.behave = behave

    def recovers(self) -> None:
        """Take everything from now on."""
        self.behave = None

    async def state_at(self, office: Office) -> HostState:
        """Return how an office sees this inbox."""
        return next(state for state in await states_at(office) if state.host == self.host)


async def states_at(office: Office) -> list[HostState]:
    """Return how an office sees all inboxes that it ever addressed."""
    async with office.app.db.reader() as conn:
        return await inbox_hosts.list_hosts(conn)


@asynccontextmanager
async def open_sink(office: Office) -> AsyncIterator[Sink]:
    """Run an inbox that an office trusts for the length of the block."""
    (port,) = free_ports(1)
    sink = Sink(f"localhost:{port}")
    server = web.Application()
    server.router.add_route("*", "/{path:.*}", sink.answer)
    runner = web.AppRunner(server, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await office.trust_host(sink.host)
        yield sink
        await peering.remove_peer(office.app, sink.host, actor="test")
    finally:
        await runner.cleanup()
