"""Signing up through an app, and confirming the address with which somebody did."""

from typing import Final

from aiohttp import web

from fedimmp.errors import Forbidden
from fedimmp.services import registering
from fedimmp.services.applications import SignUp
from fedimmp.web.call import AppCaller, Call
from fedimmp.web.forms import Boolean, Schema, Text
from fedimmp.web.responses import empty, json_response
from fedimmp.web.routes import Route


class SignUpForm(Schema):
    """POST /api/v1/accounts; what is too long for its field is said by the use-case."""

    username = Text(1000, strip=True, load_default="")
    email = Text(1000, strip=True, load_default="")
    password = Text(10_000, load_default="")
    agreement = Boolean(load_default=None)
    locale = Text(100, strip=True, load_default="")
    reason = Text(20_000, strip=True, load_default="")
    time_zone = Text(100, strip=True, load_default="")


class ConfirmationForm(Schema):
    """POST /api/v1/emails/confirmations."""

    email = Text(1000, strip=True, load_default="")


async def sign_up(call: Call) -> web.StreamResponse:
    """Sign somebody up and give the app their token, which opens nothing until they are in."""
    if not isinstance(call.caller, AppCaller):
        raise Forbidden("Only an application without a member can sign somebody up")
    form = await call.form()
    token = await registering.sign_up_through(
        call.app,
        SignUp(**form | {"agreement": bool(form["agreement"])}, address=call.address),
        registering.Client(call.caller.app_id, sorted(call.caller.scopes)),
    )
    return json_response(
        {
            "access_token": token.text,
            "token_type": "Bearer",
            "scope": " ".join(token.scopes),
            "created_at": int(token.created_at.timestamp()),
        }
    )


async def send_confirmation(call: Call) -> web.StreamResponse:
    """Send the confirmation mail again, to a corrected address where one is given."""
    form = await call.form()
    await registering.send_again(
        call.app, call.viewer.account_id, call.viewer.app_id, form["email"]
    )
    return empty()


async def check_confirmation(call: Call) -> web.StreamResponse:
    """Tell whether the address of the member is confirmed, as a bare true or false."""
    return json_response(await registering.is_confirmed(call.app, call.viewer.account_id))


ROUTES: Final = (
    Route(
        "POST",
        "/api/v1/accounts",
        sign_up,
        scopes=("write:accounts",),
        app_token=True,
        limit="sign_up",
        accepts=SignUpForm(),
        returns="Token",
        deviation="A date of birth and an invite code are ignored: offices ask for neither.",
    ),
    Route(
        "POST",
        "/api/v1/emails/confirmations",
        send_confirmation,
        scopes=("write:accounts",),
        awaited=True,
        limit="mails",
        accepts=ConfirmationForm(),
        returns="{}",
    ),
    Route(
        "GET",
        "/api/v1/emails/check_confirmation",
        check_confirmation,
        scopes=("read:accounts",),
        awaited=True,
        returns="Boolean",
    ),
)
