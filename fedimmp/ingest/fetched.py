"""Posts that were fetched from their origin, perhaps with authors that are new here."""

from collections.abc import Sequence
from datetime import datetime

from fedimmp.app import App
from fedimmp.ingest.accounts import upsert_actor
from fedimmp.ingest.notes import ArrivedNote, create_notes
from fedimmp.ingest.quotes import MAX_QUOTE_DEPTH
from fedimmp.ingest.threads import MAX_ANCESTORS
from fedimmp.remote.notes import FetchedNote
from storage import accounts
from storage.database import Transaction
from storage.statuses import Status


async def store_fetched(
    tx: Transaction,
    app: App,
    fetched: Sequence[FetchedNote],
    now: datetime,
    *,
    backfill: bool = False,
    ancestors: int = MAX_ANCESTORS,
    quotes: int = MAX_QUOTE_DEPTH,
) -> list[Status]:
    """Store authors and posts, without those of suspended authors; returns the new statuses."""
    for each in fetched:
        if each.author is not None:
            await upsert_actor(tx, app, each.author, now)
    authors = await accounts.get_many_by_uri(tx, [each.note.attributed_to for each in fetched])
    arrived = [
        ArrivedNote(each.note, author)
        for each in fetched
        if (author := authors.get(each.note.attributed_to)) is not None
        and author.suspended_at is None
        and author.deleted_at is None
        and not author.is_local
    ]
    return await create_notes(
        tx, app, arrived, now, backfill=backfill, ancestors=ancestors, quotes=quotes
    )
