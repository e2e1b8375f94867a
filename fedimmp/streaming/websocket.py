"""GET /api/v1/streaming: one WebSocket, many streams."""

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from fedimmp.errors import NotFound, Refusal, TooMany
from fedimmp.streaming.authentication import (
    access_channel,
    check_token,
    listener_of,
    offered_protocol,
)
from fedimmp.streaming.channels import Channel, error_frame, read_channel
from fedimmp.streaming.context import hub_of
from fedimmp.streaming.listener import Listener, Message
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
    hub = hub_of(call.request)
    hub.join(listener)
    try:
        await check_token(call, listener)
        await _carry(call, socket, listener, asked)
    finally:
        hub.leave(listener)
    return socket


async def _carry(
    call: Call, socket: web.WebSocketResponse, listener: Listener, asked: Mapping[str, Any]
) -> None:
    """Let a socket carry what its listener hears, until either side goes away."""
    await socket.prepare(call.request)
    sender = _Sender(call.request.transport, socket, listener)
    listener.express, listener.on_waiting = sender.express, sender.catch_up
    if len(listener.queue):
        sender.catch_up()
    try:
        if asked["stream"]:
            await _answer(socket, _subscribe(call, listener, asked))
        await _read(call, socket, listener)
    finally:
        await sender.end()


class _Sender:
    """Sends what a listener hears: at once while the socket takes it, else in its turn.

    A task that waits for messages would cost each socket 4 KiB, and each message a round of the
    event loop, so there is one only while something waits.
    """

    __slots__ = ("_listener", "_socket", "_task", "_transport")

    def __init__(
        self,
        transport: asyncio.Transport | None,
        socket: web.WebSocketResponse,
        listener: Listener,
    ) -> None:
        self._transport = transport
        self._socket = socket
        self._listener = listener
        self._task: asyncio.Task[None] | None = None

    def express(self, channel: Channel, message: Message) -> bool:
        """Write the frame that all get, unless the socket is busy or about to close."""
        transport = self._transport
        if transport is None or self._task is not None or self._socket.closed:
            return False
        if transport.is_closing() or transport.get_write_buffer_size():
            return False
        if channel in self._listener.channels:
            transport.write(message.wire(channel))
        return True

    def catch_up(self) -> None:
        """Let a task send what waits."""
        if self._task is None:
            self._task = asyncio.create_task(self._send())

    async def end(self) -> None:
        """Stop sending, but let the socket say why it closes."""
        if self._task is None:
            return
        if not self._listener.close_reason:
            self._task.cancel()
        with suppress(asyncio.CancelledError, ConnectionError):
            await self._task

    async def _send(self) -> None:
        queue = self._listener.queue
        while len(queue):
            queued = queue.take()
            if queued is None:
                reason = self._listener.close_reason.encode()[:120]
                await self._socket.close(code=1008, message=reason)
                return
            channel, message = queued
            if channel in self._listener.channels:
                try:
                    await self._socket.send_frame(message.frame(channel), WSMsgType.TEXT)
                except ConnectionError:
                    return
        self._task = None


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
