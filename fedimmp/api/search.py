"""Finding people, posts and hashtags."""

from aiohttp import web

from fedimmp.api.forms.accounts import SearchForm
from fedimmp.api.people import offset_of
from fedimmp.entities.accounts import render_accounts
from fedimmp.entities.statuses import render_statuses
from fedimmp.entities.tags import render_tags
from fedimmp.errors import BadRequest
from fedimmp.services import searching
from fedimmp.services.searching import KINDS, Query
from fedimmp.web.call import Call
from fedimmp.web.responses import json_response
from fedimmp.web.routes import Route


async def search(call: Call) -> web.StreamResponse:
    """Search for people, posts and hashtags; an offset counts only together with a type."""
    form = await call.form()
    if not form["q"]:
        raise BadRequest("Parameter q is missing")
    for name in ("limit", "offset"):
        if call.request.query.get(name, "").strip().startswith("-"):
            raise BadRequest(f"Parameter {name} must not be negative")
    query = Query(
        text=form["q"],
        limit=call.page().limit,
        offset=offset_of(call) if form["type"] else 0,
        kinds=(form["type"],) if form["type"] else KINDS,
        resolve=bool(form["resolve"]),
        following=bool(form["following"]),
        account_id=form["account_id"],
        max_id=form["max_id"],
        min_id=form["min_id"],
    )
    viewer_id = call.viewer.account_id
    results = await searching.find(call.app, viewer_id, query)
    async with call.app.db.reader() as conn:
        return json_response(
            {
                "accounts": await render_accounts(call.app, conn, results.account_ids),
                "statuses": await render_statuses(call.app, conn, results.status_ids, viewer_id),
                "hashtags": await render_tags(call.app, conn, results.hashtags, viewer_id),
                "collections": [],
            }
        )


ROUTES = (
    Route(
        "GET",
        "/api/v2/search",
        search,
        ("read:search",),
        accepts=SearchForm(),
        returns="Search",
        paged="offset",
    ),
)
