"""The activities around quotes by consent, from rows (FEP-044f)."""

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
    """A QuoteRequest of another office: who asks, about which post of ours, with which post."""

    uri: str
    actor_uri: str
    quoted_uri: str
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


def accept_quote(app: App, author_id: int, request: Request, stamp_uri: str) -> Json:
    """Return the consent of one of ours to be quoted, with the stamp as its result."""
    actor = app.uris.actor(author_id)
    return writing.accept(_fresh(app, author_id), actor, _request(request), stamp_uri)


def reject_quote(app: App, author_id: int, request: Request) -> Json:
    """Return the refusal of one of ours to be quoted."""
    return writing.reject(_fresh(app, author_id), app.uris.actor(author_id), _request(request))


def revoke_quote(app: App, author_id: int, quote: Quote, stamp_uri: str) -> Json:
    """Return the end of the consent of one of ours."""
    stamp = stamp_of(quote, stamp_uri, app.uris.actor(author_id))
    return writing.revoke(_fresh(app, author_id), stamp, quote.account_uri)


def stamp_of(quote: Quote, stamp_uri: str, author_uri: str) -> Stamp:
    """Return the proof that the author of the quoted post agrees to the quote."""
    return Stamp(stamp_uri, author_uri, quote.status_uri, quote.quoted_uri)


def _request(request: Request) -> Json:
    return {
        "id": request.uri,
        "type": "QuoteRequest",
        "actor": request.actor_uri,
        "object": request.quoted_uri,
        "instrument": request.instrument_uri,
    }


def _fresh(app: App, account_id: int) -> str:
    return app.uris.activity(account_id, new_id(app.now()))
