"""What is talked about, as staff sees and shapes it."""

from typing import Any, Final

from aiohttp import web

from fedimmp.api.admin.permitting import permitted
from fedimmp.api.forms.admin_statistics import AdminTagForm
from fedimmp.api.people import offset_of
from fedimmp.entities.admin.tags import render_admin_tags
from fedimmp.entities.statuses import render_statuses
from fedimmp.errors import NotFound
from fedimmp.permissions import Permission
from fedimmp.services import curating
from fedimmp.web.call import Call
from fedimmp.web.responses import json_response, paged, paged_by_offset
from fedimmp.web.routes import Handler, Route
from storage import tag_moderation, trends
from storage.tag_moderation import ModeratedTag


async def index_statuses(call: Call) -> web.StreamResponse:
    """List the posts that trend; none waits for a review."""
    limit, offset = call.page(20, 40).limit, offset_of(call)
    viewer_id = call.viewer.account_id
    async with call.app.db.reader() as conn:
        found = await trends.list_statuses(conn, viewer_id, limit=limit, offset=offset)
        rendered = await render_statuses(call.app, conn, found, viewer_id)
    shown = [entity | {"requires_review": False} for entity in rendered]
    return paged_by_offset(call, shown, offset=offset, limit=limit)


async def approve_status(call: Call) -> web.StreamResponse:
    """Let a post trend that was kept from it."""
    return await _decide(call, allowed=True)


async def reject_status(call: Call) -> web.StreamResponse:
    """Keep a post from trending."""
    return await _decide(call, allowed=False)


async def _decide(call: Call, *, allowed: bool) -> web.StreamResponse:
    viewer_id = call.viewer.account_id
    status_id = await curating.let_trend(call.app, viewer_id, call.path_id(), allowed=allowed)
    async with call.app.db.reader() as conn:
        rendered = await render_statuses(call.app, conn, [status_id], viewer_id)
    if not rendered:
        raise NotFound
    return json_response(rendered[0] | {"requires_review": False})


async def index_trending_tags(call: Call) -> web.StreamResponse:
    """List the hashtags that trend; none waits for a review."""
    limit, offset = call.page(10, 20).limit, offset_of(call)
    async with call.app.db.reader() as conn:
        found = await trends.list_tags(conn, call.app.now(), limit=limit, offset=offset)
        known = await tag_moderation.get_many(conn, [each.id for each in found])
        shown = await render_admin_tags(
            call.app, conn, [known[each.id] for each in found], call.viewer.account_id
        )
    return paged_by_offset(call, shown, offset=offset, limit=limit)


async def approve_tag(call: Call) -> web.StreamResponse:
    """Let a hashtag trend."""
    return await _change(call, {"trendable": True})


async def reject_tag(call: Call) -> web.StreamResponse:
    """Keep a hashtag from trending."""
    return await _change(call, {"trendable": False})


async def index_tags(call: Call) -> web.StreamResponse:
    """List all hashtags that are known."""
    page = call.page(100, 200)
    async with call.app.db.reader() as conn:
        found = await tag_moderation.list_page(conn, page)
        shown = await render_admin_tags(call.app, conn, found, call.viewer.account_id)
    return paged(
        call,
        shown,
        first=found[0].id if found else None,
        last=found[-1].id if found else None,
        full=len(found) == page.limit,
    )


async def show_tag(call: Call) -> web.StreamResponse:
    """Show a hashtag with what was decided about it."""
    async with call.app.db.reader() as conn:
        known = await tag_moderation.get_many(conn, [call.path_id()])
    if not known:
        raise NotFound
    return await _answer(call, known[call.path_id()])


async def update_tag(call: Call) -> web.StreamResponse:
    """Change how a hashtag is written, and whether it is found, proposed and may trend."""
    form = await call.form()
    return await _change(call, {key: value for key, value in form.items() if value is not None})


async def _change(call: Call, changes: dict[str, Any]) -> web.StreamResponse:
    changed = await curating.change_tag(call.app, call.viewer.account_id, call.path_id(), changes)
    return await _answer(call, changed)


