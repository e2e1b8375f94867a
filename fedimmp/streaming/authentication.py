"""Whose stream it is: the token's owner. Cookies never open one, so no page listens along."""

from aiohttp import web

from fedimmp.app import App
from fedimmp.errors import TooMany, Unauthorized, Unavailable
from fedimmp.streaming.channels import SCOPES, Channel, check_scope
from fedimmp.streaming.context import hub_of
from fedimmp.streaming.listener import Listener
from fedimmp.web.call import Call
from storage import stream_readers

CONNECTIONS_PER_ACCOUNT = 64


def offered_protocol(request: web.Request) -> str | None:
    """Return the first subprotocol that the client offers: apps put their token there.

    A browser drops a socket whose server does not repeat it.
    """
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    return offered.split(",")[0].strip() or None


async def listener_of(call: Call) -> Listener:
    """Return a listener for the caller; raises TooMany beyond 64 connections of one account."""
    viewer, hub = call.viewer, hub_of(call.request)
    if not hub.is_ready:
        raise Unavailable("The stream is not ready yet.", retry_after=1)
    if hub.connections_of(viewer.account_id) >= CONNECTIONS_PER_ACCOUNT:
        raise TooMany("Too many streams are open for this account.", retry_after=60)
    # Of all scopes of a token, which are some 3 KiB, only what matters here.
    return Listener(viewer.account_id, viewer.token_id, SCOPES & viewer.scopes)


async def check_token(call: Call, listener: Listener) -> None:
    """Raise Unauthorized if the token has ended since the call began.

    For a listener that has joined: what ends its token from then on, the hub is told of.
    """
    async with call.app.db.reader() as conn:
        dead = await stream_readers.dead_tokens(conn, [listener.token_id])
    if dead:
        raise Unauthorized("The access token was revoked")


async def access_channel(app: App, listener: Listener, channel: Channel) -> None:
    """Return if the listener may hear a channel.

    Raises Forbidden for a scope, Unauthorized for a list that is not the listener's or nobody's.
    """
    check_scope(channel, listener.scopes)
    if channel.name != "list":
        return
    async with app.db.reader() as conn:
        owner = await stream_readers.list_owner(conn, int(channel.argument or 0))
    if owner != listener.account_id:
        raise Unauthorized("Not authorized to stream this list")
