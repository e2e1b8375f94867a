"""GET /api/v1/streaming/...: one stream as server-sent events."""

import asyncio

from aiohttp import web

from fedimmp.errors import NotFound
from fedimmp.streaming.authentication import listener_of
from fedimmp.streaming.channels import check_scope, read_channel
from fedimmp.streaming.context import hub_of
from fedimmp.streaming.listener import Listener
from fedimmp.web.call import Call
from storage import stream_readers

HEARTBEAT_SECONDS = 15.0


async def health(call: Call) -> web.StreamResponse:  # noqa: ARG001 - a handler takes its call
    """Answer OK while streams can be opened."""
    return web.Response(text="OK")


async def events(call: Call) -> web.StreamResponse:
    """Stream one channel, named by the path, until either side goes away."""
    listener = await listener_of(call)
    name = call.path("channel").replace("/", ":")
    channel = read_channel({**call.request.query, "stream": name})
    check_scope(channel, listener.scopes)
    if channel.name == "list":
        async with call.app.db.reader() as conn:
            owner = await stream_readers.list_owner(conn, int(channel.argument or 0))
        if owner != listener.account_id:
            raise NotFound
    listener.channels.add(channel)
    return await _pour(call, listener)


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
        await response.prepare(call.request)
        await response.write(b":)\n\n")
        while not listener.closed.is_set():
            await response.write(await _next(listener))
    except ConnectionError:
        pass  # the reader went away, which is how every stream ends
    finally:
        hub.leave(listener)
    return response


async def _next(listener: Listener) -> bytes:
    """Return the next event, or a heartbeat when none came for a while."""
    getting = asyncio.create_task(listener.queue.get())
    closing = asyncio.create_task(listener.closed.wait())
    try:
        await asyncio.wait(
            (getting, closing), timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        if not getting.done():
            return b":thump\n\n"
        _, message = getting.result()
        return f"event: {message.event}\ndata: {message.payload or 'undefined'}\n\n".encode()
    finally:
        getting.cancel()
        closing.cancel()
