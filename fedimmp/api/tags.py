"""Hashtags: their week, who follows them, and whether they are on the viewer's profile."""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from fedimmp.app import App
from fedimmp.entities.tags import render_tags
from fedimmp.errors import NotFound
from fedimmp.services import featuring, hashtags
from fedimmp.web.call import Call
from fedimmp.web.responses import json_response, paged
from fedimmp.web.routes import Handler, Route
from storage import tag_follows, tags
from storage.tags import Tag

Action = Callable[[App, int, str], Awaitable[Tag]]

_DEFAULT_LIMIT: Final = 100
_MAXIMUM_LIMIT: Final = 200


async def show(call: Call) -> web.StreamResponse:
    """Show a hashtag and its week, also one that nobody has used."""
    written = hashtags.parse_tag(call.path("name"))
    if written is None:
        raise NotFound
    name = written.casefold()
    async with call.app.db.reader() as conn:
        tag = await tags.find(conn, name) or Tag(0, name, written)
        return json_response((await render_tags(call.app, conn, [tag], call.viewer.account_id))[0])


async def show_followed(call: Call) -> web.StreamResponse:
    """Show the hashtags that the viewer follows, the latest first."""
    page = call.page(_DEFAULT_LIMIT, _MAXIMUM_LIMIT)
    viewer_id = call.viewer.account_id
    async with call.app.db.reader() as conn:
        found = await tag_follows.list_page(conn, viewer_id, page)
        rendered = await render_tags(call.app, conn, [each.tag for each in found], viewer_id)
    return paged(
        call,
        rendered,
        first=found[0].row_id if found else None,
        last=found[-1].row_id if found else None,
        full=len(found) == page.limit,
        prev="since_id",
    )


def _acting(action: Action, sentence: str) -> Handler:
    """Return the handler that does something with a hashtag and answers with it."""

    async def act(call: Call) -> web.StreamResponse:
        viewer_id = call.viewer.account_id
        tag = await action(call.app, viewer_id, call.path("name"))
        async with call.app.db.reader() as conn:
            return json_response((await render_tags(call.app, conn, [tag], viewer_id))[0])

    act.__doc__ = sentence
    return act


follow = _acting(hashtags.follow_tag, "Bring public posts with a hashtag into the home timeline.")
unfollow = _acting(hashtags.unfollow_tag, "Follow a hashtag no longer.")
feature = _acting(featuring.feature_named, "Show a hashtag on the viewer's profile.")
unfeature = _acting(featuring.unfeature_named, "Show a hashtag on the viewer's profile no longer.")

_TAG: Final = "/api/v1/tags/{name}"
_FOLLOWS: Final = ("write:follows",)
_ACCOUNT: Final = ("write:accounts",)

ROUTES = (
    Route("GET", _TAG, show, returns="Tag"),
    Route("POST", f"{_TAG}/follow", follow, _FOLLOWS, limit="follows", returns="Tag"),
    Route("POST", f"{_TAG}/unfollow", unfollow, _FOLLOWS, returns="Tag"),
    Route("POST", f"{_TAG}/feature", feature, _ACCOUNT, returns="Tag"),
    Route("POST", f"{_TAG}/unfeature", unfeature, _ACCOUNT, returns="Tag"),
    Route(
        "GET",
        "/api/v1/followed_tags",
        show_followed,
        ("read:follows",),
        returns="[Tag]",
        paged="row",
    ),
)
