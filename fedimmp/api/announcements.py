"""What the office announces to its members."""

from aiohttp import web

from fedimmp.entities.announcements import announcement_entities
from fedimmp.services import announcing
from fedimmp.web.call import Call
from fedimmp.web.responses import empty, json_response
from fedimmp.web.routes import Route
from storage import bulletins


async def index(call: Call) -> web.StreamResponse:
    """Show what the office announces now, the latest first."""
    async with call.app.db.reader() as conn:
        found = await bulletins.list_shown(conn, call.app.now())
        rendered = await announcement_entities(call.app, conn, found, call.viewer.account_id)
    return json_response(rendered)


async def dismiss(call: Call) -> web.StreamResponse:
    """Mark an announcement as read."""
    await announcing.mark_read(call.app, call.viewer.account_id, call.path_id())
    return empty()


async def react(call: Call) -> web.StreamResponse:
    """React to an announcement with an emoji of Unicode or one of this office."""
    await announcing.react(call.app, call.viewer.account_id, call.path_id(), call.path("name"))
    return empty()


async def take_back(call: Call) -> web.StreamResponse:
    """Take a reaction to an announcement back."""
    await announcing.take_back(call.app, call.viewer.account_id, call.path_id(), call.path("name"))
    return empty()


_PATH = "/api/v1/announcements"
_REACT = ("write:favourites",)

ROUTES = (
    Route(
        "GET",
        _PATH,
        index,
        returns="[Announcement]",
        deviation="Posts that an announcement links to are not listed in `statuses`.",
    ),
    Route("POST", _PATH + "/{id}/dismiss", dismiss, ("write:accounts",), returns="{}"),
    Route("PUT", _PATH + "/{id}/reactions/{name}", react, _REACT, returns="{}"),
    Route("DELETE", _PATH + "/{id}/reactions/{name}", take_back, _REACT, returns="{}"),
)
