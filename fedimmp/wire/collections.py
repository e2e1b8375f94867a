"""Collections of our actors: outbox, followers, following, pinned posts. For signed readers."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from aiohttp import web

from activitypub import writing
from fedimmp.app import App
from fedimmp.outbound.activities import announce_of
from fedimmp.outbound.notes import outgoing_note
from fedimmp.outbound.people import outgoing_tag
from fedimmp.web.call import Call
from fedimmp.web.forms import parse_id
from fedimmp.web.routes import Route
from fedimmp.wire.reading import check_welcome, document, member_of_path, signer_of
from storage import accounts, featured_tags, notes, relationships, synchronisation, timelines
from storage.accounts import Account, AccountView
from storage.database import Connection
from storage.notes import NoteRow
from storage.paging import Page
from storage.relationships import Cursor

_OUTBOX_PAGE: Final = 20
_PEOPLE_PAGE: Final = 40

ListPeople = Callable[[Connection, int, Page], Awaitable[list[Cursor]]]


async def outbox(call: Call) -> web.Response:
    """Show what a member posted for everybody, newest first, as activities."""
    account, view = await _authorised(call)
    uri = call.app.uris.outbox(account.id)
    if "page" not in call.request.query:
        first = f"{uri}?page=true"
        return document(writing.ordered_collection(uri, view.statuses_count, first=first))
    page = _page(call, _OUTBOX_PAGE)
    async with call.app.db.reader() as conn:
        ids = await notes.list_outbox(conn, account.id, page)
        rows = await notes.load(conn, ids)
    items = [_activity(call.app, rows[each]) for each in ids if each in rows]
    return _page_of(uri, page, items, ids)


async def followers(call: Call) -> web.Response:
    """Show who follows a member; only how many where the member hides that."""
    account, view = await _authorised(call)
    uri = call.app.uris.followers(account.id)
    return await _people(call, account, uri, view.followers_count, relationships.list_followers)


async def followers_synchronization(call: Call) -> web.Response:
    """Show which people of the signer's own office follow a member, all at once (FEP-8fcf).

    That is said also where the member hides the others: each of them knows it.
    """
    signer = await signer_of(call)
    async with call.app.db.reader() as conn:
        account = await member_of_path(conn, call)
        await check_welcome(conn, account, signer)
        uris = await synchronisation.list_followers_at(conn, account.id, signer.host)
    address = call.app.uris.followers_synchronization(account.id)
    return document(writing.ordered_items(address, uris))


async def following(call: Call) -> web.Response:
    """Show whom a member follows; only how many where the member hides that."""
    account, view = await _authorised(call)
    uri = call.app.uris.following(account.id)
    return await _people(call, account, uri, view.following_count, relationships.list_following)


async def featured(call: Call) -> web.Response:
    """Show the posts that a member pinned and that everybody may read."""
    account, _ = await _authorised(call)
    uri = call.app.uris.featured(account.id)
    async with call.app.db.reader() as conn:
        ids = await timelines.pinned(conn, None, account.id)
        rows = await notes.load(conn, ids)
    now = call.app.now()
    posts = [outgoing_note(call.app, rows[each], now) for each in ids if each in rows]
    return document(writing.ordered_items(uri, [writing.note(post) for post in posts]))


async def featured_hashtags(call: Call) -> web.Response:
    """Show the hashtags on a member's profile."""
    account, _ = await _authorised(call)
    async with call.app.db.reader() as conn:
        shown = await featured_tags.list_of(conn, account.id)
    items = [outgoing_tag(call.app, each.tag) for each in shown]
    return document(writing.collection(call.app.uris.featured_tags(account.id), items))


async def instance_outbox(call: Call) -> web.Response:
    """Show that the instance actor posts nothing."""
    await signer_of(call)
    return document(writing.ordered_items(f"{call.app.uris.instance_actor}/outbox", ()))


async def _authorised(call: Call) -> tuple[Account, AccountView]:
    signer = await signer_of(call)
    async with call.app.db.reader() as conn:
        account = await member_of_path(conn, call)
        await check_welcome(conn, account, signer)
        return account, (await accounts.load_views(conn, [account.id]))[account.id]


async def _people(
    call: Call, account: Account, uri: str, total: int, list_people: ListPeople
) -> web.Response:
    if account.hide_collections:
        return document(writing.ordered_collection(uri, total))
    if "page" not in call.request.query:
        return document(writing.ordered_collection(uri, total, first=f"{uri}?page=true"))
    page = _page(call, _PEOPLE_PAGE)
    async with call.app.db.reader() as conn:
        cursors = await list_people(conn, account.id, page)
        uris = await accounts.uris_of(conn, [cursor.account_id for cursor in cursors])
    items = [uris[cursor.account_id] for cursor in cursors if cursor.account_id in uris]
    return _page_of(uri, page, items, [cursor.row_id for cursor in cursors])


def _page(call: Call, limit: int) -> Page:
    return Page(limit=limit, max_id=parse_id(call.request.query.get("max_id")))


def _page_of(
    uri: str, page: Page, items: Sequence[dict[str, Any] | str], cursors: Sequence[int]
) -> web.Response:
    own = f"{uri}?page=true"
    if page.max_id is not None:
        own += f"&max_id={page.max_id}"
    full = len(cursors) == page.limit
    following_page = f"{uri}?page=true&max_id={cursors[-1]}" if full else None
    return document(writing.ordered_collection_page(own, uri, items, next_page=following_page))


def _activity(app: App, row: NoteRow) -> dict[str, Any]:
    if row.boosted_uri is not None:
        return announce_of(app, row)
    uri = app.uris.note_activity(row.account_id, row.id)
    return writing.create(uri, outgoing_note(app, row, app.now()))


ROUTES: Final = (
    Route("GET", "/ap/users/{id}/outbox", outbox, public=True, limit="none"),
    Route("GET", "/ap/users/{id}/followers", followers, public=True, limit="none"),
    Route(
        "GET",
        "/ap/users/{id}/followers_synchronization",
        followers_synchronization,
        public=True,
        limit="none",
    ),
    Route("GET", "/ap/users/{id}/following", following, public=True, limit="none"),
    Route("GET", "/ap/users/{id}/featured", featured, public=True, limit="none"),
    Route("GET", "/ap/users/{id}/featured/tags", featured_hashtags, public=True, limit="none"),
    Route("GET", "/actor/outbox", instance_outbox, public=True, limit="none"),
)
