"""Stamps: where offices see that one of ours agrees to be quoted (FEP-044f)."""

from typing import Final

from aiohttp import web

from activitypub import writing
from fedimmp.errors import NotFound
from fedimmp.outbound.quotes import stamp_of
from fedimmp.web.call import Call
from fedimmp.web.routes import Route
from fedimmp.wire.reading import check_welcome, document, member_of_path, signer_of
from storage import quotes, statuses


async def show(call: Call) -> web.Response:
    """Show the proof that a post of ours may be quoted by another one, while that is so."""
    signer = await signer_of(call)
    status_id, quoting_id = call.path_id("status_id"), call.path_id("quoting_id")
    async with call.app.db.reader() as conn:
        account = await member_of_path(conn, call)
        status = await statuses.find_for_host(conn, signer.host, status_id)
        quote = await quotes.find(conn, quoting_id)
        await check_welcome(conn, account, signer)
    uri = call.app.uris.quote_stamp(account.id, status_id, quoting_id)
    if status is None or quote is None or quote.quoted_id != status.id:
        raise NotFound
    if status.account_id != account.id or quote.state != "accepted":
        raise NotFound
    if quote.authorization_uri != uri:
        raise NotFound
    return document(writing.stamp(stamp_of(quote, uri, account.uri)))


ROUTES: Final = (
    Route(
        "GET",
        "/ap/users/{id}/statuses/{status_id}/quotes/{quoting_id}",
        show,
        public=True,
        limit="none",
    ),
)
