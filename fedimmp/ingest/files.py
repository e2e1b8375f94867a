"""Files of remote posts and people that a newer document left out."""

from collections.abc import Iterable

from storage import jobs, media
from storage.database import Transaction


async def discard_detached(tx: Transaction, media_ids: Iterable[int | None]) -> None:
    """Have those of the files removed from our store that nothing carries any more."""
    known = [each for each in media_ids if each is not None]
    gone = await media.list_detached(tx, known) if known else []
    if gone:
        payload = {"media_ids": [each.id for each in gone]}
        await jobs.enqueue(tx, "discard_media", payload)
