"""Custom emoji: pictures that a text names as :shortcode:, each known to one office.

Their files are rows of `media` that belong to the instance actor: an emoji outlives whoever used it
first. A text shows those that its author's office has told us of under the names in it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from storage.database import Connection, Record, Transaction

# No office has more; one that tells of ever new ones fills no table.
MOST_PER_HOST = 10_000
# The instance actor; `accounts`, which knows its number, shows emoji itself.
_OWNER_ID = 1
# Of one text no more are looked up, whatever it names.
_MOST_SHOWN = 100
# The closing colon may open the next one, as in 12:30:tea:.
_NAMED = re.compile(r":([A-Za-z0-9_]{1,100})(?=:)")

_SHOWN = "e.id, e.shortcode, e.domain, e.category, e.updated_at, m.file_key, m.content_type"

_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class Emoji:
    """An emoji as it is shown; `domain` is None for our own, `updated_at` as its office says."""

    id: int
    shortcode: str
    domain: str | None
    category: str | None
    updated_at: datetime | None
    file_key: str
    content_type: str


@dataclass(frozen=True, slots=True)
class NewEmoji:
    """An emoji that a document of its office describes; the ids and the key are fresh ones."""

    id: int
    media_id: int
    domain: str
    shortcode: str
    file_key: str
    content_type: str
    remote_url: str
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Words:
    """The texts of one author that may name emoji, and the author's domain (None: ours)."""

    domain: str | None
    texts: tuple[str, ...]


async def upsert_remote(tx: Transaction, told: Sequence[NewEmoji], now: datetime) -> list[str]:
    """Store what offices tell of their emoji; returns the keys of files that are replaced.

    One is replaced where its picture has another address, or is newer than what we know. Runs one
    query while nothing is new.
    """
    latest = _latest(told)
    if not latest:
        return []
    known = await _known(tx, latest.values())
    new = [each for name, each in latest.items() if name not in known]
    if new:
        await _insert(tx, new, now)
    changed = [
        (known[name]["media_id"], each)
        for name, each in latest.items()
        if name in known and _is_newer(known[name], each)
    ]
    return await _replace(tx, changed) if changed else []


async def load(conn: Connection, words: Mapping[_Key, Words]) -> dict[_Key, tuple[Emoji, ...]]:
    """Return the emoji that texts name, in one query, or none where no text could name any."""
    named = {key: _names(each.texts) for key, each in words.items()}
    pairs = {(words[key].domain, name) for key, names in named.items() for name in names}
    if not pairs:
        return {}
    rows = await conn.fetch(
        f"""
        SELECT {_SHOWN}
        FROM unnest($1::text[], $2::text[]) AS g(domain, shortcode)
        JOIN emojis AS e
            ON COALESCE(e.domain, '') = COALESCE(g.domain, '')
           AND e.shortcode = g.shortcode
        JOIN media AS m ON m.id = e.media_id
        """,
        [domain for domain, _ in pairs],
        [shortcode for _, shortcode in pairs],
    )
    found = {(row["domain"], row["shortcode"]): Emoji(**dict(row)) for row in rows}
    return {
        key: tuple(
            found[words[key].domain, name] for name in names if (words[key].domain, name) in found
        )
        for key, names in named.items()
    }


async def list_own(conn: Connection) -> list[Emoji]:
    """Return our own emoji by name."""
    rows = await conn.fetch(
        f"""
        SELECT {_SHOWN}
        FROM emojis AS e
        JOIN media AS m ON m.id = e.media_id
        WHERE e.domain IS NULL
        ORDER BY e.shortcode
        """
    )
    return [Emoji(**dict(row)) for row in rows]


async def find_own(conn: Connection, emoji_id: int) -> Emoji | None:
    """Return one of our own emoji."""
    row = await conn.fetchrow(
        f"""
        SELECT {_SHOWN}
        FROM emojis AS e
        JOIN media AS m ON m.id = e.media_id
        WHERE e.id = $1
          AND e.domain IS NULL
        """,
        emoji_id,
    )
    return None if row is None else Emoji(**dict(row))


async def insert_own(
    tx: Transaction,
    emoji_id: int,
    shortcode: str,
    media_id: int,
    now: datetime,
    *,
    category: str | None,
) -> bool:
    """Give a stored picture a name; False when another has that name."""
    return bool(
        await tx.execute(
            """
            INSERT INTO emojis (id, shortcode, category, media_id, updated_at, created_at)
            VALUES ($1, $2, $3, $4, $5, $5)
            ON CONFLICT DO NOTHING
            """,
            emoji_id,
            shortcode,
            category,
            media_id,
            now,
        )
    )


async def delete_own(tx: Transaction, shortcode: str) -> str | None:
    """Delete one of our own emoji with its file's row; returns the file's key, None if unknown."""
    key: str | None = await tx.fetchval(
        """
        DELETE FROM media
        WHERE id = (
            SELECT media_id FROM emojis WHERE domain IS NULL AND shortcode = $1)
        RETURNING file_key
        """,
        shortcode,
    )
    return key


