"""Who asks: the token of a request, looked up in one statement, and what bars its owner.

Outcomes and their order follow Mastodon, since apps react to them: 401 for the token, 403 for a
scope or a barred member, 422 for an application's token where a member is needed.
"""

import hashlib
from dataclasses import dataclass

from aiohttp import web

from fedimmp.app import App
from fedimmp.errors import Forbidden, Invalid, Unauthorized
from fedimmp.memory import RememberedCaller
from fedimmp.services import authorising
from fedimmp.web import scopes
from fedimmp.web.call import AppCaller, Viewer
from fedimmp.web.routes import Route
from storage import oauth
from storage.database import Connection
from storage.standings import Standing

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="fedimmp"'}
_NEEDS_MEMBER = "This method requires an authenticated user"


@dataclass(frozen=True, slots=True)
class Found:
    """Who makes a call. With a `standing` they were remembered, and are yet to be confirmed."""

    caller: Viewer | AppCaller | None
    standing: Standing | None = None


async def caller_of_route(app: App, request: web.Request, route: Route) -> Found:
    """Return who may make this call, nobody on a public route.

    Raises Unauthorized, Forbidden or Invalid.
    """
    if route.public:
        return Found(None)
    token = token_of(request, in_query=route.query_token)
    if token is None:
        raise Unauthorized(_NEEDS_MEMBER, headers=_CHALLENGE)
    digest, today = _digest(token), app.now().date()
    known = app.callers.get(digest) if route.confirms else None
    if known is not None and known.day == today:
        caller = _viewer(known.caller)
        check_scopes(caller, route.scopes)
        return Found(caller, known.caller.standing)
    async with app.db.reader() as conn:
        found = await oauth.find_caller(conn, digest, today)
    checked = _checked(app, found, digest, route)
    if found is not None and found.account_id is not None and not found.used_today:
        await authorising.note_token_used(app, found.token_id, today)
    return Found(checked)


async def look_again(
    app: App, conn: Connection, request: web.Request, route: Route
) -> tuple[Viewer, Standing | None]:
    """Return the member who makes a call, looked up anew; raises as `caller_of_route`."""
    digest = _digest(token_of(request, in_query=route.query_token) or "")
    app.callers.forget(digest)
    found = await oauth.find_caller(conn, digest, app.now().date())
    caller = _checked(app, found, digest, route)
    if found is None or not isinstance(caller, Viewer):
        raise Invalid(_NEEDS_MEMBER)
    return caller, found.standing


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def token_of(request: web.Request, *, in_query: bool) -> str | None:
    """Return the bearer token of a request; the header wins over query and subprotocol."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    if not in_query:
        return None
    offered = request.headers.get("Sec-WebSocket-Protocol", "").partition(",")[0].strip()
    return request.query.get("access_token") or offered or None


def _checked(
    app: App, found: oauth.Caller | None, digest: bytes, route: Route
) -> Viewer | AppCaller:
    """Return the caller whom the route lets in, and remember a member whom nothing bars."""
    if found is None:
        raise Unauthorized("The access token is invalid", headers=_CHALLENGE)
    if found.revoked:
        raise Unauthorized("The access token was revoked", headers=_CHALLENGE)
    caller: Viewer | AppCaller
    if found.account_id is None:
        caller = AppCaller(found.token_id, found.app_id, frozenset(found.scopes))
    else:
        _check_standing(found, awaited=route.awaited)
        caller = _viewer(found)
    check_scopes(caller, route.scopes)
    if isinstance(caller, AppCaller) and not route.app_token:
        raise Invalid(_NEEDS_MEMBER)
    if route.confirms and found.used_today:
        app.callers.put(digest, RememberedCaller(found, app.now().date()))
    return caller


def _viewer(found: oauth.Caller) -> Viewer:
    if found.account_id is None:
        raise LookupError("An application is no member.")
    return Viewer(
        found.account_id, found.token_id, found.app_id, frozenset(found.scopes), found.role
    )


def _check_standing(caller: oauth.Caller, *, awaited: bool) -> None:
    is_awaited = caller.unconfirmed or caller.unapproved
    if caller.disabled:
        raise Forbidden("Your login is currently disabled")
    if caller.unconfirmed and not awaited:
        raise Forbidden("Your login is missing a confirmed e-mail address")
    if caller.unapproved and not awaited:
        raise Forbidden("Your login is currently pending approval")
    # An account that is not in yet is kept out of sight as a suspended one is.
    if caller.suspended and not is_awaited:
        raise Forbidden("Your account is suspended")


def check_scopes(caller: Viewer | AppCaller, wanted: tuple[str, ...]) -> None:
    """Raise Forbidden unless the token covers one of the wanted scopes."""
    if not scopes.covers_any(caller.scopes, wanted):
        raise Forbidden("This action is outside the authorized scopes")
