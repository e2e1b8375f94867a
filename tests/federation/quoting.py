"""Quotes in the federation tests: what our office stored of them, and what others serve."""

from typing import Any

from fedimmp.app import App
from fedimmp.entities.statuses import render_statuses
from fedimmp.services import posting
from fedimmp.services.drafts import Draft
from storage import quotes, statuses
from storage.quotes import Quote
from tests.federation.foreign import Foreign, Person
from tests.federation.members import Member


async def publish(author: Member, text: str = "Lunch?", **draft: Any) -> tuple[int, str]:
    """Let a member post; returns id and URI."""
    status_id = await posting.publish(
        author.app, author.id, Draft(text=text, **draft), application_id=None
    )
    return status_id, author.app.uris.note(author.id, status_id)


async def quote_of(app: App, uri: str) -> Quote | None:
    """Return what a stored post quotes."""
    async with app.db.reader() as conn:
        status = await statuses.find_by_uri(conn, uri)
        return None if status is None else await quotes.find(conn, status.id)


async def state_of(app: App, uri: str) -> str | None:
    """Return the state of a stored post's quote; None where it quotes nothing."""
    quote = await quote_of(app, uri)
    return None if quote is None else quote.state


async def shown(app: App, uri: str, viewer: Member) -> dict[str, Any]:
    """Return the Status entity of a stored post, as a member sees it."""
    async with app.db.reader() as conn:
        status = await statuses.find_by_uri(conn, uri)
        assert status is not None
        return (await render_statuses(app, conn, [status.id], viewer.id))[0]


def quoting(person: Person, quoted: str, **changes: Any) -> dict[str, Any]:
    """Return a post of somebody that quotes another one, as Mastodon sends it."""
    return person.note("Look", quote=quoted, quoteUri=quoted, _misskey_quote=quoted, **changes)


def request(person: Person, quoted: str, note: dict[str, Any] | str) -> dict[str, Any]:
    """Return the QuoteRequest for a post of somebody."""
    return person.activity("QuoteRequest", quoted, instrument=note)


def stamp(
    office: Foreign, author: Person, quoting_uri: str, quoted_uri: str, **changes: Any
) -> str:
    """Serve the consent of somebody to a quote; returns where it lies."""
    path = author.fresh("stamps").removeprefix(office.peer.origin)
    document = {
        "type": "QuoteAuthorization",
        "attributedTo": author.uri,
        "interactingObject": quoting_uri,
        "interactionTarget": quoted_uri,
    } | changes
    office.peer.document(path, **document)
    return office.peer.uri(path)


def path_of(office: Foreign, uri: str) -> str:
    """Return the path of a URI of an office."""
    return uri.removeprefix(office.peer.origin)


def serve(office: Foreign, note: dict[str, Any]) -> None:
    """Let others fetch a post."""
    office.peer.document(path_of(office, note["id"]), **note)
