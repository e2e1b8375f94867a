"""Hashtags and how much they were used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from storage.database import Connection, Transaction
from storage.ids import first_id

# Apps draw a week.
DAYS = 7


@dataclass(frozen=True, slots=True)
class Tag:
    """A row of `tags`; `name` is case-folded."""

    id: int
    name: str
    display_name: str


@dataclass(frozen=True, slots=True)
class Use:
    """How often a hashtag was used publicly on one day, and by how many people."""

    day: date
    uses: int
    accounts: int


async def find(conn: Connection, name: str) -> Tag | None:
    """Return the hashtag with this case-folded name."""
    row = await conn.fetchrow("SELECT id, name, display_name FROM tags WHERE name = $1", name)
    return None if row is None else Tag(**dict(row))


async def ensure(tx: Transaction, tag_id: int, name: str, display_name: str) -> int:
    """Return the id of the hashtag with this case-folded name, which is made if need be."""
    found: int = await tx.fetchval(
        """
        INSERT INTO tags (id, name, display_name)
        VALUES ($1, $2, $3)
        ON CONFLICT (name) DO UPDATE SET name = EXCLUDED.name
        RETURNING id
        """,
        tag_id,
        name,
        display_name,
    )
    return found


async def search(conn: Connection, text: str, *, limit: int, offset: int = 0) -> list[Tag]:
    """Return hashtags that begin with the case-folded text, the most used first."""
    rows = await conn.fetch(
        """
        SELECT t.id, t.name, t.display_name
        FROM tags AS t
        WHERE starts_with(t.name, $1)
          AND t.usable
          AND t.listable
        ORDER BY (SELECT count(*) FROM status_tags AS st WHERE st.tag_id = t.id) DESC, t.name
        LIMIT $2 OFFSET $3
        """,
        text,
        limit,
        offset,
    )
    return [Tag(**dict(row)) for row in rows]


async def history(
    conn: Connection, tag_ids: Sequence[int], now: datetime
) -> dict[int, tuple[Use, ...]]:
    """Return the public uses of each hashtag for the last seven days of UTC, today first.

    Today is counted now; the days before were counted by the worker (`storage.trends`).
    """
    today = now.date()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    rows = await conn.fetch(
        """
        SELECT tag_id, day, uses, accounts
          FROM tag_days
         WHERE tag_id = ANY($1::bigint[])
           AND day < $2
        UNION ALL
        SELECT st.tag_id, $2, count(*), count(DISTINCT s.account_id)
          FROM status_tags AS st
          JOIN statuses AS s ON s.id = st.status_id
         WHERE st.tag_id = ANY($1::bigint[])
           AND st.status_id >= $3
           AND s.visibility = 'public'
           AND s.reblog_of_id IS NULL
           AND s.created_at >= $4
         GROUP BY st.tag_id
        """,
        list(tag_ids),
        today,
        first_id(midnight),
        midnight,
    )
    counted = {(row["tag_id"], row["day"]): (row["uses"], row["accounts"]) for row in rows}
    days = [today - timedelta(days=back) for back in range(DAYS)]
    return {
        tag_id: tuple(Use(day, *counted.get((tag_id, day), (0, 0))) for day in days)
        for tag_id in tag_ids
    }
