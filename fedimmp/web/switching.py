"""Hands a connection over to another protocol than HTTP (RFC 9110 section 15.2.2)."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeVar

from aiohttp import web

from fedimmp.web.server import Connection

P = TypeVar("P", bound=asyncio.Protocol)


class _Switching(web.StreamResponse):
    """The answer that ends HTTP on a connection: nothing follows its headers."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__(status=101, headers=headers)

    async def write_eof(self, data: bytes = b"") -> None:
        """Write nothing: the connection is another's."""


class _Early:
    """Takes what the client sent right behind its request."""

    def __init__(self) -> None:
        self.data = b""

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        self.data += data
        return False, b""

    def feed_eof(self) -> None:
        """Know nothing of ends: the new protocol hears of them."""


async def switch(
    request: web.Request, headers: Mapping[str, str], make: Callable[[Callable[[], None]], P]
) -> tuple[web.StreamResponse, P]:
    """Answer a request with 101 and give its connection to a new protocol.

    `make` gets what the protocol must call once, when the connection is lost. What aiohttp keeps
    of the request and the connection is free when the handler has returned the answer. Raises
    ConnectionError when the client has gone.
    """
    response = _Switching(headers)
    await response.prepare(request)
    handler, early = request.protocol, _Early()
    transport = handler.transport
    if transport is None:
        raise ConnectionResetError("The client has gone.")
    handler.set_parser(early)  # type: ignore[arg-type] # all that a parser must have
    leave = handler.keep_place() if isinstance(handler, Connection) else _nothing
    protocol = make(leave)
    transport.set_protocol(protocol)
    # For aiohttp the connection is lost, without being closed.
    handler.transport = None
    handler.connection_lost(None)
    response.force_close()
    protocol.connection_made(transport)
    if early.data:
        protocol.data_received(early.data)
    return response, protocol


def _nothing() -> None:
    """Leave a place that nobody counts."""
