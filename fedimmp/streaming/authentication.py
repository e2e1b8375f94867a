"""Whose stream it is. Cookies never open one, so a foreign page cannot listen along."""

from aiohttp import web

from fedimmp.errors import TooMany, Unauthorized, Unavailable
from fedimmp.streaming.context import hub_of
from fedimmp.streaming.listener import Listener
from fedimmp.web import auth
from fedimmp.web.call import Call

CONNECTIONS_PER_ACCOUNT = 64


def offered_protocol(request: web.Request) -> str | None:
    """Return the first subprotocol that the client offers: apps put their token there."""
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    return offered.split(",")[0].strip() or None


def _token(request: web.Request) -> str | None:
    """Return the token of the header, the query or the subprotocol, in this order."""
    header = request.headers.get("Authorization", "")
    scheme, _, rest = header.partition(" ")
    if scheme.lower() == "bearer" and rest.strip():
        return rest.strip()
    return request.query.get("access_token") or offered_protocol(request)


async def listener_of(call: Call) -> Listener:
    """Return a listener for the token's owner.

    Raises Unauthorized without a living user token, TooMany beyond 64 connections of one account.
    """
    token = _token(call.request)
    if token is None:
        raise Unauthorized("The access token is missing")
    viewer = await auth.viewer_of(call.app, token)
    hub = hub_of(call.request)
    if not hub.is_ready:
        raise Unavailable("The stream is not ready yet.", retry_after=1)
    if hub.connections_of(viewer.account_id) >= CONNECTIONS_PER_ACCOUNT:
        raise TooMany("Too many streams are open for this account.", retry_after=60)
    return Listener(viewer.account_id, viewer.token_id, viewer.scopes)
