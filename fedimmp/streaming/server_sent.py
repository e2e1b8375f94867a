"""GET /api/v1/streaming/...: one stream as server-sent events."""

import asyncio

from aiohttp import web

from fedimmp.errors import BadRequest
from fedimmp.streaming.authentication import access_channel, check_token, listener_of
from fedimmp.streaming.channels import read_channel
from fedimmp.streaming.context import hub_of
from fedimmp.streaming.listener import Listener
from fedimmp.web.call import Call

BASE = "/api/v1/streaming/"
HEARTBEAT_SECONDS = 15.0


async def health(call: Call) -> web.StreamResponse:  # noqa: ARG001 - a handler takes its call
    """Answer OK while streams can be opened."""
    return web.Response(text="OK")


async def events(call: Call) -> web.StreamResponse:
    """Stream the events of one channel as they happen, until either side goes away."""
    listener = await listener_of(call)
    form = await call.form()
    name = call.route.path.removeprefix(BASE).replace("/", ":")
    if form.get("only_media"):
        name += ":media"
    channel = read_channel({**form, "stream": name})
    await access_channel(call.app, listener, channel)
    listener.channels.add(channel)
    return await _pour(call, listener)


async def unknown(call: Call) -> web.StreamResponse:  # noqa: ARG001 - a handler takes its call
    """Refuse a stream that does not exist."""
    raise BadRequest("There is no such stream.")


async def _pour(call: Call, listener: Listener) -> web.StreamResponse:
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/event-stream",
            "Cache-Control": "private, no-store",
            "X-Accel-Buffering": "no",
        }
    )
    hub = hub_of(call.request)
    hub.join(listener)
    try:
        await check_token(call, listener)
        await response.prepare(call.request)
        await response.write(b":)\n\n")
        while (text := await _next(listener)) is not None:
            await response.write(text)
    except ConnectionError:
        pass  # the reader went away, which is how every stream ends
    finally:
        hub.leave(listener)
    return response


async def _next(listener: Listener) -> bytes | None:
    """Return the next event, a heartbeat when none came for a while, None at the end."""
    try:
        async with asyncio.timeout(HEARTBEAT_SECONDS):
            queued = await listener.queue.next()
    except TimeoutError:
        return b":thump\n\n"
    if queued is None:
        return None
    _, message = queued
    return f"event: {message.event}\ndata: {message.payload or 'undefined'}\n\n".encode()
