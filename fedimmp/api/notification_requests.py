"""People whose filtered mentions wait for the viewer's word."""

from aiohttp import web

from fedimmp.api.forms.notifications import RequestsForm
from fedimmp.api.notifications import DEFAULT_LIMIT, MAXIMUM_LIMIT
from fedimmp.entities.notification_policies import render_requests
from fedimmp.errors import NotFound
from fedimmp.services import notifying
from fedimmp.web.call import Call
from fedimmp.web.responses import empty, json_response, paged
from fedimmp.web.routes import Route
from storage import notification_requests


async def index(call: Call) -> web.StreamResponse:
    """Show whose filtered notifications wait for the viewer, newest first."""
    page = call.page(DEFAULT_LIMIT, MAXIMUM_LIMIT)
    viewer_id = call.viewer.account_id
    async with call.app.db.reader() as conn:
        found = await notification_requests.list_page(conn, viewer_id, page)
        rendered = await render_requests(call.app, conn, found, viewer_id)
    return paged(
        call,
        rendered,
        first=found[0].id if found else None,
        last=found[-1].id if found else None,
        full=len(found) == page.limit,
    )


async def show(call: Call) -> web.StreamResponse:
    """Show one person whose filtered notifications wait for the viewer."""
    viewer_id = call.viewer.account_id
    async with call.app.db.reader() as conn:
        found = await notification_requests.find(conn, viewer_id, call.path_id())
        if found is None:
            raise NotFound
        rendered = await render_requests(call.app, conn, [found], viewer_id)
    return json_response(rendered[0])


async def accept(call: Call) -> web.StreamResponse:
    """Show what was filtered of somebody, and hear them from now on."""
    await notifying.accept_request(call.app, call.viewer.account_id, call.path_id())
    return empty()


async def dismiss(call: Call) -> web.StreamResponse:
    """Remove what was filtered of somebody."""
    await notifying.dismiss_request(call.app, call.viewer.account_id, call.path_id())
    return empty()


async def accept_several(call: Call) -> web.StreamResponse:
    """Accept several people by `id[]`; unknown ones are left out."""
    form = await call.form()
    await notifying.accept_requests(call.app, call.viewer.account_id, form["id"])
    return empty()


async def dismiss_several(call: Call) -> web.StreamResponse:
    """Remove what was filtered of several people by `id[]`; unknown ones are left out."""
    form = await call.form()
    await notifying.dismiss_requests(call.app, call.viewer.account_id, form["id"])
    return empty()


async def show_merged(call: Call) -> web.StreamResponse:
    """Tell that what was accepted is among the notifications, which it always is at once."""
    _ = call.viewer
    return json_response({"merged": True})


_READ = ("read:notifications",)
_WRITE = ("write:notifications",)
_ROOT = "/api/v1/notifications/requests"

ROUTES = (
    Route("GET", _ROOT, index, _READ, returns="[NotificationRequest]", paged="id"),
    Route("GET", f"{_ROOT}/merged", show_merged, _READ, returns="Merged"),
    Route("POST", f"{_ROOT}/accept", accept_several, _WRITE, accepts=RequestsForm(), returns="{}"),
    Route(
        "POST", f"{_ROOT}/dismiss", dismiss_several, _WRITE, accepts=RequestsForm(), returns="{}"
    ),
    Route("GET", f"{_ROOT}/{{id}}", show, _READ, returns="NotificationRequest"),
    Route("POST", f"{_ROOT}/{{id}}/accept", accept, _WRITE, returns="{}"),
    Route("POST", f"{_ROOT}/{{id}}/dismiss", dismiss, _WRITE, returns="{}"),
)
