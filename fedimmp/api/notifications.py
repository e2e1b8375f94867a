"""The viewer's notifications, and how far they and the home timeline are read."""

from aiohttp import web

from fedimmp.api.forms.lists import MarkersForm, NotificationsForm, TimelinesForm, UnreadForm
from fedimmp.entities.lists import marker_entities
from fedimmp.entities.notifications import render_notifications
from fedimmp.errors import NotFound
from fedimmp.services import markers as marking
from fedimmp.services import notifying
from fedimmp.web.call import Call
from fedimmp.web.forms import parse_id
from fedimmp.web.responses import empty, json_response, paged
from fedimmp.web.routes import Route
from storage import markers, notifications
from storage.notifications import Selection

DEFAULT_LIMIT = 40
MAXIMUM_LIMIT = 80
MOST_UNREAD = 1000


async def index(call: Call) -> web.StreamResponse:
    """Show what the viewer was told, newest first."""
    selection = await _selection(call)
    page = call.page(DEFAULT_LIMIT, MAXIMUM_LIMIT)
    viewer_id = call.viewer.account_id
    async with call.app.db.reader() as conn:
        found = await notifications.list_page(conn, viewer_id, page, selection)
        rendered = await render_notifications(call.app, conn, found, viewer_id)
    return paged(
        call,
        rendered,
        first=found[0].id if found else None,
        last=found[-1].id if found else None,
        full=len(found) == page.limit,
        always=True,
        keep=("types[]", "exclude_types[]", "account_id"),
    )


async def show(call: Call) -> web.StreamResponse:
    """Show one of the viewer's notifications."""
    viewer_id = call.viewer.account_id
    async with call.app.db.reader() as conn:
        found = await notifications.find(conn, viewer_id, call.path_id())
        if found is None:
            raise NotFound
        rendered = await render_notifications(call.app, conn, [found], viewer_id)
    if not rendered:
        raise NotFound
    return json_response(rendered[0])


async def count_unread(call: Call) -> web.StreamResponse:
    """Count the notifications that are newer than the marker."""
    form = await call.form()
    viewer_id = call.viewer.account_id
    async with call.app.db.reader() as conn:
        marker = (await markers.load(conn, viewer_id, ["notifications"])).get("notifications")
        count = await notifications.count_newer(
            conn,
            viewer_id,
            (parse_id(marker.last_read_id) if marker else None) or 0,
            min(form["limit"] or 0, MOST_UNREAD),
            await _selection(call),
        )
    return json_response({"count": count})


async def dismiss(call: Call) -> web.StreamResponse:
    """Remove one of the viewer's notifications."""
    await notifying.dismiss(call.app, call.viewer.account_id, call.path_id())
    return empty()


async def clear(call: Call) -> web.StreamResponse:
    """Remove all of the viewer's notifications."""
    await notifying.clear(call.app, call.viewer.account_id)
    return empty()


async def _selection(call: Call) -> Selection:
    form = await call.form()
    return Selection(tuple(form["types"]), tuple(form["exclude_types"]), form["account_id"])


async def show_markers(call: Call) -> web.StreamResponse:
    """Show how far the viewer has read the timelines that are asked for."""
    form = await call.form()
    async with call.app.db.reader() as conn:
        found = await markers.load(conn, call.viewer.account_id, form["timeline"])
    return json_response(marker_entities(found))


async def move_markers(call: Call) -> web.StreamResponse:
    """Keep how far the viewer has read, and show the markers that moved."""
    form = await call.form()
    positions = {
        timeline: position["last_read_id"] for timeline, position in form.items() if position
    }
    moved = await marking.move(call.app, call.viewer.account_id, positions)
    return json_response(marker_entities(moved))


_READ = ("read:notifications",)
_WRITE = ("write:notifications",)

ROUTES = (
    Route(
        "GET",
        "/api/v1/notifications",
        index,
        _READ,
        accepts=NotificationsForm(),
        returns="[Notification]",
        paged="id",
    ),
    Route("POST", "/api/v1/notifications/clear", clear, _WRITE, returns="{}"),
    Route(
        "GET",
        "/api/v1/notifications/unread_count",
        count_unread,
        _READ,
        accepts=UnreadForm(),
        returns="UnreadCount",
    ),
    Route("GET", "/api/v1/notifications/{id}", show, _READ, returns="Notification"),
    Route("POST", "/api/v1/notifications/{id}/dismiss", dismiss, _WRITE, returns="{}"),
    Route(
        "GET",
        "/api/v1/markers",
        show_markers,
        ("read:statuses",),
        accepts=TimelinesForm(),
        returns="{Marker}",
    ),
    Route(
        "POST",
        "/api/v1/markers",
        move_markers,
        ("write:statuses",),
        accepts=MarkersForm(),
        returns="{Marker}",
    ),
)
