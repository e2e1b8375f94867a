"""The consent page: a member reads what an application asks for, and allows or denies it.

A request that is wrong in any way is answered by a page. Only what a member decided leads to the
application's address, and only to one that it registered, letter by letter.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from fedimmp.errors import BadRequest
from fedimmp.oauth.forms import AuthorizationForm, ConsentForm
from fedimmp.oauth.permissions import permissions_of
from fedimmp.oauth.redirects import describe, with_answer
from fedimmp.services import authorising
from fedimmp.services.authorising import OUT_OF_BAND, Grant
from fedimmp.web import browser, scopes
from fedimmp.web.call import Call
from fedimmp.web.html import Templates, redirect
from fedimmp.web.routes import Route
from storage import oauth
from storage.oauth import OAuthApp
from storage.sessions import SignedIn

_TEMPLATES: Final = Templates(Path(__file__).parent / "templates")
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_CODE: Final = re.compile(r"[A-Za-z0-9_-]{20,200}")


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request that was checked against what its application registered."""

    client: OAuthApp
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    code_challenge: str | None

    @property
    def grant(self) -> Grant:
        return Grant(self.client.id, self.redirect_uri, self.scopes, self.code_challenge)

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters that ask for the same again."""
        wish = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(self.scopes),
        }
        if self.state is not None:
            wish["state"] = self.state
        if self.code_challenge is not None:
            wish |= {"code_challenge": self.code_challenge, "code_challenge_method": "S256"}
        return wish

    @property
    def path(self) -> str:
        return f"/oauth/authorize?{urlencode(self.parameters)}"


async def show(call: Call) -> web.StreamResponse:
    """Show the consent page, after sign-in where that is needed."""
    form = await call.form()
    request = await _checked(call, form)
    visitor = await browser.find_visitor(call)
    if visitor is None or form["force_login"]:
        return browser.to_sign_in(call, return_to=request.path, again=visitor is not None)
    if await _is_known(call, request, visitor):
        return await _allow(call, request, visitor)
    return _TEMPLATES.page(
        call.app,
        "consent.html",
        visitor=visitor,
        client=request.client,
        parameters=request.parameters,
        permissions=permissions_of(request.scopes),
        destination=describe(request.redirect_uri),
        other_account=browser.sign_in_path(request.path, again=True),
    )


async def decide(call: Call) -> web.StreamResponse:
    """Take what the member decided to the application."""
    form = await call.form()
    return await _settle(call, form, form["decision"])


async def deny(call: Call) -> web.StreamResponse:
    """Take the member's refusal to the application."""
    return await _settle(call, await call.form(), "deny")


async def _settle(call: Call, form: dict[str, Any], decision: str) -> web.StreamResponse:
    request = await _checked(call, form)
    visitor = await browser.find_visitor(call)
    if visitor is None:
        return browser.to_sign_in(call, return_to=request.path)
    browser.check_form(call, form["csrf_token"], visitor.csrf_token)
    match decision:
        case "allow":
            return await _allow(call, request, visitor)
        case "deny":
            return _deny(call, request, visitor)
    raise BadRequest("The form did not say whether you allow or deny it.")


async def native(call: Call) -> web.StreamResponse:
    """Show a code to copy into an application that has no address to be sent to."""
    visitor = await browser.find_visitor(call)
    if visitor is None:
        return browser.to_sign_in(call)
    code = call.request.query.get("code", "")
    if not _CODE.fullmatch(code):
        raise BadRequest("There is no code in this address. Start again in the application.")
    return _TEMPLATES.page(call.app, "native.html", visitor=visitor, code=code)


async def _allow(
    call: Call, request: AuthorizationRequest, visitor: SignedIn
) -> web.StreamResponse:
    code = await authorising.authorise(call.app, visitor.account_id, request.grant)
    if request.redirect_uri == OUT_OF_BAND:
        return redirect(with_answer("/oauth/authorize/native", [("code", code)]), status=302)
    answer = [("code", code), ("state", request.state)]
    return redirect(with_answer(request.redirect_uri, answer), status=302)


def _deny(call: Call, request: AuthorizationRequest, visitor: SignedIn) -> web.StreamResponse:
    if request.redirect_uri == OUT_OF_BAND:
        return _TEMPLATES.page(call.app, "denied.html", visitor=visitor, client=request.client)
    answer = [
        ("error", "access_denied"),
        ("error_description", "The member denied the request."),
        ("state", request.state),
    ]
    return redirect(with_answer(request.redirect_uri, answer), status=302)


async def _is_known(call: Call, request: AuthorizationRequest, visitor: SignedIn) -> bool:
    async with call.app.db.reader() as conn:
        return await oauth.has_grant(conn, request.client.id, visitor.account_id, request.scopes)


async def _checked(call: Call, form: dict[str, Any]) -> AuthorizationRequest:
    async with call.app.db.reader() as conn:
        client = await oauth.find_app(conn, form["client_id"])
    if client is None:
        raise BadRequest(
            "No application is registered here under the name that this link gives."
            " Remove the account in the application and add it again."
        )
    if form["redirect_uri"] not in client.redirect_uris:
        raise BadRequest("The application wants its answer at an address that it did not register.")
    if form["response_type"] != "code":
        raise BadRequest("The application asks for a kind of answer that is not given here.")
    return AuthorizationRequest(
        client=client,
        redirect_uri=form["redirect_uri"],
        scopes=_scopes(form["scope"], client),
        state=form["state"],
        code_challenge=_challenge(form),
    )


def _scopes(wish: str, client: OAuthApp) -> tuple[str, ...]:
    wanted = tuple(dict.fromkeys(wish.split())) or ("read",)
    if scopes.unknown(wanted) or not scopes.is_subset(wanted, client.scopes):
        raise BadRequest("The application asks for more than it registered.")
    return wanted


def _challenge(form: dict[str, Any]) -> str | None:
    challenge: str = form["code_challenge"]
    method = form["code_challenge_method"]
    if not challenge and not method:
        return None
    # A missing method means "plain" (RFC 7636 section 4.3), which protects nobody.
    if method != "S256" or not _CHALLENGE.fullmatch(challenge):
        raise BadRequest("The application must prove itself by the PKCE method S256.")
    return challenge


ROUTES: Final = (
    Route(
        "GET",
        "/oauth/authorize",
        show,
        public=True,
        html=True,
        accepts=AuthorizationForm(),
        deviation="The page is in English whatever `lang` asks for.",
    ),
    Route("POST", "/oauth/authorize", decide, public=True, html=True, accepts=ConsentForm()),
    Route("DELETE", "/oauth/authorize", deny, public=True, html=True, accepts=ConsentForm()),
    Route("GET", "/oauth/authorize/native", native, public=True, html=True),
)
