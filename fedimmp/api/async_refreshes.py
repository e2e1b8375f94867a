"""Whether what was being fetched in the background while somebody looked has come."""

from aiohttp import web

from fedimmp.errors import NotFound
from fedimmp.web.call import Call
from fedimmp.web.responses import json_response
from fedimmp.web.routes import Route
from storage import async_refreshes


async def show(call: Call) -> web.StreamResponse:
    """Tell whether the rest of a thread is still being fetched; the header of a thread names it."""
    async with call.app.db.reader() as conn:
        found = await async_refreshes.find(conn, call.viewer.account_id, call.path_id())
    if found is None:
        raise NotFound
    status = "running" if found.running else "finished"
    refresh = {"id": str(found.id), "status": status, "result_count": None}
    return json_response({"async_refresh": refresh})


ROUTES = (
    Route(
        "GET",
        "/api/v1_alpha/async_refreshes/{id}",
        show,
        ("read",),
        returns="{async_refresh: AsyncRefresh}",
    ),
)
