"""Timelines to read: home, everyone in the organisation, and a hashtag."""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from fedimmp.entities.statuses import render_statuses
from fedimmp.pages.rendering import TEMPLATES, links_between
from fedimmp.web import browser
from fedimmp.web.call import Call
from fedimmp.web.routes import Route
from storage import timelines
from storage.database import Connection
from storage.paging import Page
from storage.sessions import SignedIn
from storage.timelines import PublicFilter, TagFilter

Read = Callable[[Connection, int, Page], Awaitable[list[int]]]


async def home(call: Call) -> web.StreamResponse:
    """Show the member's home timeline."""
    return await _timeline(call, "home", "Home", timelines.home)


async def public(call: Call) -> web.StreamResponse:
    """Show what everybody in the organisation posts in public."""

    async def read(conn: Connection, viewer_id: int, page: Page) -> list[int]:
        return await timelines.public(conn, viewer_id, page, PublicFilter())

    return await _timeline(call, "public", "Everyone", read)


async def tag(call: Call) -> web.StreamResponse:
    """Show public posts with a hashtag."""
    name = call.path("name")

    async def read(conn: Connection, viewer_id: int, page: Page) -> list[int]:
        return await timelines.tag(conn, viewer_id, page, TagFilter([name.casefold()]))

    return await _timeline(call, "tag", f"#{name}", read)


async def _timeline(call: Call, here: str, heading: str, read: Read) -> web.StreamResponse:
    visitor = await browser.find_visitor(call)
    if visitor is None:
        return browser.to_sign_in(call)
    page = call.page()
    async with call.app.db.reader() as conn:
        ids = await read(conn, visitor.account_id, page)
        statuses = await render_statuses(call.app, conn, ids, visitor.account_id)
    return _rendered(call, visitor, here, heading, statuses, links_between(ids, page))


def _rendered(
    call: Call,
    visitor: SignedIn,
    here: str,
    heading: str,
    statuses: list[dict[str, object]],
    links: dict[str, str | None],
) -> web.StreamResponse:
    return TEMPLATES.page(
        call.app,
        "timeline.html",
        visitor=visitor,
        here=here,
        heading=heading,
        statuses=statuses,
        links=links,
    )


ROUTES: Final = (
    Route("GET", "/", home, public=True, html=True),
    Route("GET", "/public", public, public=True, html=True),
    Route("GET", "/tags/{name}", tag, public=True, html=True),
)
