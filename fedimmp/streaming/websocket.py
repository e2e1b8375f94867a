"""GET /api/v1/streaming: one WebSocket, many streams."""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from fedimmp.errors import NotFound, Refusal, TooMany
from fedimmp.streaming.authentication import access_channel, listener_of, offered_protocol
from fedimmp.streaming.channels import error_frame, read_channel
from fedimmp.streaming.context import hub_of
from fedimmp.streaming.listener import Listener
from fedimmp.web.call import Call

HEARTBEAT_SECONDS = 30.0
FRAME_LIMIT = 4096
CHANNEL_LIMIT = 64


async def stream(call: Call) -> web.StreamResponse:
    """Open a WebSocket that carries one stream at once, or many that its frames subscribe to.

    The token comes as subprotocol, as `access_token` or in the header.
    """
    protocol = offered_protocol(call.request)
    socket = web.WebSocketResponse(
        protocols=(protocol,) if protocol else (),
        heartbeat=HEARTBEAT_SECONDS,
        compress=False,  # a compressor costs 125 KiB a socket
        max_msg_size=FRAME_LIMIT,
    )
    if not socket.can_prepare(call.request):
        raise NotFound("Open this address as a WebSocket, or one below it for server-sent events.")
    listener = await listener_of(call)
    asked = await call.form()
    await socket.prepare(call.request)
    hub = hub_of(call.request)
    hub.join(listener)
    try:
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(_write(socket, listener))
            if asked["stream"]:
                await _answer(socket, _subscribe(call, listener, asked))
            await _read(call, socket, listener)
            if not listener.close_reason:
                # Otherwise it is about to say why the socket closes.
                writer.cancel()
    finally:
        hub.leave(listener)
    return socket


async def _write(socket: web.WebSocketResponse, listener: Listener) -> None:
    while (queued := await listener.queue.next()) is not None:
        channel, message = queued
        if channel in listener.channels:
            try:
                await socket.send_frame(message.frame(channel), WSMsgType.TEXT)
            except ConnectionError:
                return
    await socket.close(code=1008, message=listener.close_reason.encode()[:120])


async def _read(call: Call, socket: web.WebSocketResponse, listener: Listener) -> None:
    async for received in socket:
        if received.type is WSMsgType.BINARY:
            await socket.close(code=1003, message=b"Only text is understood here.")
        elif received.type is WSMsgType.TEXT:
            await _answer(socket, _obey(call, listener, received.data))


async def _answer(socket: web.WebSocketResponse, deed: Awaitable[None]) -> None:
    """Do something that the app asked for; a refusal is a frame, and the socket stays open."""
    try:
        await deed
    except Refusal as refusal:
        await socket.send_json(error_frame(refusal))


async def _obey(call: Call, listener: Listener, text: str) -> None:
    """Carry out a subscribe or unsubscribe frame; anything else is ignored, as Mastodon does."""
    try:
        words = orjson.loads(text)
    except orjson.JSONDecodeError:
        return
    match words:
        case {"type": "subscribe"}:
            await _subscribe(call, listener, words)
        case {"type": "unsubscribe"}:
            hub_of(call.request).unsubscribe(listener, read_channel(words))


async def _subscribe(call: Call, listener: Listener, words: Mapping[str, Any]) -> None:
    channel = read_channel(words)
    if channel in listener.channels:
        return
    if len(listener.channels) >= CHANNEL_LIMIT:
        raise TooMany("This connection listens to too many streams.", retry_after=60)
    await access_channel(call, listener, channel)
    hub_of(call.request).subscribe(listener, channel)
