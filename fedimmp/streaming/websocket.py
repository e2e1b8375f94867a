"""GET /api/v1/streaming: one WebSocket, many streams."""

import base64
import functools
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from aiohttp import web

from fedimmp.app import App
from fedimmp.errors import NotFound, TooMany
from fedimmp.streaming.authentication import (
    access_channel,
    check_token,
    listener_of,
    offered_protocol,
)
from fedimmp.streaming.channels import read_channel
from fedimmp.streaming.context import HEART, hub_of
from fedimmp.streaming.hub import Hub
from fedimmp.streaming.listener import Listener
from fedimmp.streaming.sockets import Socket
from fedimmp.web.call import Call
from fedimmp.web.switching import switch

CHANNEL_LIMIT: Final = 64
# RFC 6455 section 1.3.
_HANDSHAKE: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


async def stream(call: Call) -> web.StreamResponse:
    """Open a WebSocket that carries one stream at once, or many that its frames subscribe to.

    The token comes as subprotocol, as `access_token` or in the header.
    """
    if not web.WebSocketResponse().can_prepare(call.request):
        raise NotFound("Open this address as a WebSocket, or one below it for server-sent events.")
    listener = await listener_of(call)
    asked = await call.form()
    hub = hub_of(call.request)
    hub.join(listener)
    try:
        await check_token(call, listener)
        make = _opening(call, listener, hub)
        response, socket = await switch(call.request, _agreement(call.request), make)
    except BaseException:
        hub.leave(listener)
        raise
    if asked["stream"]:
        socket.wish({"type": "subscribe", **asked})
    return response


def _opening(call: Call, listener: Listener, hub: Hub) -> Callable[[Callable[[], None]], Socket]:
    fulfil = functools.partial(_fulfil, call.app, hub)
    heart = call.request.app[HEART]
    return lambda leave: Socket(listener, hub, heart, fulfil, leave)


def _agreement(request: web.Request) -> dict[str, str]:
    """Return the headers that agree to the upgrade (RFC 6455 section 4.2.2).

    Nothing is compressed, since a compressor costs 125 KiB a socket.
    """
    key = request.headers["Sec-WebSocket-Key"].encode()
    proof = hashlib.sha1(key + _HANDSHAKE, usedforsecurity=False).digest()
    headers = {
        "Upgrade": "websocket",
        "Connection": "upgrade",
        "Sec-WebSocket-Accept": base64.b64encode(proof).decode(),
    }
    protocol = offered_protocol(request)
    return headers if protocol is None else headers | {"Sec-WebSocket-Protocol": protocol}


async def _fulfil(app: App, hub: Hub, listener: Listener, words: Mapping[str, Any]) -> None:
    """Carry out a subscribe or unsubscribe frame; anything else is ignored, as Mastodon does."""
    match words:
        case {"type": "subscribe"}:
            await _subscribe(app, hub, listener, words)
        case {"type": "unsubscribe"}:
            hub.unsubscribe(listener, read_channel(words))


async def _subscribe(app: App, hub: Hub, listener: Listener, words: Mapping[str, Any]) -> None:
    channel = read_channel(words)
    if channel in listener.channels:
        return
    if len(listener.channels) >= CHANNEL_LIMIT:
        raise TooMany("This connection listens to too many streams.", retry_after=60)
    await access_channel(app, listener, channel)
    hub.subscribe(listener, channel)
