"""The endpoints that applications call by themselves: token, revoke, userinfo and the metadata."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import unquote_plus

from aiohttp import hdrs, web

from fedimmp.entities.accounts import render_accounts
from fedimmp.errors import Refusal, Unauthorized
from fedimmp.oauth.forms import TokenForm
from fedimmp.services import authorising
from fedimmp.services.authorising import GrantRefused, InvalidClient, IssuedToken
from fedimmp.web import scopes
from fedimmp.web.call import Call
from fedimmp.web.responses import empty, json_response
from fedimmp.web.routes import Route
from storage.oauth import OAuthApp

_BASIC: Final = {"WWW-Authenticate": 'Basic realm="fedimmp"'}


class InvalidRequest(GrantRefused):
    """A parameter is missing or unreadable."""


class InvalidScope(GrantRefused):
    """More is asked for than the application registered."""

    code = "invalid_scope"
    default = "The scope is unknown, or wider than what the application registered."


class UnsupportedGrantType(GrantRefused):
    """No grant type of ours."""

    code = "unsupported_grant_type"
    default = "Only authorization_code and client_credentials are granted here."


Answer = Callable[[Call, dict[str, Any]], Awaitable[web.StreamResponse]]


async def _answered(call: Call, answer: Answer) -> web.StreamResponse:
    """Answer a form of this edge; refusals take the shape of RFC 6749 section 5.2."""
    try:
        return await answer(call, await _read_form(call))
    except GrantRefused as refusal:
        body = {"error": refusal.code, "error_description": refusal.sentence}
        return json_response(body, status=refusal.status, headers=refusal.headers)


async def _read_form(call: Call) -> dict[str, Any]:
    try:
        form = await call.form()
    except Refusal as refusal:
        if refusal.status in (400, 422):
            raise InvalidRequest(refusal.sentence) from refusal
        raise
    scheme, _, encoded = call.request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme.lower() == "basic":
        form["client_id"], form["client_secret"] = _basic(encoded)
    return form


def _basic(encoded: str) -> tuple[str, str]:
    try:
        pair = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise InvalidClient(headers=_BASIC) from error
    client_id, _, secret = pair.partition(":")
    return unquote_plus(client_id), unquote_plus(secret)


async def _client(call: Call, form: dict[str, Any]) -> OAuthApp:
    if not form["client_id"]:
        raise InvalidRequest("Missing required parameter: client_id.")
    try:
        return await authorising.check_client(call.app, form["client_id"], form["client_secret"])
    except InvalidClient as refusal:
        raise InvalidClient(refusal.sentence, headers=_BASIC) from refusal


async def token(call: Call) -> web.StreamResponse:
    """Give a token for a code, or to an application for itself."""
    return await _answered(call, _token)


async def _token(call: Call, form: dict[str, Any]) -> web.StreamResponse:
    match form["grant_type"]:
        case "authorization_code":
            issued = await _exchange(call, form)
        case "client_credentials":
            issued = await _client_credentials(call, form)
        case "":
            raise InvalidRequest("Missing required parameter: grant_type.")
        case _:
            raise UnsupportedGrantType
    return json_response(
        {
            "access_token": issued.text,
            "token_type": "Bearer",
            "scope": " ".join(issued.scopes),
            "created_at": int(issued.created_at.timestamp()),
        },
        headers={"Pragma": "no-cache"},
    )


async def _exchange(call: Call, form: dict[str, Any]) -> IssuedToken:
    client = await _client(call, form)
    for name in ("code", "redirect_uri"):
        if not form[name]:
            raise InvalidRequest(f"Missing required parameter: {name}.")
    return await authorising.exchange(
        call.app,
        client,
        form["code"],
        redirect_uri=form["redirect_uri"],
        code_verifier=form["code_verifier"] or None,
    )


async def _client_credentials(call: Call, form: dict[str, Any]) -> IssuedToken:
    client = await _client(call, form)
    wanted = tuple(form["scope"].split()) or ("read",)
    if scopes.unknown(wanted) or not scopes.is_subset(wanted, client.scopes):
        raise InvalidScope
    return await authorising.issue_app_token(call.app, client, wanted)


async def revoke(call: Call) -> web.StreamResponse:
    """Revoke a token; an unknown one is as good as revoked."""
    return await _answered(call, _revoke)


async def _revoke(call: Call, form: dict[str, Any]) -> web.StreamResponse:
    client = await _client(call, form)
    if not form["token"]:
        raise InvalidRequest("Missing required parameter: token.")
    await authorising.revoke(call.app, client, form["token"])
    return empty()


async def userinfo(call: Call) -> web.StreamResponse:
    """Tell who the member is, as OpenID Connect's clients ask it."""
    async with call.app.db.reader() as conn:
        found = await render_accounts(call.app, conn, [call.viewer.account_id])
    if not found:
        raise Unauthorized
    account = found[0]
    return json_response(
        {
            "iss": f"{call.app.uris.origin}/",
            "sub": account["uri"],
            "name": account["display_name"],
            "preferred_username": account["username"],
            "profile": account["url"],
            "picture": account["avatar"],
        }
    )


async def metadata(call: Call) -> web.StreamResponse:
    """Describe this authorization server (RFC 8414)."""
    origin = call.app.uris.origin
    return json_response(
        {
            "issuer": f"{origin}/",
            "authorization_endpoint": f"{origin}/oauth/authorize",
            "token_endpoint": f"{origin}/oauth/token",
            "revocation_endpoint": f"{origin}/oauth/revoke",
            "userinfo_endpoint": f"{origin}/oauth/userinfo",
            "app_registration_endpoint": f"{origin}/api/v1/apps",
            "service_documentation": "https://docs.joinmastodon.org/",
            "scopes_supported": sorted(scopes.SCOPES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
        }
    )


ROUTES: Final = (
    Route("POST", "/oauth/token", token, public=True, accepts=TokenForm(), returns="Token"),
    Route("POST", "/oauth/revoke", revoke, public=True, accepts=TokenForm(), returns="{}"),
    Route("GET", "/oauth/userinfo", userinfo, ("profile",), returns="UserInfo"),
    Route("POST", "/oauth/userinfo", userinfo, ("profile",), returns="UserInfo"),
    Route(
        "GET",
        "/.well-known/oauth-authorization-server",
        metadata,
        public=True,
        returns="OAuthServerMetadata",
    ),
)
