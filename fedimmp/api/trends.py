"""What is talked about in the organisation."""

from typing import Final

from aiohttp import web

from fedimmp.api.people import offset_of
from fedimmp.entities.statuses import render_statuses
from fedimmp.entities.tags import render_tags
from fedimmp.web.call import Call
from fedimmp.web.responses import json_response, paged_by_offset
from fedimmp.web.routes import Route
from storage import trends
from storage.database import Connection

# When Mastodon deprecated the short path.
_DEPRECATED: Final = {"Deprecation": "@1648598400"}


async def show_tags(call: Call) -> web.StreamResponse:
    """Show hashtags that several people used in the last week, the most talked about first."""
    return await _tags(call)


async def show_tags_by_old_path(call: Call) -> web.StreamResponse:
    """Show trending hashtags, as apps of before 2022 ask for them."""
    answer = await _tags(call)
    answer.headers.update(_DEPRECATED)
    return answer


async def show_statuses(call: Call) -> web.StreamResponse:
    """Show public posts of the last week that many people reacted to."""
    limit, offset = call.page(20, 40).limit, offset_of(call)
    viewer_id = call.viewer.account_id
    async with call.app.db.reader() as conn:
        found = (
            await trends.list_statuses(conn, viewer_id, limit=limit, offset=offset)
            if call.app.config.posts.trends
            else []
        )
        rendered = await render_statuses(call.app, conn, found, viewer_id)
    return paged_by_offset(call, rendered, offset=offset, limit=limit)


async def show_links(_call: Call) -> web.StreamResponse:
    """Show an empty list: nothing is fetched from the addresses that people write of."""
    return json_response([])


async def _tags(call: Call) -> web.Response:
    limit, offset = call.page(10, 20).limit, offset_of(call)
    async with call.app.db.reader() as conn:
        rendered = await _rendered_tags(call, conn, limit, offset)
    return paged_by_offset(call, rendered, offset=offset, limit=limit)


async def _rendered_tags(
    call: Call, conn: Connection, limit: int, offset: int
) -> list[dict[str, object]]:
    if not call.app.config.posts.trends:
        return []
    found = await trends.list_tags(conn, call.app.now(), limit=limit, offset=offset)
    return await render_tags(call.app, conn, found, call.viewer.account_id)


_UNREVIEWED: Final = (
    "Nobody has to approve what trends: all posts are by people of the organisation."
)

ROUTES = (
    Route("GET", "/api/v1/trends", show_tags_by_old_path, returns="[Tag]", paged="offset"),
    Route(
        "GET",
        "/api/v1/trends/tags",
        show_tags,
        returns="[Tag]",
        paged="offset",
        deviation=_UNREVIEWED,
    ),
    Route(
        "GET",
        "/api/v1/trends/statuses",
        show_statuses,
        returns="[Status]",
        paged="offset",
        deviation=_UNREVIEWED,
    ),
    Route(
        "GET",
        "/api/v1/trends/links",
        show_links,
        returns="[Trends::Link]",
        paged="offset",
        deviation="The list is always empty, since pages that people link to are never fetched.",
    ),
)
