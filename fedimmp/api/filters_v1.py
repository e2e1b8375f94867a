"""Filters as older apps know them: one for each keyword, under the keyword's id."""

from typing import Any, Final

from aiohttp import web

from fedimmp.api.forms.filters import PhraseForm, change_of_phrase
from fedimmp.entities.filters import keyword_filter_entity
from fedimmp.errors import NotFound
from fedimmp.services import filtering
from fedimmp.web.call import Call
from fedimmp.web.responses import json_response
from fedimmp.web.routes import Route
from storage import filters

# When Mastodon's version 2 of filters took over (RFC 9745).
_DEPRECATED: Final = {"Deprecation": "@1668384000"}


async def index(call: Call) -> web.StreamResponse:
    """Show the viewer's filters, one for each keyword."""
    async with call.app.db.reader() as conn:
        found = await filters.list_all(conn, call.viewer.account_id)
    return _answer(
        [keyword_filter_entity(each, keyword) for each in found for keyword in each.keywords]
    )


async def create(call: Call) -> web.StreamResponse:
    """Make a filter of one keyword, which is also its title."""
    change = change_of_phrase(await call.form())
    made = await filtering.create(call.app, call.viewer.account_id, change)
    return _answer(keyword_filter_entity(made, made.keywords[0]))


async def show(call: Call) -> web.StreamResponse:
    """Show the filter of one keyword."""
    keyword_id = call.path_id()
    async with call.app.db.reader() as conn:
        found = await filters.find_with_keyword(conn, call.viewer.account_id, keyword_id)
    if found is None:
        raise NotFound
    return _answer(keyword_filter_entity(found, filtering.keyword_of(found, keyword_id)))


async def update(call: Call) -> web.StreamResponse:
    """Change a keyword and its filter; of a filter with other keywords, only the keyword."""
    keyword_id, change = call.path_id(), change_of_phrase(await call.form())
    changed = await filtering.change_phrase(call.app, call.viewer.account_id, keyword_id, change)
    return _answer(keyword_filter_entity(changed, filtering.keyword_of(changed, keyword_id)))


async def delete(call: Call) -> web.StreamResponse:
    """Remove a keyword; its filter stays."""
    await filtering.remove_keyword(call.app, call.viewer.account_id, call.path_id())
    return _answer({})


def _answer(data: Any) -> web.StreamResponse:
    return json_response(data, headers=_DEPRECATED)


_READ = ("read:filters",)
_WRITE = ("write:filters",)
_ALL = "/api/v1/filters"
_ONE = f"{_ALL}/{{id}}"

ROUTES = (
    Route("GET", _ALL, index, _READ, returns="[V1::Filter]"),
    Route("POST", _ALL, create, _WRITE, accepts=PhraseForm(), returns="V1::Filter"),
    Route("GET", _ONE, show, _READ, returns="V1::Filter"),
    Route("PUT", _ONE, update, _WRITE, accepts=PhraseForm(), returns="V1::Filter"),
    Route("DELETE", _ONE, delete, _WRITE, returns="{}"),
)
