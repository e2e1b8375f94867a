"""Who asks: the token of a request, looked up in one statement, and what bars its owner.

Outcomes and their order follow Mastodon, since apps react to them: 401 for the token, 403 for a
scope or a barred member, 422 for an application's token where a member is needed.
"""

import hashlib

from aiohttp import web

from fedimmp.app import App
from fedimmp.errors import Forbidden, Invalid, Unauthorized
from fedimmp.services import authorising
from fedimmp.web import scopes
from fedimmp.web.call import AppCaller, Viewer
from fedimmp.web.routes import Route
from storage import oauth

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="fedimmp"'}
_NEEDS_MEMBER = "This method requires an authenticated user"


async def caller_of_route(
    app: App, request: web.Request, route: Route
) -> Viewer | AppCaller | None:
    """Return who may make this call, None for anybody on a public route.

    Raises Unauthorized, Forbidden or Invalid.
    """
    if route.public:
        return None
    token = token_of(request, in_query=route.query_token)
    if token is None:
        raise Unauthorized(_NEEDS_MEMBER, headers=_CHALLENGE)
    caller = await caller_of(app, token, awaited=route.awaited)
    check_scopes(caller, route.scopes)
    if isinstance(caller, AppCaller) and not route.app_token:
        raise Invalid(_NEEDS_MEMBER)
    return caller


def token_of(request: web.Request, *, in_query: bool) -> str | None:
    """Return the bearer token of a request; the header wins over query and subprotocol."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    if not in_query:
        return None
    offered = request.headers.get("Sec-WebSocket-Protocol", "").partition(",")[0].strip()
    return request.query.get("access_token") or offered or None


async def caller_of(app: App, token: str, *, awaited: bool = False) -> Viewer | AppCaller:
    """Return who stands behind a token; raises Unauthorized, or Forbidden for a barred member.

    A member who is not in yet is barred, too, unless `awaited` says that they may do this.
    """
    digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
    today = app.now().date()
    async with app.db.reader() as conn:
        found = await oauth.find_caller(conn, digest, today)
    if found is None:
        raise Unauthorized("The access token is invalid", headers=_CHALLENGE)
    if found.revoked:
        raise Unauthorized("The access token was revoked", headers=_CHALLENGE)
    granted = frozenset(found.scopes)
    if found.account_id is None:
        return AppCaller(found.token_id, found.app_id, granted)
    _check_standing(found, awaited=awaited)
    if not found.used_today:
        await authorising.note_token_used(app, found.token_id, today)
    return Viewer(found.account_id, found.token_id, found.app_id, granted, found.role)


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
