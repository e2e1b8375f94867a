"""Requests for consent and their answers, from rows: quotes (FEP-044f), and other reactions."""

from dataclasses import dataclass
from typing import Any

from activitypub import writing
from activitypub.writing import Stamp
from fedimmp.app import App
from fedimmp.outbound.notes import outgoing_note
from storage import notes
from storage.database import Connection
from storage.errors import NotFound
from storage.ids import new_id
from storage.quotes import Quote

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """What another office asked of one of ours: who asks, about which post, and with what."""

    type: str
    uri: str
    actor_uri: str
    object_uri: str
    instrument_uri: str


async def quote_request(conn: Connection, app: App, quote: Quote) -> Json:
    """Return the request of one of ours to quote a remote post; what quotes it is inlined."""
    row = (await notes.load(conn, [quote.status_id])).get(quote.status_id)
    if row is None or quote.request_uri is None or quote.quoted_account_uri is None:
        raise NotFound("There is no such quote.")
    note = writing.note(outgoing_note(app, row, app.now()))
    return writing.quote_request(
        quote.request_uri, quote.account_uri, quote.quoted_uri, quote.quoted_account_uri, note
    )


def accept_request(app: App, author_id: int, request: Request, result: str) -> Json:
    """Return the consent of one of ours, with the proof as its result."""
    actor = app.uris.actor(author_id)
    return writing.accept(_fresh(app, author_id), actor, _document(request), result)


def reject_request(app: App, author_id: int, request: Request) -> Json:
    """Return the refusal of one of ours."""
    return writing.reject(_fresh(app, author_id), app.uris.actor(author_id), _document(request))


def revoke_quote(app: App, author_id: int, quote: Quote, stamp_uri: str) -> Json:
    """Return the end of the consent of one of ours to be quoted."""
    stamp = stamp_of(quote, stamp_uri, app.uris.actor(author_id))
    return writing.revoke(_fresh(app, author_id), stamp, quote.account_uri, public=quote.is_open)


def stamp_of(quote: Quote, stamp_uri: str, author_uri: str) -> Stamp:
    """Return the proof that the author of the quoted post agrees to the quote."""
    return Stamp(stamp_uri, author_uri, quote.status_uri, quote.quoted_uri)


def _document(request: Request) -> Json:
    return {
        "id": request.uri,
        "type": request.type,
        "actor": request.actor_uri,
        "object": request.object_uri,
        "instrument": request.instrument_uri,
    }


def _fresh(app: App, account_id: int) -> str:
    return app.uris.activity(account_id, new_id(app.now()))
