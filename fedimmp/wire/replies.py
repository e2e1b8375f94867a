"""What surrounds a post of ours: replies, favourites, boosts, and the conversation it began.

Shown to whom the post is shown; of each reply, again, to whom that one is shown.
"""

from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web

from activitypub import writing
from fedimmp.app import App
from fedimmp.errors import NotFound
from fedimmp.inbound.authenticate import Signer
from fedimmp.outbound.notes import first_page
from fedimmp.web.call import Call
from fedimmp.web.forms import parse_id
from fedimmp.web.routes import Route
from fedimmp.wire.reading import document, readable_note, signer_of
from storage import responses
from storage.database import Connection
from storage.notes import NoteRow
from storage.responses import Response

_PAGE: Final = 20


async def replies(call: Call) -> web.Response:
    """Show the replies to a post, oldest first."""
    signer = await signer_of(call)
    above = _above(call)
    async with call.app.db.reader() as conn:
        row = await _note(conn, call, signer)
        page = await _replies_page(conn, call.app, row, signer, above)
    if "page" in call.request.query:
        return document(page)
    return document(writing.replies(call.app.uris.note_replies(row.account_id, row.id), page))


async def likes(call: Call) -> web.Response:
    """Show how many favourited a post, and not who."""
    signer = await signer_of(call)
    async with call.app.db.reader() as conn:
        row = await _note(conn, call, signer)
    uri = call.app.uris.note_likes(row.account_id, row.id)
    return document(writing.tally(uri, row.favourites_count))


async def shares(call: Call) -> web.Response:
    """Show how many boosted a post, and not who."""
    signer = await signer_of(call)
    async with call.app.db.reader() as conn:
        row = await _note(conn, call, signer)
    uri = call.app.uris.note_shares(row.account_id, row.id)
    return document(writing.tally(uri, row.reblogs_count))


async def context(call: Call) -> web.Response:
    """Show the posts of a conversation that began here, oldest first (FEP-7888)."""
    signer = await signer_of(call)
    uri = call.app.uris.context(call.path_id())
    above = _above(call)
    async with call.app.db.reader() as conn:
        found = await responses.list_conversation(
            conn, uri, host=signer.host, reader_id=signer.account_id, above=above, limit=_PAGE
        )
    if not found and above == 0:
        # What does not exist and what is not for the reader look the same.
        raise NotFound
    if "page" not in call.request.query:
        return document(writing.conversation(uri, first_page(uri)))
    items = [each.uri for each in found]
    page = writing.ordered_collection_page(
        _page_uri(uri, above), uri, items, next_page=_next_page(uri, found)
    )
    return document(page)


async def first_replies(conn: Connection, app: App, row: NoteRow, signer: Signer) -> dict[str, Any]:
    """Return the first page of a post's replies as its reader sees them."""
    return await _replies_page(conn, app, row, signer, 0)


async def _replies_page(
    conn: Connection, app: App, row: NoteRow, signer: Signer, above: int
) -> dict[str, Any]:
    uri = app.uris.note_replies(row.account_id, row.id)
    found = await responses.list_replies(
        conn, row.id, host=signer.host, reader_id=signer.account_id, above=above, limit=_PAGE
    )
    items = [each.uri for each in found]
    return writing.replies_page(_page_uri(uri, above), uri, items, next_page=_next_page(uri, found))


async def _note(conn: Connection, call: Call, signer: Signer) -> NoteRow:
    row = await readable_note(conn, call, signer)
    if row.boosted_uri is not None:
        raise NotFound
    return row


def _above(call: Call) -> int:
    return parse_id(call.request.query.get("min_id")) or 0


def _page_uri(uri: str, above: int) -> str:
    return f"{first_page(uri)}&min_id={above}" if above else first_page(uri)


def _next_page(uri: str, found: Sequence[Response]) -> str | None:
    return _page_uri(uri, found[-1].id) if len(found) == _PAGE else None


_NOTE: Final = "/ap/users/{id}/statuses/{status_id}"

ROUTES: Final = (
    Route("GET", f"{_NOTE}/replies", replies, public=True, limit="none"),
    Route("GET", f"{_NOTE}/likes", likes, public=True, limit="none"),
    Route("GET", f"{_NOTE}/shares", shares, public=True, limit="none"),
    Route("GET", "/ap/contexts/{id}", context, public=True, limit="none"),
)