async def _answer(call: Call, tag: ModeratedTag) -> web.StreamResponse:
    async with call.app.db.reader() as conn:
        (entity,) = await render_admin_tags(call.app, conn, [tag], call.viewer.account_id)
    return json_response(entity)


async def index_links(_call: Call) -> web.StreamResponse:
    """List no links: nothing is fetched from the addresses that people write of."""
    return json_response([])


async def index_publishers(_call: Call) -> web.StreamResponse:
    """List no publishers: nothing is fetched from the addresses that people write of."""
    return json_response([])


async def decide_link(_call: Call) -> web.StreamResponse:
    """Find no such link, since none trends."""
    raise NotFound


async def decide_publisher(_call: Call) -> web.StreamResponse:
    """Find no such publisher, since no link trends."""
    raise NotFound


def _may(handler: Handler) -> Handler:
    return permitted(Permission.MANAGE_TAXONOMIES, handler)


_READ: Final = ("admin:read",)
_WRITE: Final = ("admin:write",)
_TRENDS: Final = "/api/v1/admin/trends"
_TAGS: Final = "/api/v1/admin/tags"
_NO_LINKS: Final = "Pages that people link to are never fetched, so no link trends."
_UNREVIEWED: Final = "Nothing waits for a review; what is rejected stays out."


def _decision(path: str, verb: str, handler: Handler, returns: str, deviation: str) -> Route:
    return Route(
        "POST",
        f"{path}/{{id}}/{verb}",
        _may(handler),
        _WRITE,
        returns=returns,
        deviation=deviation,
    )


def _list(path: str, handler: Handler, returns: str, deviation: str) -> Route:
    return Route(
        "GET",
        path,
        _may(handler),
        _READ,
        returns=returns,
        paged="offset",
        deviation=deviation,
    )


_STATUS: Final = "Admin::Trends::Status"
_LINK: Final = "Admin::Trends::Link"
_PUBLISHER: Final = "Admin::Trends::Links::PreviewCardProvider"

ROUTES = (
    _list(f"{_TRENDS}/links", index_links, "[Trends::Link]", _NO_LINKS),
    _decision(f"{_TRENDS}/links", "approve", decide_link, _LINK, _NO_LINKS),
    _decision(f"{_TRENDS}/links", "reject", decide_link, _LINK, _NO_LINKS),
    Route(
        "GET",
        f"{_TRENDS}/links/publishers",
        _may(index_publishers),
        _READ,
        returns=f"[{_PUBLISHER}]",
        paged="id",
        deviation=_NO_LINKS,
    ),
    _decision(f"{_TRENDS}/links/publishers", "approve", decide_publisher, _PUBLISHER, _NO_LINKS),
    _decision(f"{_TRENDS}/links/publishers", "reject", decide_publisher, _PUBLISHER, _NO_LINKS),
    _list(f"{_TRENDS}/statuses", index_statuses, f"[{_STATUS}]", _UNREVIEWED),
    _decision(f"{_TRENDS}/statuses", "approve", approve_status, _STATUS, _UNREVIEWED),
    _decision(f"{_TRENDS}/statuses", "reject", reject_status, _STATUS, _UNREVIEWED),
    _list(f"{_TRENDS}/tags", index_trending_tags, "[Admin::Tag]", _UNREVIEWED),
    _decision(f"{_TRENDS}/tags", "approve", approve_tag, "Admin::Tag", _UNREVIEWED),
    _decision(f"{_TRENDS}/tags", "reject", reject_tag, "Admin::Tag", _UNREVIEWED),
    Route("GET", _TAGS, _may(index_tags), _READ, returns="[Admin::Tag]", paged="id"),
    Route("GET", f"{_TAGS}/{{id}}", _may(show_tag), _READ, returns="Admin::Tag"),
    Route(
        "PUT",
        f"{_TAGS}/{{id}}",
        _may(update_tag),
        _WRITE,
        accepts=AdminTagForm(),
        returns="Admin::Tag",
    ),
)
