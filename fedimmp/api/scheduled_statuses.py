"""Posts that wait for their time: look, give another time, delete."""

from aiohttp import web

from fedimmp.api.forms.statuses import ScheduleForm
from fedimmp.entities.scheduled_statuses import render_scheduled
from fedimmp.errors import NotFound
from fedimmp.services import scheduling
from fedimmp.web.call import Call
from fedimmp.web.responses import empty, json_response, paged
from fedimmp.web.routes import Route
from storage import scheduled_statuses


async def answer_scheduled(call: Call, scheduled_id: int) -> web.Response:
    """Answer with one of the viewer's scheduled statuses; raises NotFound."""
    async with call.app.db.reader() as conn:
        found = await scheduled_statuses.find(conn, call.viewer.account_id, scheduled_id)
        if found is None:
            raise NotFound
        (rendered,) = await render_scheduled(call.app, conn, [found])
    return json_response(rendered)


async def index(call: Call) -> web.StreamResponse:
    """List the posts that wait for their time, the newest first.

    One that could not be published stays in the list, its time gone by.
    """
    page = call.page(20, 40)
    async with call.app.db.reader() as conn:
        found = await scheduled_statuses.list_page(conn, call.viewer.account_id, page)
        rendered = await render_scheduled(call.app, conn, found)
    return paged(
        call,
        rendered,
        first=found[0].id if found else None,
        last=found[-1].id if found else None,
        full=len(found) == page.limit,
    )


async def show(call: Call) -> web.StreamResponse:
    """Show a post that waits for its time."""
    return await answer_scheduled(call, call.path_id())


async def update(call: Call) -> web.StreamResponse:
    """Give a waiting post another time, at least five minutes ahead."""
    form = await call.form()
    scheduled_id = call.path_id()
    await scheduling.reschedule(
        call.app, call.viewer.account_id, scheduled_id, form["scheduled_at"]
    )
    return await answer_scheduled(call, scheduled_id)


async def delete(call: Call) -> web.StreamResponse:
    """Delete a post before its time has come."""
    await scheduling.cancel(call.app, call.viewer.account_id, call.path_id())
    return empty()


_READ = ("read:statuses",)
_WRITE = ("write:statuses",)
_ALL = "/api/v1/scheduled_statuses"
_ONE = f"{_ALL}/{{id}}"

ROUTES = (
    Route("GET", _ALL, index, _READ, returns="[ScheduledStatus]", paged="id"),
    Route("GET", _ONE, show, _READ, returns="ScheduledStatus"),
    Route("PUT", _ONE, update, _WRITE, accepts=ScheduleForm(), returns="ScheduledStatus"),
    Route("DELETE", _ONE, delete, _WRITE, returns="{}"),
)
