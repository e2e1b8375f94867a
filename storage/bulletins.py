"""Announcements of the office to all its members, what they have read and how they react.

(`storage.announcements` announces notifications; these are what the API calls announcements.)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.database import Connection, Record, Transaction

# As many kinds of reactions as apps show.
MOST_REACTIONS = 8

_COLUMNS = """
    b.id, b.text, b.content, b.mention_ids, b.tags, b.starts_at, b.ends_at, b.all_day,
    b.scheduled_at, b.published_at, b.created_at, b.updated_at
"""


@dataclass(frozen=True, slots=True)
class Announcement:
    """A row of `announcements`."""

    id: int
    text: str
    content: str
    mention_ids: list[int]
    tags: list[str]
    starts_at: datetime | None
    ends_at: datetime | None
    all_day: bool
    scheduled_at: datetime | None
    published_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Reaction:
    """How many members reacted in one way; `me` when the viewer did."""

    announcement_id: int
    name: str
    count: int
    me: bool


async def list_shown(conn: Connection, now: datetime) -> list[Announcement]:
    """Return what is published and not over, the latest first."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS}
        FROM announcements AS b
        WHERE b.published_at <= $1
          AND (b.ends_at IS NULL OR b.ends_at > $1)
        ORDER BY b.published_at DESC, b.id DESC
        """,
        now,
    )
    return [_announcement_of(row) for row in rows]


async def list_all(conn: Connection) -> list[Announcement]:
    """Return all announcements, the latest first."""
    rows = await conn.fetch(f"SELECT {_COLUMNS} FROM announcements AS b ORDER BY b.id DESC")
    return [_announcement_of(row) for row in rows]


async def find(conn: Connection, announcement_id: int) -> Announcement | None:
    """Return an announcement, published or not."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM announcements AS b WHERE b.id = $1", announcement_id
    )
    return None if row is None else _announcement_of(row)


async def lock(tx: Transaction, announcement_id: int) -> Announcement | None:
    """Return an announcement and keep others from changing it until the transaction ends."""
    row = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM announcements AS b WHERE b.id = $1 FOR UPDATE", announcement_id
    )
    return None if row is None else _announcement_of(row)


async def upsert(tx: Transaction, given: Announcement) -> None:
    """Store an announcement, a new one or another version."""
    await tx.execute(
        """
        INSERT INTO announcements (
            id, text, content, mention_ids, tags, starts_at, ends_at, all_day, scheduled_at,
            published_at, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT (id) DO UPDATE
        SET
            text = EXCLUDED.text,
            content = EXCLUDED.content,
            mention_ids = EXCLUDED.mention_ids,
            tags = EXCLUDED.tags,
            starts_at = EXCLUDED.starts_at,
            ends_at = EXCLUDED.ends_at,
            all_day = EXCLUDED.all_day,
            scheduled_at = EXCLUDED.scheduled_at,
            published_at = EXCLUDED.published_at,
            updated_at = EXCLUDED.updated_at
        """,
        given.id,
        given.text,
        given.content,
        given.mention_ids,
        given.tags,
        given.starts_at,
        given.ends_at,
        given.all_day,
        given.scheduled_at,
        given.published_at,
        given.created_at,
        given.updated_at,
    )


async def delete(tx: Transaction, announcement_id: int) -> bool:
    """Remove an announcement with all reactions; False when there is none."""
    return bool(await tx.execute("DELETE FROM announcements WHERE id = $1", announcement_id))


async def list_read(conn: Connection, account_id: int, ids: Sequence[int]) -> set[int]:
    """Return which of the announcements a member has read."""
    rows = await conn.fetch(
        """
        SELECT announcement_id
        FROM announcement_reads
        WHERE account_id = $1
          AND announcement_id = ANY($2::bigint[])
        """,
        account_id,
        list(ids),
    )
    return {row["announcement_id"] for row in rows}


async def mark_read(tx: Transaction, account_id: int, announcement_id: int) -> None:
    """Keep that a member has read an announcement; once."""
    await tx.execute(
        """
        INSERT INTO announcement_reads (account_id, announcement_id)
        VALUES ($1, $2)
        ON CONFLICT DO NOTHING
        """,
        account_id,
        announcement_id,
    )


async def list_reactions(
    conn: Connection, viewer_id: int, announcement_ids: Sequence[int]
) -> list[Reaction]:
    """Return the reactions to announcements, for each the one that came first at its head."""
    rows = await conn.fetch(
        """
        SELECT
            announcement_id,
            name,
            count(*) AS count,
            bool_or(account_id = $1) AS me
        FROM announcement_reactions
        WHERE announcement_id = ANY($2::bigint[])
        GROUP BY announcement_id, name
        ORDER BY announcement_id, min(created_at), name
        """,
        viewer_id,
        list(announcement_ids),
    )
    return [Reaction(**dict(row)) for row in rows]


async def insert_reaction(
    tx: Transaction, announcement_id: int, account_id: int, name: str, now: datetime
) -> bool:
    """Store a member's reaction; False when it was there."""
    return bool(
        await tx.execute(
            """
            INSERT INTO announcement_reactions (announcement_id, name, account_id, created_at)
            VALUES ($1, $2, $3, $4)
            ON CONFLICT DO NOTHING
            """,
            announcement_id,
            name,
            account_id,
            now,
        )
    )


async def delete_reaction(
    tx: Transaction, announcement_id: int, account_id: int, name: str
) -> bool:
    """Remove a member's reaction; False when there is none."""
    return bool(
        await tx.execute(
            """
            DELETE FROM announcement_reactions
            WHERE announcement_id = $1
              AND name = $2
              AND account_id = $3
            """,
            announcement_id,
            name,
            account_id,
        )
    )


def _announcement_of(row: Record) -> Announcement:
    return Announcement(**dict(row))
