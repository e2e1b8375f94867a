"""The viewer's notifications, and how far they and the home timeline are read."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from fedimmp.api.forms.lists import MarkersForm, TimelinesForm
from fedimmp.api.forms.notifications import NotificationsForm, SupportForm, UnreadForm
from fedimmp.entities.lists import marker_entities
from fedimmp.entities.notifications import render_notifications, render_page
from fedimmp.errors import NotFound
from fedimmp.services import markers as marking
from fedimmp.services import notifying
from fedimmp.web.call import Call
from fedimmp.web.forms import parse_id
from fedimmp.web.responses import empty, json_response, paged
from fedimmp.web.routes import Route
from storage import markers, notifications
from storage.database import Connection
from storage.notifications import Selection

DEFAULT_LIMIT = 40
MAXIMUM_LIMIT = 80
MOST_UNREAD = 1000
# What goes on into the links of a page.
SELECTING = (
    "types[]",
    "exclude_types[]",
    "account_id",
    "include_filtered",
    "supported_types[]",
)


async def index(call: Call) -> web.StreamResponse:
    """Show what the viewer was told, newest first."""
    form = await call.form()
    page, selection = call.page(DEFAULT_LIMIT, MAXIMUM_LIMIT), selection_of(form)
    viewer_id = call.viewer.account_id
    async with call.app.db.reader() as conn:
        found = await call.confirming(
            conn,
            lambda standing: notifications.list_page(conn, viewer_id, page, selection, standing),
        )
        rendered = await render_page(
            call.app, conn, found, viewer_id, supported_types=form["supported_types"]
        )
    return paged(
        call,
        rendered,
        first=found[0].id if found else None,
        last=found[-1].id if found else None,
        full=len(found) == page.limit,
        always=True,
        keep=SELECTING,
    )


async def show(call: Call) -> web.StreamResponse:
    """Show one of the viewer's notifications."""
    form = await call.form()
    viewer_id = call.viewer.account_id
    async with call.app.db.reader() as conn:
        found = await notifications.find(conn, viewer_id, call.path_id())
        if found is None:
            raise NotFound
        rendered = await render_notifications(
            call.app, conn, [found], viewer_id, supported_types=form["supported_types"]
        )
    if not rendered:
        raise NotFound
    return json_response(rendered[0])


async def count_unread(call: Call) -> web.StreamResponse:
    """Count the notifications that are newer than the marker."""
    form = await call.form()
    viewer_id = call.viewer.account_id
    async with call.app.db.reader() as conn:
        count = await notifications.count_newer(
            conn,
            viewer_id,
            await read_until(conn, viewer_id),
            min(form["limit"] or 0, MOST_UNREAD),
            selection_of(form),
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


def selection_of(form: Mapping[str, Any]) -> Selection:
    """Return which notifications a form asks for."""
    return Selection(
        tuple(form["types"]),
        tuple(form["exclude_types"]),
        form["account_id"],
        bool(form.get("include_filtered")),
    )


async def read_until(conn: Connection, account_id: int) -> int:
    """Return the notification up to which a member has read, 0 without a marker."""
    marker = (await markers.load(conn, account_id, ["notifications"])).get("notifications")
    return (parse_id(marker.last_read_id) if marker else None) or 0


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
        confirms=True,
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
    Route(
        "GET",
        "/api/v1/notifications/{id}",
        show,
        _READ,
        accepts=SupportForm(),
        returns="Notification",
    ),
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
