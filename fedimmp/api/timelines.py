"""Timelines: home, the organisation, hashtags, lists, direct; favourites and bookmarks."""

from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from fedimmp.api.forms.statuses import TagForm
from fedimmp.entities.statuses import render_statuses
from fedimmp.errors import NotFound
from fedimmp.web.call import Call
from fedimmp.web.forms import load, parse_boolean
from fedimmp.web.responses import paged
from fedimmp.web.routes import Handler, Route
from storage import lists, timelines
from storage.database import Connection
from storage.paging import Page
from storage.timelines import Entry, PublicFilter, TagFilter

Listing = Callable[[Connection, int, Page], Awaitable[Sequence[Entry]]]

_TAGS = 10  # names in one question, in each of any, all and none
_PUBLIC_KEPT = ("local", "remote", "only_media")


async def _answer(
    call: Call, conn: Connection, ids: Sequence[int], keep: Sequence[str] = ()
) -> web.Response:
    """Answer with a page of statuses; timelines always have both links."""
    rendered = await render_statuses(call.app, conn, ids, call.viewer.account_id)
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
    """GET /api/v1/timelines/home."""
    async with call.app.db.reader() as conn:
        ids = await timelines.home(conn, call.viewer.account_id, call.page())
        return await _answer(call, conn, ids)


def _flag(call: Call, name: str) -> bool:
    return bool(parse_boolean(call.request.query.get(name)))


def _public_filter(call: Call) -> PublicFilter:
    return PublicFilter(
        local=_flag(call, "local"),
        remote=_flag(call, "remote"),
        only_media=_flag(call, "only_media"),
    )


async def public(call: Call) -> web.StreamResponse:
    """GET /api/v1/timelines/public: the whole organisation, or this office alone."""
    wanted = _public_filter(call)
    async with call.app.db.reader() as conn:
        ids = await timelines.public(conn, call.viewer.account_id, call.page(), wanted)
        return await _answer(call, conn, ids, keep=_PUBLIC_KEPT)


async def tag(call: Call) -> web.StreamResponse:
    """GET /api/v1/timelines/tag/{hashtag}, with any[], all[] and none[]."""
    params = await call.params() | {"hashtag": call.path("hashtag")}
    form = load(TagForm(), params)
    any_of, all_of, none_of = (
        [_tag_name(name) for name in form[key][:_TAGS]] for key in ("any", "all", "none")
    )
    wanted = TagFilter(
        any_of=[_tag_name(form["hashtag"]), *any_of],
        all_of=all_of,
        none_of=none_of,
        public=_public_filter(call),
    )
    async with call.app.db.reader() as conn:
        ids = await timelines.tag(conn, call.viewer.account_id, call.page(), wanted)
        return await _answer(call, conn, ids, keep=(*_PUBLIC_KEPT, "any[]", "all[]", "none[]"))


def _tag_name(name: str) -> str:
    return name.lstrip("#").casefold()


async def of_list(call: Call) -> web.StreamResponse:
    """GET /api/v1/timelines/list/{id}; of one's own lists only."""
    viewer_id, list_id = call.viewer.account_id, call.path_id()
    async with call.app.db.reader() as conn:
        if await lists.find(conn, viewer_id, list_id) is None:
            raise NotFound
        ids = await timelines.of_list(conn, viewer_id, list_id, call.page())
        return await _answer(call, conn, ids)


async def direct(call: Call) -> web.StreamResponse:
    """GET /api/v1/timelines/direct, which older apps call."""
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
            rendered = await render_statuses(call.app, conn, ids, call.viewer.account_id)
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
    Route("GET", "/api/v1/timelines/home", home, scopes=_READ),
    Route("GET", "/api/v1/timelines/public", public, scopes=_READ),
    Route("GET", "/api/v1/timelines/tag/{hashtag}", tag, scopes=_READ),
    Route("GET", "/api/v1/timelines/list/{id}", of_list, scopes=("read:lists",)),
    Route("GET", "/api/v1/timelines/direct", direct, scopes=_READ),
    Route("GET", "/api/v1/favourites", _kept(timelines.favourites), scopes=("read:favourites",)),
    Route("GET", "/api/v1/bookmarks", _kept(timelines.bookmarks), scopes=("read:bookmarks",)),
)