def _names(texts: Iterable[str]) -> list[str]:
    names = (name for text in texts if ":" in text for name in _NAMED.findall(text))
    return list(dict.fromkeys(names))[:_MOST_SHOWN]


async def _known(tx: Transaction, told: Iterable[NewEmoji]) -> dict[tuple[str | None, str], Record]:
    names = [(each.domain, each.shortcode) for each in told]
    rows = await tx.fetch(
        """
        SELECT e.domain, e.shortcode, e.media_id, e.updated_at, m.remote_url
        FROM unnest($1::text[], $2::text[]) AS g(domain, shortcode)
        JOIN emojis AS e
            ON COALESCE(e.domain, '') = g.domain
           AND e.shortcode = g.shortcode
        JOIN media AS m ON m.id = e.media_id
        """,
        [domain for domain, _ in names],
        [shortcode for _, shortcode in names],
    )
    return {(row["domain"], row["shortcode"]): row for row in rows}


def _latest(told: Iterable[NewEmoji]) -> dict[tuple[str | None, str], NewEmoji]:
    latest: dict[tuple[str | None, str], NewEmoji] = {}
    for each in told:
        known = latest.get((each.domain, each.shortcode))
        if (
            known is None
            or known.updated_at is None
            or each.updated_at is None
            or each.updated_at >= known.updated_at
        ):
            latest[each.domain, each.shortcode] = each
    return latest


def _is_newer(known: Record, told: NewEmoji) -> bool:
    before, after = known["updated_at"], told.updated_at
    if before is not None and after is not None and after != before:
        return bool(after > before)
    return bool(known["remote_url"] != told.remote_url)


# Foreign keys are checked at the statement's end, so the file may come after its emoji: none is
# left over where somebody else stores the same one at this moment.
_INSERT = f"""
    WITH given AS (
        SELECT g.*
        FROM unnest(
            $1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[],
            $6::text[], $7::text[], $8::text[])
            AS g(id, media_id, domain, shortcode, updated_at,
                 file_key, content_type, remote_url)
    ), full_up AS MATERIALIZED (
        SELECT domain
        FROM emojis
        WHERE domain = ANY($3::text[])
        GROUP BY domain
        HAVING count(*) >= $10
    ), stored AS (
        INSERT INTO emojis (id, domain, shortcode, media_id, updated_at, created_at)
        SELECT given.id, given.domain, given.shortcode, given.media_id, given.updated_at, $9
        FROM given
        WHERE NOT EXISTS (SELECT FROM full_up WHERE full_up.domain = given.domain)
        ORDER BY given.domain, given.shortcode
        ON CONFLICT DO NOTHING
        RETURNING media_id
    )
    INSERT INTO media (
        id, account_id, purpose, kind, file_key, content_type, remote_url, created_at)
    SELECT
        given.media_id, {_OWNER_ID}, 'emoji', 'image', given.file_key, given.content_type,
        given.remote_url, $9
    FROM given
    JOIN stored ON stored.media_id = given.media_id
"""


async def _insert(tx: Transaction, new: Sequence[NewEmoji], now: datetime) -> None:
    await tx.execute(
        _INSERT,
        [each.id for each in new],
        [each.media_id for each in new],
        [each.domain for each in new],
        [each.shortcode for each in new],
        [each.updated_at for each in new],
        [each.file_key for each in new],
        [each.content_type for each in new],
        [each.remote_url for each in new],
        now,
        MOST_PER_HOST,
    )


async def _replace(tx: Transaction, changed: Sequence[tuple[int, NewEmoji]]) -> list[str]:
    # A new key, so that nobody is shown the old picture at the address of the new one.
    rows = await tx.fetch(
        """
        WITH given AS (
            SELECT g.*
            FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
                AS g(media_id, file_key, content_type, remote_url, updated_at)
        ), before AS MATERIALIZED (
            SELECT m.id, m.file_key
            FROM media AS m
            WHERE m.id IN (SELECT media_id FROM given)
            ORDER BY m.id
            FOR UPDATE
        ), renewed AS (
            UPDATE emojis
            SET updated_at = given.updated_at
            FROM given
            WHERE emojis.media_id = given.media_id
        ), files AS (
            UPDATE media
            SET
                file_key = given.file_key,
                content_type = given.content_type,
                remote_url = given.remote_url,
                stored = false
            FROM given
            JOIN before ON before.id = given.media_id
            WHERE media.id = given.media_id
        )
        SELECT file_key FROM before
        """,
        [media_id for media_id, _ in changed],
        [each.file_key for _, each in changed],
        [each.content_type for _, each in changed],
        [each.remote_url for _, each in changed],
        [each.updated_at for _, each in changed],
    )
    return [row["file_key"] for row in rows]
