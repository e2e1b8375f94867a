"""What the viewer does not want to read: filters, their keywords, statuses picked by hand."""

from aiohttp import web

from fedimmp.api.forms.filters import FilterForm, KeywordForm, NewFilterForm, PickForm, change_of
from fedimmp.entities.filters import filter_entity, keyword_entity, picked_entity
from fedimmp.errors import NotFound
from fedimmp.services import filtering
from fedimmp.services.filtering import KeywordChange
from fedimmp.web.call import Call
from fedimmp.web.responses import empty, json_response
from fedimmp.web.routes import Route
from storage import filters
from storage.filters import Filter


async def index(call: Call) -> web.StreamResponse:
    """Show the viewer's filters, with their keywords and statuses."""
    async with call.app.db.reader() as conn:
        found = await filters.list_all(conn, call.viewer.account_id)
    return json_response([filter_entity(each) for each in found])


async def create(call: Call) -> web.StreamResponse:
    """Make a filter, with keywords at once if `keywords_attributes` names any."""
    change = change_of(await call.form())
    return json_response(
        filter_entity(await filtering.create(call.app, call.viewer.account_id, change))
    )


async def show(call: Call) -> web.StreamResponse:
    """Show one of the viewer's filters."""
    return json_response(filter_entity(await _find(call)))


async def update(call: Call) -> web.StreamResponse:
    """Change a filter and its keywords; what is absent stays as it is."""
    change = change_of(await call.form())
    changed = await filtering.update(call.app, call.viewer.account_id, call.path_id(), change)
    return json_response(filter_entity(changed))


async def delete(call: Call) -> web.StreamResponse:
    """Remove a filter with its keywords."""
    await filtering.delete(call.app, call.viewer.account_id, call.path_id())
    return empty()


async def index_keywords(call: Call) -> web.StreamResponse:
    """Show the keywords of a filter."""
    return json_response([keyword_entity(each) for each in (await _find(call)).keywords])


async def add_keyword(call: Call) -> web.StreamResponse:
    """Add a keyword to a filter; it is a whole word unless `whole_word` says otherwise."""
    change = KeywordChange(**await call.form())
    added = await filtering.add_keyword(call.app, call.viewer.account_id, call.path_id(), change)
    return json_response(keyword_entity(added))


async def show_keyword(call: Call) -> web.StreamResponse:
    """Show one keyword."""
    keyword_id = call.path_id()
    async with call.app.db.reader() as conn:
        found = await filters.find_with_keyword(conn, call.viewer.account_id, keyword_id)
    if found is None:
        raise NotFound
    return json_response(keyword_entity(filtering.keyword_of(found, keyword_id)))


async def update_keyword(call: Call) -> web.StreamResponse:
    """Change a keyword."""
    change = KeywordChange(**await call.form())
    changed = await filtering.change_keyword(
        call.app, call.viewer.account_id, call.path_id(), change
    )
    return json_response(keyword_entity(changed))


async def delete_keyword(call: Call) -> web.StreamResponse:
    """Remove a keyword from its filter."""
    await filtering.remove_keyword(call.app, call.viewer.account_id, call.path_id())
    return empty()


async def index_statuses(call: Call) -> web.StreamResponse:
    """Show the statuses that were put under a filter by hand."""
    return json_response([picked_entity(each) for each in (await _find(call)).statuses])


async def add_status(call: Call) -> web.StreamResponse:
    """Put a status under a filter by hand."""
    form = await call.form()
    added = await filtering.add_status(
        call.app, call.viewer.account_id, call.path_id(), form["status_id"]
    )
    return json_response(picked_entity(added))


async def show_status(call: Call) -> web.StreamResponse:
    """Show one status that was put under a filter by hand."""
    row_id = call.path_id()
    async with call.app.db.reader() as conn:
        found = await filters.find_with_status(conn, call.viewer.account_id, row_id)
    picked = [] if found is None else [each for each in found.statuses if each.id == row_id]
    if not picked:
        raise NotFound
    return json_response(picked_entity(picked[0]))


async def delete_status(call: Call) -> web.StreamResponse:
    """Take a status from under a filter."""
    await filtering.remove_status(call.app, call.viewer.account_id, call.path_id())
    return empty()


async def _find(call: Call) -> Filter:
    async with call.app.db.reader() as conn:
        found = await filters.find(conn, call.viewer.account_id, call.path_id())
    if found is None:
        raise NotFound
    return found


_READ = ("read:filters",)
_WRITE = ("write:filters",)
_ALL = "/api/v2/filters"
_ONE = f"{_ALL}/{{id}}"
_KEYWORD = f"{_ALL}/keywords/{{id}}"
_STATUS = f"{_ALL}/statuses/{{id}}"

ROUTES = (
    Route("GET", _ALL, index, _READ, returns="[Filter]"),
    Route("POST", _ALL, create, _WRITE, accepts=NewFilterForm(), returns="Filter"),
    Route("GET", _ONE, show, _READ, returns="Filter"),
    Route("PUT", _ONE, update, _WRITE, accepts=FilterForm(), returns="Filter"),
    Route("DELETE", _ONE, delete, _WRITE, returns="{}"),
    Route("GET", f"{_ONE}/keywords", index_keywords, _READ, returns="[FilterKeyword]"),
    Route(
        "POST",
        f"{_ONE}/keywords",
        add_keyword,
        _WRITE,
        accepts=KeywordForm(),
        returns="FilterKeyword",
    ),
    Route("GET", _KEYWORD, show_keyword, _READ, returns="FilterKeyword"),
    Route("PUT", _KEYWORD, update_keyword, _WRITE, accepts=KeywordForm(), returns="FilterKeyword"),
    Route("DELETE", _KEYWORD, delete_keyword, _WRITE, returns="{}"),
    Route("GET", f"{_ONE}/statuses", index_statuses, _READ, returns="[FilterStatus]"),
    Route(
        "POST", f"{_ONE}/statuses", add_status, _WRITE, accepts=PickForm(), returns="FilterStatus"
    ),
    Route("GET", _STATUS, show_status, _READ, returns="FilterStatus"),
    Route("DELETE", _STATUS, delete_status, _WRITE, returns="{}"),
)
