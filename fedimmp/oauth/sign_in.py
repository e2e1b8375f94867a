"""The sign-in page, and the way out."""

from typing import Final

from aiohttp import web

from fedimmp.errors import TooMany, Unauthorized
from fedimmp.oauth.forms import SignInForm, SignOutForm
from fedimmp.oauth.rendering import form_page
from fedimmp.services import signing_in
from fedimmp.web import browser
from fedimmp.web.call import Call
from fedimmp.web.html import redirect
from fedimmp.web.routes import Route


async def show(call: Call) -> web.StreamResponse:
    """Show the sign-in page; who is signed in goes on, unless another account is wanted."""
    return_to = browser.own_path(call.request.query.get("return_to"))
    if "again" not in call.request.query and await browser.find_visitor(call):
        return redirect(return_to)
    return _page(call, return_to)


async def sign_in(call: Call) -> web.StreamResponse:
    """Open a session; whatever session the browser had before ends."""
    form = await call.form()
    return_to = browser.own_path(form["return_to"])
    browser.check_form(call, form["csrf_token"], browser.form_token(call))
    origin = browser.origin_of(call)
    try:
        session = await signing_in.sign_in_member(
            call.app,
            form["login"],
            form["password"],
            address=origin.bucket,
            address_factor=origin.factor,
            ip=origin.ip,
        )
    except (TooMany, Unauthorized) as refusal:
        response = _page(call, return_to, login=form["login"], alert=refusal.sentence)
        # 200 would tell a password manager that the password was right.
        response.set_status(429 if isinstance(refusal, TooMany) else 422)
        response.headers.update(refusal.headers)
        return response
    await _end_session(call)
    response = redirect(return_to)
    name = browser.session_cookie(call.app.uris)
    browser.set_cookie(response, call.app, name, session.cookie, session.lifetime)
    browser.delete_cookie(response, call.app, browser.form_cookie(call.app.uris))
    return response


async def sign_out(call: Call) -> web.StreamResponse:
    """End the session, here and in the browser."""
    form = await call.form()
    visitor = await browser.find_visitor(call)
    if visitor is not None:
        browser.check_form(call, form["csrf_token"], visitor.csrf_token)
        await _end_session(call)
    response = redirect("/auth/sign_in")
    browser.delete_cookie(response, call.app, browser.session_cookie(call.app.uris))
    return response


async def _end_session(call: Call) -> None:
    if cookie := browser.session_text(call):
        await signing_in.sign_out(call.app, cookie)


def _page(call: Call, return_to: str, *, login: str = "", alert: str = "") -> web.Response:
    config = call.app.config
    return form_page(
        call,
        "sign_in.html",
        return_to=return_to,
        login=login,
        alert=alert,
        for_app=return_to.startswith("/oauth/authorize?"),
        takes_sign_ups=config.registration.mode != "closed",
        confirms_email=config.confirms_email,
        has_mail=config.mail.host is not None,
    )


ROUTES: Final = (
    Route("GET", "/auth/sign_in", show, public=True, html=True),
    Route(
        "POST",
        "/auth/sign_in",
        sign_in,
        public=True,
        html=True,
        limit="sign_in",
        accepts=SignInForm(),
    ),
    Route("POST", "/auth/sign_out", sign_out, public=True, html=True, accepts=SignOutForm()),
)
