"""A person's page and a post's page, also of people in other offices that are known here."""

from typing import Any, Final
from urllib.parse import quote

from aiohttp import web

from fedimmp.access import access_account, access_status
from fedimmp.entities.accounts import render_accounts
from fedimmp.entities.statuses import render_statuses
from fedimmp.errors import NotFound
from fedimmp.pages.rendering import TEMPLATES, links_between
from fedimmp.web import browser
from fedimmp.web.call import Call
from fedimmp.web.html import redirect
from fedimmp.web.routes import Route
from storage import accounts, threads, timelines
from storage.accounts import Account
from storage.database import Connection
from storage.timelines import ProfileFilter


async def profile(call: Call) -> web.StreamResponse:
    """Show who somebody is, and what they post."""
    visitor = await browser.find_visitor(call)
    if visitor is None:
        return browser.to_sign_in(call)
    page = call.page()
    viewer_id = visitor.account_id
    async with call.app.db.reader() as conn:
        account = await _account(call, conn, viewer_id)
        ids = await timelines.of_account(conn, viewer_id, account.id, page, ProfileFilter())
        entities = await render_accounts(call.app, conn, [account.id])
        statuses = await render_statuses(call.app, conn, ids, viewer_id)
    return TEMPLATES.page(
        call.app,
        "profile.html",
        visitor=visitor,
        here="me" if account.id == viewer_id else "profile",
        account=entities[0],
        statuses=statuses,
        links=links_between(ids, page),
    )


async def post(call: Call) -> web.StreamResponse:
    """Show a post within its thread."""
    visitor = await browser.find_visitor(call)
    if visitor is None:
        return browser.to_sign_in(call)
    viewer_id = visitor.account_id
    async with call.app.db.reader() as conn:
        status = await access_status(conn, viewer_id, call.path_id())
        shown_id = status.reblog_of_id or status.id
        thread = await threads.load(conn, viewer_id, shown_id)
        ids = [*thread.ancestors, shown_id, *thread.descendants]
        statuses = await render_statuses(call.app, conn, ids, viewer_id)
    focus = next((each for each in statuses if each["id"] == str(shown_id)), None)
    if focus is None:
        raise NotFound
    # Apps and people make such addresses from any name and the id; the id is what counts.
    path = post_path(focus)
    if path != f"/@{quote(call.path('handle'), safe='@:')}/{call.path('id')}":
        return redirect(path)
    return TEMPLATES.page(call.app, "post.html", visitor=visitor, focus=focus, statuses=statuses)


def post_path(status: dict[str, Any]) -> str:
    """Return the path of a post's page here, wherever the post is from."""
    return f"/@{quote(status['account']['acct'], safe='@:')}/{status['id']}"


async def _account(call: Call, conn: Connection, viewer_id: int) -> Account:
    username, _, domain = call.path("handle").partition("@")
    is_ours = domain.casefold() in ("", call.app.uris.host)
    found = await accounts.find_by_handle(conn, username, None if is_ours else domain.casefold())
    if found is None:
        raise NotFound
    return await access_account(conn, viewer_id, found.id)


ROUTES: Final = (
    Route("GET", "/@{handle}", profile, public=True, html=True),
    Route("GET", "/@{handle}/{id}", post, public=True, html=True),
)
