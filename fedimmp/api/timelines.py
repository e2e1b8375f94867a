"""Timelines: home, the organisation, hashtags, lists, direct; favourites and bookmarks."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from fedimmp.api.forms.statuses import PublicTimelineForm, TagForm
from fedimmp.api.forms.timelines import LinkForm
from fedimmp.entities.status_pages import render_home, render_ids
from fedimmp.errors import NotFound
from fedimmp.web.call import Call
from fedimmp.web.responses import paged
from fedimmp.web.routes import Handler, Route
from storage import lists, status_snapshots, timelines
from storage.database import Connection
from storage.paging import Page
from storage.timelines import Entry, PublicFilter, TagFilter

Listing = Callable[[Connection, int, Page], Awaitable[Sequence[Entry]]]

_TAGS = 4  # names in one question, in each of any, all and none
_PUBLIC_KEPT = ("local", "remote", "only_media")


async def _answer(
    call: Call, conn: Connection, ids: Sequence[int], keep: Sequence[str] = ()
) -> web.Response:
    """Answer with a page of statuses; timelines always have both links."""
    rendered = await render_ids(call.app, conn, ids, call.viewer.account_id)
    return paged(
        call,
        rendered,
        first=ids[0] if ids else None,
        last=ids[-1] if ids else None,
        full=True,
        always=True,
        keep=keep,
    )


async def home(call: Call) -> web.StreamResponse:
    """Show what the viewer follows, newest first."""
    viewer_id, page = call.viewer.account_id, call.page()
    async with call.app.db.reader() as conn:
        rows = await call.confirming(
            conn, lambda standing: status_snapshots.home(conn, viewer_id, page, standing)
        )
        shown = await render_home(call.app, conn, rows, viewer_id)
        if shown is None:
            return await _answer(call, conn, await timelines.home(conn, viewer_id, page))
    return paged(call, shown.text, first=shown.first, last=shown.last, full=True, always=True)


def _public_filter(form: Mapping[str, Any]) -> PublicFilter:
    return PublicFilter(**{name: bool(form[name]) for name in _PUBLIC_KEPT})


async def public(call: Call) -> web.StreamResponse:
    """Show what is public in the whole organisation, or in this office alone."""
    wanted = _public_filter(await call.form())
    async with call.app.db.reader() as conn:
        ids = await timelines.public(conn, call.viewer.account_id, call.page(), wanted)
        return await _answer(call, conn, ids, keep=_PUBLIC_KEPT)


async def tag(call: Call) -> web.StreamResponse:
    """Show public posts with a hashtag, or any of several, and all and none of others."""
    form = await call.form()
    any_of, all_of, none_of = (
        [_tag_name(name) for name in form[key][:_TAGS]] for key in ("any", "all", "none")
    )
    wanted = TagFilter(
        any_of=[_tag_name(form["hashtag"]), *any_of],
        all_of=all_of,
        none_of=none_of,
        public=_public_filter(form),
    )
    async with call.app.db.reader() as conn:
        ids = await timelines.tag(conn, call.viewer.account_id, call.page(), wanted)
        return await _answer(call, conn, ids, keep=(*_PUBLIC_KEPT, "any[]", "all[]", "none[]"))


def _tag_name(name: str) -> str:
    return name.lstrip("#").casefold()


async def of_list(call: Call) -> web.StreamResponse:
    """Show what the people on one of the viewer's lists wrote."""
    viewer_id, list_id = call.viewer.account_id, call.path_id()
    async with call.app.db.reader() as conn:
        if await lists.find(conn, viewer_id, list_id) is None:
            raise NotFound
        ids = await timelines.of_list(conn, viewer_id, list_id, call.page())
        return await _answer(call, conn, ids)


async def link(call: Call) -> web.StreamResponse:
    """Show posts about a page that trends. None does, so there is nothing to find."""
    await call.form()
    raise NotFound


async def direct(call: Call) -> web.StreamResponse:
    """Show direct posts to and from the viewer, which older apps ask for."""
    async with call.app.db.reader() as conn:
        ids = await timelines.direct(conn, call.viewer.account_id, call.page())
        return await _answer(call, conn, ids)


def _kept(listing: Listing) -> Handler:
    """Return the edge for statuses that the viewer keeps; the cursor is hidden."""

    async def edge(call: Call) -> web.StreamResponse:
        page = call.page()
        async with call.app.db.reader() as conn:
            found = await listing(conn, call.viewer.account_id, page)
            ids = [entry.status_id for entry in found]
            rendered = await render_ids(call.app, conn, ids, call.viewer.account_id)
        return paged(
            call,
            rendered,
            first=found[0].row_id if found else None,
            last=found[-1].row_id if found else None,
            full=len(found) == page.limit,
        )

    edge.__doc__ = listing.__doc__
    return edge


_READ = ("read:statuses",)

ROUTES = (
    Route(
        "GET",
        "/api/v1/timelines/home",
        home,
        _READ,
        confirms=True,
        returns="[Status]",
        paged="id",
    ),
    Route(
        "GET",
        "/api/v1/timelines/public",
        public,
        _READ,
        accepts=PublicTimelineForm(),
        returns="[Status]",
        paged="id",
    ),
    Route(
        "GET",
        "/api/v1/timelines/tag/{hashtag}",
        tag,
        _READ,
        accepts=TagForm(),
        returns="[Status]",
        paged="id",
    ),
    Route(
        "GET",
        "/api/v1/timelines/list/{id}",
        of_list,
        ("read:lists",),
        returns="[Status]",
        paged="id",
    ),
    Route(
        "GET",
        "/api/v1/timelines/link",
        link,
        _READ,
        accepts=LinkForm(),
        returns="[Status]",
        paged="id",
        deviation="Every page is answered with 404: pages that people link to are never fetched,"
        " so none trends.",
    ),
    Route("GET", "/api/v1/timelines/direct", direct, _READ, returns="[Status]", paged="id"),
    Route(
        "GET",
        "/api/v1/favourites",
        _kept(timelines.favourites),
        ("read:favourites",),
        returns="[Status]",
        paged="row",
    ),
    Route(
        "GET",
        "/api/v1/bookmarks",
        _kept(timelines.bookmarks),
        ("read:bookmarks",),
        returns="[Status]",
        paged="row",
    ),
)
