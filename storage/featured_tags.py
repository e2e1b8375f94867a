"""Hashtags that people show on their profiles, with how much they used them themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from storage.database import Connection, Record, Transaction
from storage.tags import Tag

# How far back the posts go whose hashtags are proposed.
_RECENT = 200


@dataclass(frozen=True, slots=True)
class FeaturedTag:
    """A row of `featured_tags`; the counts are of the account's public and unlisted posts."""

    id: int
    account_id: int
    tag: Tag
    created_at: datetime
    statuses_count: int
    last_status_at: date | None


_SELECT = """
    SELECT f.id,
           f.account_id,
           f.created_at,
           t.id AS tag_id,
           t.name,
           t.display_name,
           used.statuses_count,
           used.last_status_at
      FROM featured_tags f
      JOIN tags t ON t.id = f.tag_id
     CROSS JOIN LATERAL (
           SELECT count(*) AS statuses_count,
                  (max(s.created_at) AT TIME ZONE 'UTC')::date AS last_status_at
             FROM status_tags st
             JOIN statuses s ON s.id = st.status_id
            WHERE st.tag_id = f.tag_id
              AND s.account_id = f.account_id
              AND s.visibility IN ('public', 'unlisted')) AS used
"""


async def list_of(conn: Connection, account_id: int) -> list[FeaturedTag]:
    """Return what an account shows, the most used first."""
    records = await conn.fetch(
        f"{_SELECT} WHERE f.account_id = $1 ORDER BY used.statuses_count DESC, t.name", account_id
    )
    return [_featured_of(record) for record in records]


async def find(conn: Connection, account_id: int, row_id: int) -> FeaturedTag | None:
    """Return one of those that an account shows."""
    record = await conn.fetchrow(
        f"{_SELECT} WHERE f.account_id = $1 AND f.id = $2", account_id, row_id
    )
    return None if record is None else _featured_of(record)


async def list_recent(conn: Connection, account_id: int, limit: int) -> list[Tag]:
    """Return hashtags of the account's latest posts that it does not show, the latest first."""
    records = await conn.fetch(
        """
        SELECT t.id, t.name, t.display_name
          FROM (SELECT id
                  FROM statuses
                 WHERE account_id = $1
                   AND visibility IN ('public', 'unlisted')
                 ORDER BY id DESC
                 LIMIT $3) AS latest
          JOIN status_tags st ON st.status_id = latest.id
          JOIN tags t ON t.id = st.tag_id
         WHERE NOT EXISTS (
               SELECT FROM featured_tags f WHERE f.account_id = $1 AND f.tag_id = t.id)
         GROUP BY t.id
         ORDER BY max(latest.id) DESC
         LIMIT $2
        """,
        account_id,
        limit,
        _RECENT,
    )
    return [Tag(**dict(record)) for record in records]


async def insert(
    tx: Transaction, row_id: int, account_id: int, tag_id: int, now: datetime, *, limit: int
) -> Literal["added", "known", "full"]:
    """Show a hashtag, unless it is shown already or the account shows `limit` of them."""
    # Two at once must not both take the last place.
    await tx.fetchval("SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE", account_id)
    shown = [
        record["tag_id"]
        for record in await tx.fetch(
            "SELECT tag_id FROM featured_tags WHERE account_id = $1", account_id
        )
    ]
    if tag_id in shown:
        return "known"
    if len(shown) >= limit:
        return "full"
    await tx.execute(
        "INSERT INTO featured_tags (id, account_id, tag_id, created_at) VALUES ($1, $2, $3, $4)",
        row_id,
        account_id,
        tag_id,
        now,
    )
    return "added"


async def delete(tx: Transaction, account_id: int, row_id: int) -> bool:
    """Show a hashtag no longer; False when it was not the account's."""
    return bool(
        await tx.execute(
            "DELETE FROM featured_tags WHERE account_id = $1 AND id = $2", account_id, row_id
        )
    )


async def delete_named(tx: Transaction, account_id: int, name: str) -> bool:
    """Show the hashtag with this case-folded name no longer; False when it was not shown."""
    return bool(
        await tx.execute(
            """
            DELETE FROM featured_tags f
             USING tags t
             WHERE t.id = f.tag_id
               AND f.account_id = $1
               AND t.name = $2
            """,
            account_id,
            name,
        )
    )


async def replace(
    tx: Transaction, account_id: int, shown: Sequence[tuple[int, str]], now: datetime
) -> None:
    """Make (id for a row, hashtag as written) pairs what a remote account shows.

    The ids serve for hashtags as well as for rows that are new; no hashtag may be named twice.
    """
    ids = [row_id for row_id, _ in shown]
    names = [name.casefold() for _, name in shown]
    await tx.execute(_ENSURE, ids, names, [name for _, name in shown])
    await tx.execute(_WITHDRAW, account_id, names)
    await tx.execute(_SHOW, account_id, ids, names, now)


_ENSURE = """
    INSERT INTO tags (id, name, display_name)
    SELECT d.id, d.name, d.display_name
      FROM unnest($1::bigint[], $2::text[], $3::text[]) AS d (id, name, display_name)
     WHERE NOT EXISTS (SELECT FROM tags WHERE tags.name = d.name)
     ORDER BY d.name
    ON CONFLICT (name) DO NOTHING
"""

_WITHDRAW = """
    DELETE FROM featured_tags f
     USING tags t
     WHERE t.id = f.tag_id
       AND f.account_id = $1
       AND t.name <> ALL($2::text[])
"""

_SHOW = """
    INSERT INTO featured_tags (id, account_id, tag_id, created_at)
    SELECT d.id, $1, t.id, $4
      FROM unnest($2::bigint[], $3::text[]) AS d (id, name)
      JOIN tags t ON t.name = d.name
    ON CONFLICT (account_id, tag_id) DO NOTHING
"""


def _featured_of(record: Record) -> FeaturedTag:
    return FeaturedTag(
        id=record["id"],
        account_id=record["account_id"],
        tag=Tag(record["tag_id"], record["name"], record["display_name"]),
        created_at=record["created_at"],
        statuses_count=record["statuses_count"],
        last_status_at=record["last_status_at"],
    )
