"""Pages on which members get a new password by mail, and change their address."""

from typing import Any, Final

from aiohttp import web

from fedimmp.errors import Conflict, Invalid, NotFound
from fedimmp.oauth.forms import AddressForm, ChangeForm, LinkForm, PasswordForm
from fedimmp.oauth.rendering import TEMPLATES, form_page, notice
from fedimmp.services import mail_links
from fedimmp.web import browser
from fedimmp.web.call import Call
from fedimmp.web.html import redirect
from fedimmp.web.routes import Route
from storage.sessions import SignedIn


async def show_ask(call: Call) -> web.StreamResponse:
    """Show the form that asks for a link to choose a new password."""
    _check_mail(call)
    return form_page(call, "password_ask.html")


async def ask(call: Call) -> web.StreamResponse:
    """Send a link to choose a new password; the answer is the same for every address."""
    _check_mail(call)
    form = await call.form()
    browser.check_form(call, form["csrf_token"], browser.form_token(call))
    await mail_links.ask_for_password(call.app, form["email"])
    return notice(
        call,
        "Look into your mail",
        "If a member has this address, a link to choose a new password is on its way."
        " It works once, within an hour.",
    )


async def show_choice(call: Call) -> web.StreamResponse:
    """Show the form in which the owner of a link chooses a new password."""
    form = await call.form()
    await mail_links.check_link(call.app, form["token"], "password")
    return _choice_page(call, form["token"])


async def choose(call: Call) -> web.StreamResponse:
    """Set the new password and end every session and token of the member."""
    form = await call.form()
    browser.check_form(call, form["csrf_token"], browser.form_token(call))
    await mail_links.check_link(call.app, form["token"], "password")
    try:
        await mail_links.set_password(call.app, form["token"], form["password"])
    except Invalid as refusal:
        return _choice_page(call, form["token"], refusal.sentence)
    return notice(
        call,
        "Your password is changed",
        "All browsers and apps are signed out. Sign in again with the new password.",
        sign_in=True,
    )


async def show_change(call: Call) -> web.StreamResponse:
    """Show a member the form in which they enter another e-mail address."""
    visitor = await browser.find_visitor(call)
    return browser.to_sign_in(call) if visitor is None else _change_page(call, visitor)


async def change(call: Call) -> web.StreamResponse:
    """Send a link to the address that a member wants; it becomes theirs when it is opened."""
    form = await call.form()
    visitor = await browser.find_visitor(call)
    if visitor is None:
        return redirect(browser.sign_in_path("/auth/email"))
    browser.check_form(call, form["csrf_token"], visitor.csrf_token)
    try:
        await mail_links.ask_for_change(
            call.app, visitor.account_id, form["password"], form["email"]
        )
    except (Invalid, Conflict) as refusal:
        return _change_page(call, visitor, email=form["email"], alert=refusal.sentence)
    if call.app.config.mail.host is None:
        return notice(call, "Your address is changed", f"It is {form['email']} now.")
    return notice(
        call, "Look into your mail", "We sent a link to the new address. Open it to confirm."
    )


def _choice_page(call: Call, secret: str, alert: str = "") -> web.Response:
    return form_page(
        call,
        "password_choose.html",
        status=422 if alert else 200,
        secret=secret,
        alert=alert,
        minimum=call.app.config.accounts.password_minimum,
    )


def _change_page(
    call: Call, visitor: SignedIn, *, email: str = "", alert: str = ""
) -> web.Response:
    return TEMPLATES.page(
        call.app,
        "email.html",
        status=422 if alert else 200,
        visitor=visitor,
        email=email,
        alert=alert,
    )


def _check_mail(call: Call) -> None:
    if call.app.config.mail.host is None:
        raise NotFound


def _page_route(method: str, path: str, handler: Any, **more: Any) -> Route:
    return Route(method, path, handler, public=True, html=True, **more)


ROUTES: Final = (
    _page_route("GET", "/auth/password/new", show_ask),
    _page_route("POST", "/auth/password/new", ask, limit="mails", accepts=AddressForm()),
    _page_route("GET", "/auth/password/edit", show_choice, accepts=LinkForm()),
    _page_route("POST", "/auth/password/edit", choose, accepts=PasswordForm()),
    _page_route("GET", "/auth/email", show_change),
    _page_route("POST", "/auth/email", change, limit="mails", accepts=ChangeForm()),
)
