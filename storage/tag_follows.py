"""Hashtags that members follow: public posts with them come into the home timeline."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from storage.database import Connection, Transaction
from storage.paging import Page
from storage.tags import Tag


@dataclass(frozen=True, slots=True)
class TagFollow:
    """A hashtag that somebody follows; `row_id` is the cursor of pages."""

    row_id: int
    tag: Tag


async def insert(
    tx: Transaction, row_id: int, account_id: int, tag_id: int, now: datetime, *, limit: int
) -> bool:
    """Follow a hashtag, again without effect; False when the account follows `limit` already."""
    # Two at once must not both take the last place.
    await tx.fetchval("SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE", account_id)
    return bool(
        await tx.fetchval(
            """
            WITH added AS (
                INSERT INTO tag_follows (id, account_id, tag_id, created_at)
                SELECT $1, $2, $3, $4
                 WHERE (SELECT count(*) FROM tag_follows WHERE account_id = $2) < $5
                ON CONFLICT (account_id, tag_id) DO NOTHING
                RETURNING 1)
            SELECT EXISTS (SELECT FROM added)
                OR EXISTS (SELECT FROM tag_follows WHERE account_id = $2 AND tag_id = $3)
            """,
            row_id,
            account_id,
            tag_id,
            now,
            limit,
        )
    )


async def delete(tx: Transaction, account_id: int, tag_id: int) -> bool:
    """Follow a hashtag no longer; False when it was not followed."""
    return bool(
        await tx.execute(
            "DELETE FROM tag_follows WHERE account_id = $1 AND tag_id = $2", account_id, tag_id
        )
    )


async def list_page(conn: Connection, account_id: int, page: Page) -> list[TagFollow]:
    """Return hashtags that an account follows, latest first."""
    rows = await conn.fetch(
        f"""
        SELECT f.id AS row_id, t.id, t.name, t.display_name
          FROM tag_follows f
          JOIN tags t ON t.id = f.tag_id
         WHERE f.account_id = $1
           AND {page.window("f.id", 2)}
        """,
        account_id,
        *page.bounds,
    )
    return page.newest_first(
        [TagFollow(row["row_id"], Tag(row["id"], row["name"], row["display_name"])) for row in rows]
    )


@dataclass(frozen=True, slots=True)
class TagMarks:
    """Which of some hashtags an account follows, and which it shows on its profile, by id."""

    followed: frozenset[int] = frozenset()
    featured: frozenset[int] = frozenset()


async def marks(conn: Connection, account_id: int, tag_ids: Collection[int]) -> TagMarks:
    """Return what the account did with these hashtags, in one query."""
    rows = await conn.fetch(
        """
        SELECT t.id,
               EXISTS (
                   SELECT FROM tag_follows f
                    WHERE f.account_id = $1 AND f.tag_id = t.id) AS followed,
               EXISTS (
                   SELECT FROM featured_tags f
                    WHERE f.account_id = $1 AND f.tag_id = t.id) AS featured
          FROM unnest($2::bigint[]) AS t (id)
        """,
        account_id,
        list(tag_ids),
    )
    return TagMarks(
        frozenset(row["id"] for row in rows if row["followed"]),
        frozenset(row["id"] for row in rows if row["featured"]),
    )
