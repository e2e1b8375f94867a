"""Reads the first pages of remote collections: what somebody wrote lately, and what is pinned."""

from typing import Any

from activitypub.errors import ProtocolError
from activitypub.objects import Note
from activitypub.ownership import check_item
from activitypub.properties import first, listed, type_of, uri_of
from activitypub.reading import read_hashtag, read_note
from activitypub.uris import same_origin
from activitypub.vocabulary import NOTE_TYPES
from fedimmp.app import App
from fedimmp.remote.budget import Budget, BudgetSpent
from fedimmp.remote.notes import fetch_note
from fedimmp.remote.trust import check_uri, instance_key

_MAX_ITEMS = 40


async def fetch_outbox(app: App, outbox: str, author: str, budget: Budget) -> list[Note]:
    """Return the author's own posts on the first page of an outbox; boosts are left out."""
    posts = [
        first(item.get("object"))
        for item in await _items(app, outbox, budget)
        if isinstance(item, dict) and type_of(item, ("Create",)) == "Create"
    ]
    return await _notes(app, posts, author, budget)


async def fetch_featured(app: App, featured: str, author: str, budget: Budget) -> list[Note]:
    """Return the posts that an author pinned, in the collection's order."""
    return await _notes(app, await _items(app, featured, budget), author, budget)


async def fetch_featured_tags(app: App, url: str, budget: Budget) -> list[str]:
    """Return the hashtags that somebody shows on the profile, as they are written."""
    names = [read_hashtag(item) for item in await _items(app, url, budget)]
    return [name for name in names if name is not None]


async def _items(app: App, url: str, budget: Budget) -> list[Any]:
    await check_uri(app, url)
    budget.spend()
    key = await instance_key(app)
    page = (await app.client.get_document(url, key)).doc
    if not _entries(page):
        inlined = first(page.get("first"))
        link = uri_of(inlined)
        if isinstance(inlined, dict) and _entries(inlined):
            page = inlined
        elif link is not None and same_origin(link, url):
            budget.spend()
            page = (await app.client.get_document(link, key)).doc
    return _entries(page)[:_MAX_ITEMS]


def _entries(page: dict[str, Any]) -> list[Any]:
    return listed(page.get("orderedItems") or page.get("items"))


async def _notes(app: App, items: list[Any], author: str, budget: Budget) -> list[Note]:
    """Read embedded posts, which came from the author's origin, and fetch the others."""
    notes = []
    for item in items:
        try:
            note = await _note(app, item, author, budget)
        except BudgetSpent:
            break
        except ProtocolError:
            # One post that cannot be read or had must not hide the others.
            continue
        if note is not None:
            notes.append(note)
    return notes


async def _note(app: App, item: Any, author: str, budget: Budget) -> Note | None:
    if isinstance(item, dict) and type_of(item, NOTE_TYPES) in NOTE_TYPES:
        note = read_note(item)
        check_item(note, author)
        return note
    uri = uri_of(item)
    if uri is None or not same_origin(uri, author):
        return None
    note = (await fetch_note(app, uri, budget)).note
    check_item(note, author)
    return note
