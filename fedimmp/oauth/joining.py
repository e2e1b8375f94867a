"""Pages on which people sign up and confirm their address."""

from typing import Any, Final

from aiohttp import web

from fedimmp.errors import Invalid, NotFound
from fedimmp.oauth.forms import AddressForm, LinkForm, SignUpForm
from fedimmp.oauth.rendering import form_page, notice
from fedimmp.services import mail_links, registering
from fedimmp.services.applications import SignUp
from fedimmp.services.registering import State
from fedimmp.web import browser
from fedimmp.web.call import Call
from fedimmp.web.routes import Route

_KEPT: Final = ("username", "email", "reason")


async def show_sign_up(call: Call) -> web.StreamResponse:
    """Show the form with which people sign up."""
    _check_open(call)
    return _sign_up_page(call, {}, {})


async def sign_up(call: Call) -> web.StreamResponse:
    """Sign somebody up and say what comes next; what is wrong is said beside its field."""
    _check_open(call)
    form = await call.form()
    browser.check_form(call, form.pop("csrf_token"), browser.form_token(call))
    try:
        state = await registering.sign_up(
            call.app, SignUp(**form | {"agreement": bool(form["agreement"])}, address=call.address)
        )
    except Invalid as refusal:
        return _sign_up_page(call, form, refusal.details or {}, refusal.sentence)
    return _came(call, state)


async def show_confirmation(call: Call) -> web.StreamResponse:
    """Show a button that confirms an address, since scanners of mail open every link."""
    form = await call.form()
    link = await mail_links.check_link(call.app, form["token"], "confirm", "change")
    return form_page(call, "confirmation.html", secret=form["token"], email=link.email)


async def confirm(call: Call) -> web.StreamResponse:
    """Confirm the address to which a link was sent."""
    form = await call.form()
    browser.check_form(call, form["csrf_token"], browser.form_token(call))
    return _came(call, await registering.confirm(call.app, form["token"]), confirmed=True)


async def show_again(call: Call) -> web.StreamResponse:
    """Show the form that asks for the confirmation mail once more."""
    _check_mail(call)
    return form_page(call, "confirm_again.html")


async def send_again(call: Call) -> web.StreamResponse:
    """Send the confirmation mail once more; the answer is the same for every address."""
    _check_mail(call)
    form = await call.form()
    browser.check_form(call, form["csrf_token"], browser.form_token(call))
    await registering.send_again_to(call.app, form["email"])
    return notice(
        call,
        "Look into your mail",
        "If somebody signed up with this address and did not confirm it yet, a link is on its way.",
    )


def _sign_up_page(
    call: Call, form: dict[str, Any], details: dict[str, Any], alert: str = ""
) -> web.Response:
    registration = call.app.config.registration
    return form_page(
        call,
        "sign_up.html",
        status=422 if alert else 200,
        kept={name: form.get(name, "") for name in _KEPT},
        agreed=bool(form.get("agreement")),
        problems={name: found[0]["description"] for name, found in details.items()},
        alert=alert,
        by_approval=registration.mode == "approval",
        reason_required=registration.reason_required,
        message=registration.message,
        domains=registration.email_domains,
        rules=call.app.config.server.rules,
        has_terms=call.app.texts.terms_in_force(call.app.now().date()) is not None,
        password_minimum=call.app.config.accounts.password_minimum,
    )


def _came(call: Call, state: State, *, confirmed: bool = False) -> web.Response:
    thanks = ("Your address is confirmed.",) if confirmed else ()
    match state:
        case "unconfirmed":
            return notice(
                call,
                "Look into your mail",
                "We sent you a link that confirms your address. It works once, within two days.",
                "No mail? Look where unwanted mail goes, or have it sent again from the page to"
                " sign in.",
            )
        case "unapproved":
            return notice(
                call,
                "You are nearly in",
                *thanks,
                "The people who run this office look at every sign-up."
                " You will get a mail when they have decided.",
            )
        case "member":
            return notice(call, "Welcome", *thanks, "Your account is ready.", sign_in=True)


def _check_open(call: Call) -> None:
    if call.app.config.registration.mode == "closed":
        raise NotFound


def _check_mail(call: Call) -> None:
    if not call.app.config.confirms_email:
        raise NotFound


def _page_route(method: str, path: str, handler: Any, **more: Any) -> Route:
    return Route(method, path, handler, public=True, html=True, **more)


ROUTES: Final = (
    _page_route("GET", "/auth/sign_up", show_sign_up),
    _page_route("POST", "/auth/sign_up", sign_up, limit="sign_up", accepts=SignUpForm()),
    _page_route("GET", "/auth/confirmation", show_confirmation, accepts=LinkForm()),
    _page_route("POST", "/auth/confirmation", confirm, accepts=LinkForm()),
    _page_route("GET", "/auth/confirmation/new", show_again),
    _page_route("POST", "/auth/confirmation/new", send_again, limit="mails", accepts=AddressForm()),
)
