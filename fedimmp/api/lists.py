"""The viewer's lists of people. Their timelines are with the timelines."""

from dataclasses import replace

from aiohttp import web

from fedimmp.api.forms.lists import ListAccountsForm, ListForm, NewListForm
from fedimmp.api.people import answer_people, page_of
from fedimmp.entities.accounts import render_accounts
from fedimmp.entities.lists import list_entity
from fedimmp.errors import NotFound
from fedimmp.services import lists as keeping
from fedimmp.web.call import Call
from fedimmp.web.responses import empty, json_response
from fedimmp.web.routes import Route
from storage import lists
from storage.database import Connection
from storage.lists import AccountList

# `limit=0` asks for everybody; more than this nobody reads at once.
_EVERYBODY = 5_000


async def index(call: Call) -> web.StreamResponse:
    """Show the viewer's lists."""
    async with call.app.db.reader() as conn:
        found = await lists.list_all(conn, call.viewer.account_id)
    return json_response([list_entity(each) for each in found])


async def create(call: Call) -> web.StreamResponse:
    """Make a list."""
    form = await call.form()
    made = await keeping.create(
        call.app,
        call.viewer.account_id,
        title=form["title"],
        replies_policy=form["replies_policy"] or "list",
        exclusive=bool(form["exclusive"]),
    )
    return json_response(list_entity(made))


async def show(call: Call) -> web.StreamResponse:
    """Show one of the viewer's lists."""
    async with call.app.db.reader() as conn:
        return json_response(list_entity(await _find(call, conn)))


async def update(call: Call) -> web.StreamResponse:
    """Change a list; what is absent stays as it is."""
    form = await call.form()
    changes = {name: value for name, value in form.items() if value is not None}
    changed = await keeping.update(call.app, call.viewer.account_id, call.path_id(), changes)
    return json_response(list_entity(changed))


async def delete(call: Call) -> web.StreamResponse:
    """Remove a list."""
    await keeping.delete(call.app, call.viewer.account_id, call.path_id())
    return empty()


async def show_accounts(call: Call) -> web.StreamResponse:
    """Show who is on a list; with `limit=0` everybody at once, without links."""
    page = page_of(call)
    everybody = call.request.query.get("limit") == "0"
    async with call.app.db.reader() as conn:
        found = await _find(call, conn)
        cursors = await lists.list_accounts(
            conn, found.id, replace(page, limit=_EVERYBODY) if everybody else page
        )
        if everybody:
            people = await render_accounts(call.app, conn, [each.account_id for each in cursors])
            return json_response(people)
    return await answer_people(call, cursors, page)


async def add_accounts(call: Call) -> web.StreamResponse:
    """Put people on a list, all of them or none."""
    form = await call.form()
    await keeping.add(call.app, call.viewer.account_id, call.path_id(), form["account_ids"])
    return empty()


async def remove_accounts(call: Call) -> web.StreamResponse:
    """Take people off a list."""
    form = await call.form()
    await keeping.remove(call.app, call.viewer.account_id, call.path_id(), form["account_ids"])
    return empty()


async def _find(call: Call, conn: Connection) -> AccountList:
    found = await lists.find(conn, call.viewer.account_id, call.path_id())
    if found is None:
        raise NotFound
    return found


_READ = ("read:lists",)
_WRITE = ("write:lists",)

ROUTES = (
    Route("GET", "/api/v1/lists", index, _READ, returns="[List]"),
    Route("POST", "/api/v1/lists", create, _WRITE, accepts=NewListForm(), returns="List"),
    Route("GET", "/api/v1/lists/{id}", show, _READ, returns="List"),
    Route("PUT", "/api/v1/lists/{id}", update, _WRITE, accepts=ListForm(), returns="List"),
    Route("DELETE", "/api/v1/lists/{id}", delete, _WRITE, returns="{}"),
    Route(
        "GET", "/api/v1/lists/{id}/accounts", show_accounts, _READ, returns="[Account]", paged="row"
    ),
    Route(
        "POST",
        "/api/v1/lists/{id}/accounts",
        add_accounts,
        _WRITE,
        accepts=ListAccountsForm(),
        returns="{}",
    ),
    Route(
        "DELETE",
        "/api/v1/lists/{id}/accounts",
        remove_accounts,
        _WRITE,
        accepts=ListAccountsForm(),
        returns="{}",
    ),
)
