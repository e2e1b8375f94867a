"""The page on which members see which applications may use their account, and end that."""

from datetime import date
from typing import Any, Final

from aiohttp import web

from fedimmp.oauth.forms import SignOutForm
from fedimmp.oauth.permissions import permissions_of
from fedimmp.oauth.rendering import TEMPLATES
from fedimmp.services import authorising
from fedimmp.web import browser
from fedimmp.web.call import Call
from fedimmp.web.html import redirect
from fedimmp.web.routes import Route
from storage import authorised_applications
from storage.authorised_applications import AuthorisedApplication

_PATH: Final = "/oauth/authorized_applications"


async def show(call: Call) -> web.StreamResponse:
    """Show the applications that the member let in, what each may do, and when it last did."""
    visitor = await browser.find_visitor(call)
    if visitor is None:
        return browser.to_sign_in(call)
    async with call.app.db.reader() as conn:
        found = await authorised_applications.list_all(conn, visitor.account_id)
    return TEMPLATES.page(
        call.app,
        "applications.html",
        visitor=visitor,
        applications=[_shown(each) for each in found],
        ended="ended" in call.request.query,
    )


async def end(call: Call) -> web.StreamResponse:
    """Sign an application out of the member's account, with all its tokens."""
    visitor = await browser.find_visitor(call)
    if visitor is None:
        return browser.to_sign_in(call, return_to=_PATH)
    browser.check_form(call, (await call.form())["csrf_token"], visitor.csrf_token)
    await authorising.revoke_application(call.app, visitor.account_id, call.path_id())
    return redirect(f"{_PATH}?ended=1")


def _shown(application: AuthorisedApplication) -> dict[str, Any]:
    return {
        "id": application.app_id,
        "name": application.name,
        "website": application.website,
        "permissions": permissions_of(application.scopes),
        "since": _day(application.since.date()),
        "last_used": _day(application.last_used_on) if application.last_used_on else None,
    }


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


ROUTES: Final = (
    Route("GET", _PATH, show, public=True, html=True),
    Route("POST", f"{_PATH}/{{id}}", end, public=True, html=True, accepts=SignOutForm()),
)
