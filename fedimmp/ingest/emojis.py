"""Custom emoji that documents of peers bring along: kept by office and name, fetched when seen."""

import mimetypes
import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from activitypub.objects import Emoji
from fedimmp.ingest.contents import distinct_ids
from storage import emojis, jobs
from storage.database import Transaction
from storage.emojis import NewEmoji

# A document may bring thousands (SEC-118 of our security tests); nobody reads so many.
MOST_AT_ONCE: Final = 50
_LONGEST_NAME: Final = 100
_RASTER: Final = frozenset({"image/png", "image/gif", "image/jpeg", "image/webp", "image/avif"})
_ALIASES: Final = {"image/apng": "image/png", "image/jpg": "image/jpeg"}


async def store_emojis(
    tx: Transaction, told: Iterable[tuple[str | None, Iterable[Emoji]]], now: datetime
) -> None:
    """Store the emoji of (domain, emoji of one document) pairs, in a fixed number of statements."""
    ids = distinct_ids(now)
    new = [
        each for domain, described in told if domain for each in _accepted(domain, described, ids)
    ]
    replaced = await emojis.upsert_remote(tx, new, now)
    if replaced:
        await jobs.enqueue(tx, "remove_files", {"keys": replaced})


def _accepted(domain: str, described: Iterable[Emoji], ids: Iterator[int]) -> Iterator[NewEmoji]:
    for each, _ in zip(described, range(MOST_AT_ONCE), strict=False):
        content_type = _content_type(each)
        if content_type in _RASTER and len(each.name) <= _LONGEST_NAME:
            yield NewEmoji(
                id=next(ids),
                media_id=next(ids),
                domain=domain,
                shortcode=each.name,
                file_key=secrets.token_hex(16),
                content_type=content_type,
                remote_url=each.url,
                updated_at=each.updated,
            )


def _content_type(emoji: Emoji) -> str:
    """Return what the picture is said to be, PNG where nothing is said; the decoder looks anew."""
    named = emoji.media_type or mimetypes.guess_type(urlsplit(emoji.url).path)[0] or "image/png"
    named = named.partition(";")[0].strip().lower()
    return _ALIASES.get(named, named)
