"""The HTTP server: listens, keeps deadlines for headers, bounds connections, and drains at the end.

aiohttp alone waits for a request's headers as long as for the next request of a live connection,
and takes any number of connections from one address.
"""

import asyncio
import errno
import logging
import socket
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import orjson
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from fedimmp.config import Config
from fedimmp.web.addresses import Address, bucket, is_within, read_address
from fedimmp.web.responses import json_response

log = logging.getLogger(__name__)

_MAX_LINE: Final = 8190
_MAX_HEADER: Final = 16_380
_MAX_HEADERS: Final = 100
_LINGER_SECONDS: Final = 5.0
_BACKLOG: Final = 1024
_CERTIFICATE_CHECK_SECONDS: Final = 60.0
# How long a request that outlasted the drain gets to give up; part of the drain's time.
_CANCEL_SECONDS: Final = 1.0
_DRAIN_POLL_SECONDS: Final = 0.02


class ListenError(Exception):
    """The server cannot listen where it should; str() is one sentence."""


@dataclass(slots=True)
class Doorkeeper:
    """Counts open connections per address and says who may come in."""

    config: Config
    _open: Counter[str] = field(default_factory=Counter)

    def enter(self, address: Address | None) -> bool:
        """Count one connection and tell whether it may stay."""
        if self._is_free(address):
            return True
        place = bucket(address)
        if self._open[place] >= self._limit(address):
            return False
        self._open[place] += 1
        return True

    def leave(self, address: Address | None) -> None:
        """Forget a connection that was let in."""
        if self._is_free(address):
            return
        place = bucket(address)
        self._open[place] -= 1
        if self._open[place] <= 0:
            del self._open[place]

    def _is_free(self, address: Address | None) -> bool:
        # Behind a trusted proxy there are many people, and it has limits of its own.
        return address is None or is_within(address, self.config.server.trusted_proxies)

    def _limit(self, address: Address | None) -> int:
        limits = self.config.limits
        if address is not None and is_within(address, limits.office_networks):
            return int(limits.connections_per_address * limits.office_factor)
        return limits.connections_per_address


class Connection(RequestHandler):
    """aiohttp's connection with a deadline for each request's headers."""

    __slots__ = ("_address", "_admitted", "_deadline", "_door", "_draining", "_header_seconds")

    def __init__(
        self, manager: web.Server, *, door: Doorkeeper, header_seconds: float, **kwargs: Any
    ) -> None:
        super().__init__(manager, **kwargs)
        self._door = door
        self._header_seconds = header_seconds
        self._deadline: asyncio.TimerHandle | None = None
        self._address: Address | None = None
        self._admitted = False
        self._draining = False

    @property
    def is_busy(self) -> bool:
        """Whether a request is under way, its body included."""
        return self._request_in_progress or bool(self._messages)

    def drain(self) -> None:
        """Finish the request under way, if there is one, and take no other."""
        self._draining = True
        if not self.is_busy:
            self.force_close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peername = transport.get_extra_info("peername")
        self._address = read_address(peername[0]) if isinstance(peername, tuple) else None
        self._admitted = self._door.enter(self._address)
        if not self._admitted:
            self.force_close()
            return
        self._expect_headers()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._stop_waiting()
        if self._admitted:
            self._admitted = False
            self._door.leave(self._address)
        super().connection_lost(exc)

    def keep_place(self) -> Callable[[], None]:
        """Let another protocol have the place among the connections; returns how to leave it."""
        if not self._admitted:
            raise ConnectionResetError("The connection is over.")
        self._admitted = False
        return partial(self._door.leave, self._address)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._messages or self._current_request is not None:
            # Headers are complete; the body has its own deadline where it is read.
            self._stop_waiting()
        elif self._deadline is None:
            self._expect_headers()

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer; at the end of the server it says that the connection closes."""
        if self._draining:
            resp.force_close()
        return await super().finish_response(request, resp, start_time)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 (the parser's own words quote the sender)
    ) -> web.StreamResponse:
        """Answer what is no HTTP, or an error outside of the application, in the API's shape."""
        if request.writer.output_size > 0:
            raise ConnectionError("A part of the answer is sent already.")
        if isinstance(exc, ConnectionError):
            log.info("A client went away in the middle of its request.")
        elif status >= 500:
            log.error("A request failed outside of the application.", exc_info=exc)
        sentence = "The request is malformed" if status < 500 else "Something went wrong here"
        response = json_response(orjson.dumps({"error": sentence}), status=status)
        response.headers["Server"] = "fedimmp"
        response.force_close()
        return response

    def _expect_headers(self) -> None:
        self._deadline = self._loop.call_later(self._header_seconds, self._too_slow)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        if self._current_request is None and not self._messages:
            self.force_close()


