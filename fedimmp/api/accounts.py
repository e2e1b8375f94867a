"""Accounts to look at: single ones, several, their posts and the people around them."""

from aiohttp import web

from fedimmp.access import access_account
from fedimmp.api.forms.accounts import AccountSearchForm, IdsForm, LookupForm, StatusesForm
from fedimmp.api.people import (
    DEFAULT_LIMIT,
    MAXIMUM_LIMIT,
    answer_account,
    answer_people,
    offset_of,
    page_of,
)
from fedimmp.entities.accounts import relationship_entity, render_accounts
from fedimmp.entities.lists import list_entity
from fedimmp.entities.statuses import render_statuses
from fedimmp.errors import Invalid, NotFound
from fedimmp.services import backfilling, searching
from fedimmp.services.searching import Query
from fedimmp.web.call import Call
from fedimmp.web.responses import json_response, paged
from fedimmp.web.routes import Route
from storage import accounts, lists, relationships, timelines
from storage.timelines import ProfileFilter

MOST_AT_ONCE = 40
_FLAGS = ("only_media", "exclude_replies", "exclude_reblogs", "exclude_direct")


async def show(call: Call) -> web.StreamResponse:
    """Show an account."""
    async with call.app.db.reader() as conn:
        account = await access_account(conn, call.viewer_id, call.path_id())
    return await answer_account(call, account.id)


async def show_several(call: Call) -> web.StreamResponse:
    """Show several accounts by `id[]`; unknown ones are left out."""
    form = await call.form(IdsForm())
    if len(form["id"]) > MOST_AT_ONCE:
        raise Invalid(f"At most {MOST_AT_ONCE} accounts can be asked for at once")
    async with call.app.db.reader() as conn:
        reachable = await accounts.list_reachable(conn, form["id"], suspended=True)
        return json_response(await render_accounts(call.app, conn, reachable))


async def look_up(call: Call) -> web.StreamResponse:
    """Show the account with a handle, from what is known here."""
    form = await call.form(LookupForm())
    account_id = await searching.look_up(call.app, form["acct"])
    if account_id is None:
        raise NotFound
    return await answer_account(call, account_id)


async def search(call: Call) -> web.StreamResponse:
    """Search for people; with `resolve` also at the office that a handle names."""
    form = await call.form(AccountSearchForm())
    query = Query(
        text=form["q"],
        limit=call.page(DEFAULT_LIMIT, MAXIMUM_LIMIT).limit,
        offset=offset_of(call),
        resolve=form["resolve"],
        following=form["following"],
    )
    found = await searching.find_accounts(call.app, call.viewer.account_id, query)
    async with call.app.db.reader() as conn:
        return json_response(await render_accounts(call.app, conn, found))


async def show_relationships(call: Call) -> web.StreamResponse:
    """Show how the viewer stands to several accounts."""
    form = await call.form(IdsForm())
    async with call.app.db.reader() as conn:
        ids = await accounts.list_reachable(conn, form["id"], suspended=form["with_suspended"])
        found = await relationships.load(conn, call.viewer.account_id, ids)
    return json_response([relationship_entity(found[account_id]) for account_id in ids])


async def familiar_followers(call: Call) -> web.StreamResponse:
    """Show who of those whom the viewer follows also follows several accounts."""
    form = await call.form(IdsForm())
    async with call.app.db.reader() as conn:
        ids = await accounts.list_reachable(conn, form["id"])
        found = await relationships.familiar_followers(conn, call.viewer.account_id, ids)
        everybody = sorted({each for group in found.values() for each in group})
        people = dict(zip(everybody, await render_accounts(call.app, conn, everybody), strict=True))
    return json_response(
        [
            {"id": str(target), "accounts": [people[each] for each in found.get(target, [])]}
            for target in ids
        ]
    )


async def show_statuses(call: Call) -> web.StreamResponse:
    """Show what an account posted; with `pinned` what it pinned, latest pin first."""
    form = await call.form(StatusesForm())
    page = call.page()
    wanted = ProfileFilter(
        **{name: bool(form[name]) for name in _FLAGS},
        tagged=form["tagged"].lstrip("#").casefold() or None,
    )
    async with call.app.db.reader() as conn:
        account = await access_account(conn, call.viewer_id, call.path_id())
        if form["pinned"]:
            ids = await timelines.pinned(conn, call.viewer_id, account.id)
        else:
            ids = await timelines.of_account(conn, call.viewer_id, account.id, page, wanted)
        rendered = await render_statuses(call.app, conn, ids, call.viewer_id)
    await backfilling.request_backfill(call.app, account)
    if form["pinned"]:
        return json_response(rendered)
    return paged(
        call,
        rendered,
        first=ids[0] if ids else None,
        last=ids[-1] if ids else None,
        full=len(ids) == page.limit,
        keep=(*_FLAGS, "tagged"),
    )


async def show_followers(call: Call) -> web.StreamResponse:
    """Show who follows an account; nobody when it hides them from others."""
    page = page_of(call)
    async with call.app.db.reader() as conn:
        account = await access_account(conn, call.viewer_id, call.path_id())
        if account.hide_collections and account.id != call.viewer_id:
            return json_response([])
        cursors = await relationships.list_followers(conn, account.id, page)
    return await answer_people(call, cursors, page)


async def show_following(call: Call) -> web.StreamResponse:
    """Show whom an account follows; nobody when it hides them from others."""
    page = page_of(call)
    async with call.app.db.reader() as conn:
        account = await access_account(conn, call.viewer_id, call.path_id())
        if account.hide_collections and account.id != call.viewer_id:
            return json_response([])
        cursors = await relationships.list_following(conn, account.id, page)
    return await answer_people(call, cursors, page)


async def show_lists(call: Call) -> web.StreamResponse:
    """Show the viewer's lists that an account is on."""
    async with call.app.db.reader() as conn:
        account = await access_account(conn, call.viewer_id, call.path_id())
        found = await lists.list_containing(conn, call.viewer.account_id, account.id)
    return json_response([list_entity(each) for each in found])


async def show_nothing(call: Call) -> web.StreamResponse:
    """Show an empty list: there is nothing to feature on a profile."""
    async with call.app.db.reader() as conn:
        await access_account(conn, call.viewer_id, call.path_id())
    return json_response([])


_READ = ("read:accounts",)

ROUTES = (
    Route("GET", "/api/v1/accounts", show_several, _READ),
    Route("GET", "/api/v1/accounts/lookup", look_up, _READ),
    Route("GET", "/api/v1/accounts/search", search, _READ),
    Route("GET", "/api/v1/accounts/relationships", show_relationships, ("read:follows",)),
    Route("GET", "/api/v1/accounts/familiar_followers", familiar_followers, ("read:follows",)),
    Route("GET", "/api/v1/accounts/{id}", show, _READ),
    Route("GET", "/api/v1/accounts/{id}/statuses", show_statuses, ("read:statuses",)),
    Route("GET", "/api/v1/accounts/{id}/followers", show_followers, _READ),
    Route("GET", "/api/v1/accounts/{id}/following", show_following, _READ),
    Route("GET", "/api/v1/accounts/{id}/lists", show_lists, ("read:lists",)),
    Route("GET", "/api/v1/accounts/{id}/endorsements", show_nothing, _READ),
)
