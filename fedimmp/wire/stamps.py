"""Stamps: where offices see that one of ours agrees to a quote (FEP-044f), or to a reaction."""

from typing import Final

from aiohttp import web

from activitypub import writing
from activitypub.writing import Stamp
from fedimmp.errors import NotFound
from fedimmp.inbound.authenticate import Signer
from fedimmp.outbound.requests import stamp_of
from fedimmp.web.call import Call
from fedimmp.web.routes import Route
from fedimmp.wire.reading import check_welcome, document, member_of_path, signer_of
from storage import approvals, quotes, relationships, statuses
from storage.accounts import Account
from storage.database import Connection
from storage.statuses import Status

_TYPES: Final = {
    "like": "LikeAuthorization",
    "reply": "ReplyAuthorization",
    "announce": "AnnounceAuthorization",
}


async def show_quote(call: Call) -> web.Response:
    """Show the proof that a post of ours may be quoted by another one, while that is so."""
    signer = await signer_of(call)
    quoting_id = call.path_id("quoting_id")
    async with call.app.db.reader() as conn:
        account, status = await _readable(conn, call, signer)
        quote = await quotes.find(conn, quoting_id)
    uri = call.app.uris.quote_stamp(account.id, status.id, quoting_id)
    if quote is None or quote.quoted_id != status.id or quote.state != "accepted":
        raise NotFound
    if quote.authorization_uri != uri:
        raise NotFound
    return document(writing.stamp(stamp_of(quote, uri, account.uri)))


async def show_approval(call: Call) -> web.Response:
    """Show the proof that somebody may react to a post of ours as they asked to."""
    signer = await signer_of(call)
    async with call.app.db.reader() as conn:
        account, status = await _readable(conn, call, signer)
        approval = await approvals.find(conn, call.path_id("approval_id"))
        if approval is None or approval.status_id != status.id:
            raise NotFound
        if await relationships.is_blocked_between(conn, account.id, approval.account_id):
            raise NotFound
    uri = call.app.uris.approval(account.id, status.id, approval.id)
    kind = _TYPES[approval.kind]
    return document(
        writing.stamp(Stamp(uri, account.uri, approval.interacting_uri, status.uri, kind))
    )


async def _readable(conn: Connection, call: Call, signer: Signer) -> tuple[Account, Status]:
    """Return the post of the path and its author; raises NotFound unless the signer may read it."""
    account = await member_of_path(conn, call)
    await check_welcome(conn, account, signer)
    status = await statuses.find_for_host(conn, signer.host, call.path_id("status_id"))
    if status is None or status.account_id != account.id:
        raise NotFound
    return account, status


_NOTE: Final = "/ap/users/{id}/statuses/{status_id}"

ROUTES: Final = (
    Route("GET", f"{_NOTE}/quotes/{{quoting_id}}", show_quote, public=True, limit="none"),
    Route("GET", f"{_NOTE}/approvals/{{approval_id}}", show_approval, public=True, limit="none"),
)