@asynccontextmanager
async def serving(
    web_app: web.Application, config: Config, *, sock: socket.socket | None = None
) -> AsyncIterator[tuple[str, int]]:
    """Serve while the block runs and yield the address; raises ListenError.

    At the end no connection is taken any more, requests under way get `limits.drain_seconds`, and
    idle connections are closed.
    """
    tls = _tls_context(config)
    listening = sock or _listen(config.server.listen)
    runner = web.AppRunner(
        web_app,
        access_log=None,
        shutdown_timeout=_CANCEL_SECONDS,
        keepalive_timeout=config.limits.keepalive_seconds,
        lingering_time=_LINGER_SECONDS,
        max_line_size=_MAX_LINE,
        max_field_size=_MAX_HEADER,
        max_headers=_MAX_HEADERS,
    )
    try:
        await runner.setup()
        server = await _start(runner, config, listening, tls)
        watcher = asyncio.create_task(_watch_certificate(config, tls))
        host, port = listening.getsockname()[:2]
        try:
            yield str(host), int(port)
        finally:
            watcher.cancel()
            with suppress(asyncio.CancelledError):
                await watcher
            server.close()
            await _drain(runner, config.limits.drain_seconds - 2 * _CANCEL_SECONDS)
    finally:
        await runner.cleanup()
        listening.close()


async def _drain(runner: web.AppRunner, seconds: float) -> None:
    """Wait until the requests under way are answered, at most for so long.

    aiohttp's own shutdown ignores what still arrives, so that a request whose body is on its way
    would never be complete, and does not tell its clients that their connections close.
    """
    # Streams do not end by themselves.
    await runner.shutdown()
    # What has arrived becomes a request in the next turn of the loop.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    with suppress(TimeoutError):
        async with asyncio.timeout(max(seconds, 0)):
            while _drain_connections(runner):
                await asyncio.sleep(_DRAIN_POLL_SECONDS)


def _drain_connections(runner: web.AppRunner) -> bool:
    """Have all connections end and tell whether one is busy."""
    every = runner.server.connections if runner.server is not None else []
    connections = [each for each in every if isinstance(each, Connection)]
    for connection in connections:
        connection.drain()
    return any(connection.is_busy for connection in connections)


async def _start(
    runner: web.AppRunner,
    config: Config,
    listening: socket.socket,
    tls: ssl.SSLContext | None,
) -> asyncio.Server:
    manager = runner.server
    if manager is None:
        raise RuntimeError("The runner was not set up.")
    loop = asyncio.get_running_loop()
    door = Doorkeeper(config)

    def connection() -> Connection:
        return Connection(
            manager,
            door=door,
            header_seconds=config.limits.header_seconds,
            loop=loop,
            access_log=None,
            keepalive_timeout=config.limits.keepalive_seconds,
            lingering_time=_LINGER_SECONDS,
            max_line_size=_MAX_LINE,
            max_field_size=_MAX_HEADER,
            max_headers=_MAX_HEADERS,
        )

    return await loop.create_server(
        connection,
        sock=listening,
        ssl=tls,
        ssl_handshake_timeout=config.limits.header_seconds if tls else None,
        backlog=_BACKLOG,
    )


def _listen(where: str) -> socket.socket:
    host, _, port = where.rpartition(":")
    bare = host.strip("[]")
    family = socket.AF_INET6 if ":" in bare else socket.AF_INET
    try:
        return socket.create_server((bare, int(port)), family=family, backlog=_BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            sentence = f"Port {port} is in use: stop the other program, or set server.listen."
        else:
            sentence = f"The server cannot listen on {where}: {error.strerror or error}."
        raise ListenError(sentence) from error


def _tls_context(config: Config) -> ssl.SSLContext | None:
    certificate, key = config.server.tls_certificate, config.server.tls_key
    if certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    _load_certificate(context, certificate, key)
    return context


def _load_certificate(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise ListenError(
            f"The certificate {certificate} and its key cannot be used: {error}."
        ) from error


async def _watch_certificate(config: Config, tls: ssl.SSLContext | None) -> None:
    """Take a renewed certificate for new connections, without a restart."""
    certificate = config.server.tls_certificate
    if tls is None or certificate is None:
        return
    seen = await asyncio.to_thread(_modified, certificate)
    while True:
        await asyncio.sleep(_CERTIFICATE_CHECK_SECONDS)
        changed = await asyncio.to_thread(_modified, certificate)
        if changed != seen:
            seen = changed
            try:
                _load_certificate(tls, certificate, config.server.tls_key)
                log.info("The renewed certificate is in use.")
            except ListenError as error:
                log.error("The renewed certificate is not in use: %s", error)


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
