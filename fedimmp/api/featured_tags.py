"""Hashtags on profiles: the viewer's own, proposals for more, and those of others."""

from typing import Any, Final

from aiohttp import web

from fedimmp.access import access_account
from fedimmp.api.forms.featured_tags import FeaturedTagForm
from fedimmp.entities.tags import featured_tag_entity, render_tags
from fedimmp.services import featuring
from fedimmp.web.call import Call
from fedimmp.web.responses import empty, json_response
from fedimmp.web.routes import Route
from storage import featured_tags
from storage.database import Connection

_PROPOSALS: Final = 10


async def index(call: Call) -> web.StreamResponse:
    """Show the hashtags on the viewer's profile."""
    async with call.app.db.reader() as conn:
        return json_response(await _entities(call, conn, call.viewer.account_id))


async def create(call: Call) -> web.StreamResponse:
    """Show a hashtag on the viewer's profile."""
    form = await call.form()
    made = await featuring.feature_tag(call.app, call.viewer.account_id, form["name"])
    return json_response(featured_tag_entity(call.app, made))


async def delete(call: Call) -> web.StreamResponse:
    """Show a hashtag on the viewer's profile no longer."""
    await featuring.unfeature_tag(call.app, call.viewer.account_id, call.path_id())
    return empty()


async def propose(call: Call) -> web.StreamResponse:
    """Show hashtags that the viewer used lately."""
    async with call.app.db.reader() as conn:
        found = await featured_tags.list_recent(conn, call.viewer.account_id, _PROPOSALS)
        return json_response(await render_tags(call.app, conn, found, call.viewer.account_id))


async def show_of_account(call: Call) -> web.StreamResponse:
    """Show the hashtags on the profile of an account; a suspended one has none."""
    async with call.app.db.reader() as conn:
        account = await access_account(conn, call.viewer_id, call.path_id())
        if account.suspended_at is not None:
            return json_response([])
        return json_response(await _entities(call, conn, account.id))


async def _entities(call: Call, conn: Connection, account_id: int) -> list[dict[str, Any]]:
    found = await featured_tags.list_of(conn, account_id)
    return [featured_tag_entity(call.app, each) for each in found]


_READ = ("read:accounts",)
_WRITE = ("write:accounts",)

ROUTES = (
    Route("GET", "/api/v1/featured_tags", index, _READ, returns="[FeaturedTag]"),
    Route(
        "POST",
        "/api/v1/featured_tags",
        create,
        _WRITE,
        accepts=FeaturedTagForm(),
        returns="FeaturedTag",
    ),
    Route("GET", "/api/v1/featured_tags/suggestions", propose, _READ, returns="[Tag]"),
    Route("DELETE", "/api/v1/featured_tags/{id}", delete, _WRITE, returns="{}"),
    Route(
        "GET",
        "/api/v1/accounts/{id}/featured_tags",
        show_of_account,
        _READ,
        returns="[FeaturedTag]",
    ),
)
