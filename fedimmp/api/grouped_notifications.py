"""The viewer's notifications in groups: what several people did to one thing is one line."""

import orjson
from aiohttp import web

from fedimmp.api.forms.notifications import GroupsForm, SupportForm, UnreadGroupsForm
from fedimmp.api.notifications import (
    DEFAULT_LIMIT,
    MAXIMUM_LIMIT,
    MOST_UNREAD,
    SELECTING,
    read_until,
    selection_of,
)
from fedimmp.entities.accounts import render_accounts
from fedimmp.entities.notifications import render_groups
from fedimmp.errors import BadRequest, NotFound
from fedimmp.services import notifying
from fedimmp.web.call import Call
from fedimmp.web.responses import empty, json_response, paged
from fedimmp.web.routes import Route
from storage import notification_groups
from storage.notification_groups import GROUPABLE


async def index(call: Call) -> web.StreamResponse:
    """Show what the viewer was told in groups, those with the latest news first."""
    form = await call.form()
    if form["expand_accounts"] not in ("full", "partial_avatars"):
        raise BadRequest("expand_accounts must be full or partial_avatars")
    page = call.page(DEFAULT_LIMIT, MAXIMUM_LIMIT)
    viewer_id = call.viewer.account_id
    async with call.app.db.reader() as conn:
        groups = await call.confirming(
            conn,
            lambda standing: notification_groups.list_page(
                conn,
                viewer_id,
                page,
                selection_of(form),
                grouped_types=_grouped(form["grouped_types"]),
                standing=standing,
            ),
        )
        results = await render_groups(
            call.app,
            conn,
            groups,
            viewer_id,
            partial_avatars=form["expand_accounts"] == "partial_avatars",
            supported_types=form["supported_types"],
        )
    return paged(
        call,
        results,
        first=groups[0].notification.id if groups else None,
        last=groups[-1].notification.id if groups else None,
        full=len(groups) == page.limit,
        always=True,
        keep=(*SELECTING, "grouped_types[]", "expand_accounts"),
    )


async def show(call: Call) -> web.StreamResponse:
    """Show one group of the viewer's notifications."""
    form = await call.form()
    viewer_id = call.viewer.account_id
    async with call.app.db.reader() as conn:
        group = await notification_groups.find(conn, viewer_id, _key(call))
        results = await render_groups(
            call.app,
            conn,
            [] if group is None else [group],
            viewer_id,
            supported_types=form["supported_types"],
            with_page=False,
        )
    if not orjson.loads(results)["notification_groups"]:
        raise NotFound
    return json_response(results)


async def show_accounts(call: Call) -> web.StreamResponse:
    """Show everybody in a group of notifications, latest first."""
    page = call.page(DEFAULT_LIMIT, MAXIMUM_LIMIT)
    async with call.app.db.reader() as conn:
        found = await notification_groups.list_people(
            conn, call.viewer.account_id, _key(call), page
        )
        people = await render_accounts(call.app, conn, [each.account_id for each in found])
    return paged(
        call,
        people,
        first=found[0].row_id if found else None,
        last=found[-1].row_id if found else None,
        full=len(found) == page.limit,
    )


async def dismiss(call: Call) -> web.StreamResponse:
    """Remove a group of notifications; no matter when there is none."""
    await notifying.dismiss_group(call.app, call.viewer.account_id, _key(call))
    return empty()


async def count_unread(call: Call) -> web.StreamResponse:
    """Count the groups of notifications that have news above the marker."""
    form = await call.form()
    viewer_id = call.viewer.account_id
    async with call.app.db.reader() as conn:
        count = await notification_groups.count_newer(
            conn,
            viewer_id,
            await read_until(conn, viewer_id),
            min(form["limit"] or 0, MOST_UNREAD),
            selection_of(form),
            grouped_types=_grouped(form["grouped_types"]),
        )
    return json_response({"count": count})


def _grouped(asked: list[str] | None) -> tuple[str, ...]:
    """Return the types that may be grouped: all that can be, unless the app names some."""
    return GROUPABLE if asked is None else tuple(each for each in GROUPABLE if each in asked)


def _key(call: Call) -> str:
    """Return the key in the path; what PostgreSQL cannot hold is no key."""
    key = call.path("group_key")
    if len(key) > 200 or not key.isascii() or "\0" in key:
        raise NotFound
    return key


_READ = ("read:notifications",)
_WRITE = ("write:notifications",)

ROUTES = (
    Route(
        "GET",
        "/api/v2/notifications",
        index,
        _READ,
        confirms=True,
        accepts=GroupsForm(),
        returns="GroupedNotificationsResults",
        paged="id",
    ),
    Route(
        "GET",
        "/api/v2/notifications/unread_count",
        count_unread,
        _READ,
        accepts=UnreadGroupsForm(),
        returns="UnreadCount",
    ),
    Route(
        "GET",
        "/api/v2/notifications/{group_key}",
        show,
        _READ,
        accepts=SupportForm(),
        returns="GroupedNotificationsResults",
    ),
    Route(
        "GET",
        "/api/v2/notifications/{group_key}/accounts",
        show_accounts,
        _READ,
        returns="[Account]",
        paged="row",
    ),
    Route("POST", "/api/v2/notifications/{group_key}/dismiss", dismiss, _WRITE, returns="{}"),
)
