"""Finding people, posts and hashtags, and browsing the people of the organisation."""

import re
from typing import Any

from aiohttp import web

from fedimmp.api.forms.accounts import DirectoryForm, SearchForm
from fedimmp.api.people import DEFAULT_LIMIT, MAXIMUM_LIMIT, offset_of
from fedimmp.app import App
from fedimmp.entities.accounts import render_accounts
from fedimmp.entities.statuses import render_statuses
from fedimmp.entities.tags import tag_entity
from fedimmp.errors import BadRequest, NotFound
from fedimmp.services import searching
from fedimmp.services.searching import KINDS, Query
from fedimmp.web.call import Call
from fedimmp.web.responses import json_response
from fedimmp.web.routes import Route
from storage import directory, tags
from storage.database import Connection
from storage.search import PostFilter
from storage.tags import Tag

# Letters and digits of any script, and underscores; not digits alone.
_TAG = re.compile(r"(?=.*[^\W\d])[\w\u00b7]{1,200}")


async def search(call: Call) -> web.StreamResponse:
    """Search for people, posts and hashtags; an offset counts only together with a type."""
    form = await call.form(SearchForm())
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
        posts=PostFilter(form["account_id"], form["max_id"], form["min_id"]),
    )
    viewer_id = call.viewer.account_id
    results = await searching.find(call.app, viewer_id, query)
    async with call.app.db.reader() as conn:
        return json_response(
            {
                "accounts": await render_accounts(call.app, conn, results.account_ids),
                "statuses": await render_statuses(call.app, conn, results.status_ids, viewer_id),
                "hashtags": await _render_tags(call.app, conn, results.hashtags),
                "collections": [],
            }
        )


async def show_tag(call: Call) -> web.StreamResponse:
    """Show a hashtag and its week, also one that nobody has used."""
    written = call.path("name").removeprefix("#")
    if not _TAG.fullmatch(written):
        raise NotFound
    name = written.casefold()
    async with call.app.db.reader() as conn:
        tag = await tags.find(conn, name) or Tag(0, name, written)
        return json_response((await _render_tags(call.app, conn, [tag]))[0])


async def show_directory(call: Call) -> web.StreamResponse:
    """Show everybody who lets themselves be listed."""
    form = await call.form(DirectoryForm())
    async with call.app.db.reader() as conn:
        found = await directory.list_page(
            conn,
            call.viewer.account_id,
            order=form["order"] or "active",
            local=bool(form["local"]),
            limit=call.page(DEFAULT_LIMIT, MAXIMUM_LIMIT).limit,
            offset=offset_of(call),
        )
        return json_response(await render_accounts(call.app, conn, found))


async def suggest(call: Call) -> web.StreamResponse:
    """Suggest people whom the viewer does not follow yet."""
    return json_response(
        [
            {"source": "global", "sources": ["most_followed"], "account": account}
            for account in await _suggested(call)
        ]
    )


async def suggest_accounts(call: Call) -> web.StreamResponse:
    """Suggest the same people as plain accounts."""
    return json_response(await _suggested(call))


async def _suggested(call: Call) -> list[dict[str, Any]]:
    async with call.app.db.reader() as conn:
        found = await directory.suggestions(
            conn,
            call.viewer.account_id,
            limit=call.page(DEFAULT_LIMIT, MAXIMUM_LIMIT).limit,
            offset=offset_of(call),
        )
        return await render_accounts(call.app, conn, found)


async def _render_tags(app: App, conn: Connection, found: list[Tag]) -> list[dict[str, Any]]:
    history = await tags.history(conn, [tag.id for tag in found], app.now())
    return [tag_entity(app, tag, history[tag.id]) for tag in found]


_READ = ("read:accounts",)

ROUTES = (
    Route("GET", "/api/v2/search", search, ("read:search",)),
    Route("GET", "/api/v1/tags/{name}", show_tag),
    Route("GET", "/api/v1/directory", show_directory, _READ),
    Route("GET", "/api/v1/suggestions", suggest_accounts, _READ),
    Route("GET", "/api/v2/suggestions", suggest, _READ),
)
