"""Fetches posts from their own origin, with authors that are not known yet."""

from dataclasses import dataclass

from activitypub.objects import Actor, Note
from activitypub.ownership import check_note
from fedimmp.app import App
from fedimmp.remote.actors import fetch_actor
from fedimmp.remote.budget import Budget
from fedimmp.remote.trust import check_uri, instance_key
from storage import accounts


@dataclass(frozen=True, slots=True)
class FetchedNote:
    """A verified post; author is None where the account is stored already."""

    note: Note
    author: Actor | None


async def fetch_note(app: App, uri: str, budget: Budget) -> FetchedNote:
    """Fetch a post and, if need be, its author.

    Raises NotTrusted, Unreachable, Gone (also for a tombstone), Malformed, TooLarge, BudgetSpent.
    """
    budget.spend(await check_uri(app, uri))
    note = await app.client.get_note(uri, await instance_key(app))
    check_note(note)
    await check_uri(app, note.id)
    async with app.db.reader() as conn:
        known = await accounts.find_by_uri(conn, note.attributed_to)
    author = None if known else await fetch_actor(app, note.attributed_to, budget)
    return FetchedNote(note, author)
