"""Accounts to look at: single ones, several, their posts and the people around them."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from fedimmp.access import access_account
from fedimmp.api.forms.accounts import (
    AccountSearchForm,
    IdsForm,
    LookupForm,
    RelationshipsForm,
    StatusesForm,
)
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
from fedimmp.entities.status_pages import render_ids
from fedimmp.errors import Invalid, NotFound
from fedimmp.services import backfilling, searching
from fedimmp.services.searching import Query
from fedimmp.web.call import Call
from fedimmp.web.responses import json_response, paged
from fedimmp.web.routes import Route
from storage import accounts, lists, relationships, timelines
from storage.accounts import Account
from storage.database import Connection
from storage.paging import Page
from storage.relationships import Cursor
from storage.timelines import ProfileFilter

Listing = Callable[[Connection, int, Page, int | None], Awaitable[list[Cursor]]]

MOST_AT_ONCE = 40
_FLAGS = ("only_media", "exclude_replies", "exclude_reblogs", "exclude_direct")


async def show(call: Call) -> web.StreamResponse:
    """Show an account."""
    async with call.app.db.reader() as conn:
        account = await access_account(conn, call.viewer_id, call.path_id())
    return await answer_account(call, account.id)


async def show_several(call: Call) -> web.StreamResponse:
    """Show several accounts by `id[]`; unknown ones are left out."""
    form = await call.form()
    if len(form["id"]) > MOST_AT_ONCE:
        raise Invalid(f"At most {MOST_AT_ONCE} accounts can be asked for at once")
    async with call.app.db.reader() as conn:
        reachable = await accounts.list_reachable(conn, form["id"], suspended=True)
        return json_response(await render_accounts(call.app, conn, reachable))


async def look_up(call: Call) -> web.StreamResponse:
    """Show the account with a handle, from what is known here."""
    form = await call.form()
    account_id = await searching.look_up(call.app, form["acct"])
    if account_id is None:
        raise NotFound
    return await answer_account(call, account_id)


async def search(call: Call) -> web.StreamResponse:
    """Search for people; with `resolve` also at the office that a handle names."""
    form = await call.form()
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
    form = await call.form()
    async with call.app.db.reader() as conn:
        ids = await accounts.list_reachable(conn, form["id"], suspended=form["with_suspended"])
        found = await relationships.load(conn, call.viewer.account_id, ids)
    return json_response([relationship_entity(found[account_id]) for account_id in ids])


async def familiar_followers(call: Call) -> web.StreamResponse:
    """Show who of those whom the viewer follows also follows several accounts."""
    form = await call.form()
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
    form = await call.form()
    page = call.page()
    wanted = ProfileFilter(
        **{name: bool(form[name]) for name in _FLAGS},
        tagged=form["tagged"].lstrip("#").casefold() or None,
    )
    async with call.app.db.reader() as conn:
        account = await access_account(conn, call.viewer_id, call.path_id())
        if await _is_closed(call, conn, account):
            return json_response([])
        if form["pinned"]:
            ids = await timelines.pinned(conn, call.viewer_id, account.id)
        else:
            ids = await timelines.of_account(conn, call.viewer_id, account.id, page, wanted)
        rendered = await render_ids(call.app, conn, ids, call.viewer_id)
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
    return await _show_people(call, relationships.list_followers)


async def show_following(call: Call) -> web.StreamResponse:
    """Show whom an account follows; nobody when it hides them from others."""
    return await _show_people(call, relationships.list_following)


async def _show_people(call: Call, listing: Listing) -> web.StreamResponse:
    """Answer a page of people around an account, without those whom the viewer does not see."""
    page = page_of(call)
    async with call.app.db.reader() as conn:
        account = await access_account(conn, call.viewer_id, call.path_id())
        own = account.id == call.viewer_id
        if not own and (account.hide_collections or await _is_closed(call, conn, account)):
            return json_response([])
        cursors = await listing(conn, account.id, page, None if own else call.viewer_id)
    return await answer_people(call, cursors, page)


async def _is_closed(call: Call, conn: Connection, account: Account) -> bool:
    """Tell whether the account shows nothing to this viewer: suspended, or it blocks them."""
    if account.suspended_at is not None:
        return True
    return await relationships.blocks(conn, account.id, call.viewer.account_id)


async def show_lists(call: Call) -> web.StreamResponse:
    """Show the viewer's lists that an account is on."""
    async with call.app.db.reader() as conn:
        account = await access_account(conn, call.viewer_id, call.path_id())
        found = await lists.list_containing(conn, call.viewer.account_id, account.id)
    return json_response([list_entity(each) for each in found])


async def show_identity_proofs(call: Call) -> web.StreamResponse:
    """Show an empty list: nobody proves here who they are elsewhere."""
    async with call.app.db.reader() as conn:
        await access_account(conn, call.viewer_id, call.path_id())
    return json_response([])


_READ = ("read:accounts",)
_FOLLOWS = ("read:follows",)
_ACCOUNT = "/api/v1/accounts/{id}"

ROUTES = (
    Route("GET", "/api/v1/accounts", show_several, _READ, accepts=IdsForm(), returns="[Account]"),
    Route(
        "GET", "/api/v1/accounts/lookup", look_up, _READ, accepts=LookupForm(), returns="Account"
    ),
    Route(
        "GET",
        "/api/v1/accounts/search",
        search,
        _READ,
        accepts=AccountSearchForm(),
        returns="[Account]",
        paged="offset",
    ),
    Route(
        "GET",
        "/api/v1/accounts/relationships",
        show_relationships,
        _FOLLOWS,
        accepts=RelationshipsForm(),
        returns="[Relationship]",
    ),
    Route(
        "GET",
        "/api/v1/accounts/familiar_followers",
        familiar_followers,
        _FOLLOWS,
        accepts=IdsForm(),
        returns="[FamiliarFollowers]",
    ),
    Route("GET", f"{_ACCOUNT}", show, _READ, returns="Account"),
    Route(
        "GET",
        f"{_ACCOUNT}/statuses",
        show_statuses,
        ("read:statuses",),
        accepts=StatusesForm(),
        returns="[Status]",
        paged="id",
    ),
    Route("GET", f"{_ACCOUNT}/followers", show_followers, _READ, returns="[Account]", paged="row"),
    Route("GET", f"{_ACCOUNT}/following", show_following, _READ, returns="[Account]", paged="row"),
    Route("GET", f"{_ACCOUNT}/lists", show_lists, ("read:lists",), returns="[List]"),
    Route(
        "GET",
        f"{_ACCOUNT}/identity_proofs",
        show_identity_proofs,
        _READ,
        returns="[IdentityProof]",
        deviation="The list is always empty, as in newer versions of Mastodon.",
    ),
)
