"""GET /api/v1/streaming: one WebSocket, many streams."""

import asyncio
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from fedimmp.errors import BadRequest, NotFound, Refusal, TooMany
from fedimmp.streaming.authentication import listener_of, offered_protocol
from fedimmp.streaming.channels import Channel, check_scope, error_frame, read_channel
from fedimmp.streaming.context import hub_of
from fedimmp.streaming.listener import Listener
from fedimmp.web.call import Call
from storage import stream_readers

HEARTBEAT_SECONDS = 30.0
FRAME_LIMIT = 4096
CHANNEL_LIMIT = 64


async def stream(call: Call) -> web.StreamResponse:
    """Open a socket; the token comes as subprotocol, in the query or in the header."""
    listener = await listener_of(call)
    asked = call.request.query
    if "stream" in asked:
        await _subscribe(call, listener, read_channel(dict(asked)))
    protocol = offered_protocol(call.request)
    socket = web.WebSocketResponse(
        protocols=(protocol,) if protocol else (),
        heartbeat=HEARTBEAT_SECONDS,
        compress=False,  # a compressor costs 125 KiB a socket
        max_msg_size=FRAME_LIMIT,
    )
    if not socket.can_prepare(call.request):
        raise BadRequest(
            "Open this address as a WebSocket, or one below it for server-sent events."
        )
    await socket.prepare(call.request)
    hub = hub_of(call.request)
    hub.join(listener)
    try:
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(_write(socket, listener))
            guard = tasks.create_task(_close_when_asked(socket, listener))
            await _read(call, socket, listener)
            writer.cancel()
            if not listener.closed.is_set():
                # Otherwise it is about to say why the socket closes.
                guard.cancel()
    finally:
        hub.leave(listener)
    return socket


async def _close_when_asked(socket: web.WebSocketResponse, listener: Listener) -> None:
    await listener.closed.wait()
    await socket.close(code=1008, message=listener.close_reason.encode()[:120])


async def _write(socket: web.WebSocketResponse, listener: Listener) -> None:
    while not listener.closed.is_set():
        channel, message = await listener.queue.get()
        if channel in listener.channels:
            try:
                await socket.send_str(message.frame(channel))
            except ConnectionError:
                return


async def _read(call: Call, socket: web.WebSocketResponse, listener: Listener) -> None:
    async for received in socket:
        if received.type is WSMsgType.BINARY:
            await socket.close(code=1003, message=b"Only text is understood here.")
        elif received.type is WSMsgType.TEXT:
            try:
                await _obey(call, listener, received.data)
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
            await _subscribe(call, listener, read_channel(_argument(words)))
        case {"type": "unsubscribe"}:
            listener.channels.discard(read_channel(_argument(words)))


def _argument(words: dict[str, Any]) -> dict[str, Any]:
    return {key: words.get(key) for key in ("stream", "tag", "list")}


async def _subscribe(call: Call, listener: Listener, channel: Channel) -> None:
    if channel in listener.channels:
        return
    if len(listener.channels) >= CHANNEL_LIMIT:
        raise TooMany("This connection listens to too many streams.", retry_after=60)
    check_scope(channel, listener.scopes)
    if channel.name == "list":
        if channel.argument is None:
            raise BadRequest("The stream list needs the id of a list.")
        async with call.app.db.reader() as conn:
            owner = await stream_readers.list_owner(conn, int(channel.argument))
        if owner != listener.account_id:
            raise NotFound
    listener.channels.add(channel)
