"""The people of the organisation to browse: all who let themselves be listed, and suggestions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from storage.database import Connection, Transaction
from storage.fragments import account_is_present, account_is_unlimited, account_is_welcome

Order = Literal["active", "new"]

# Of so many people whom the viewer follows, the latest, it is seen whom they follow.
_FRIENDS = 200

_ORDERS: dict[Order, str] = {
    "active": "c.last_status_at DESC NULLS LAST, a.id DESC",
    "new": "a.created_at DESC, a.id DESC",
}


async def list_page(
    conn: Connection, viewer_id: int, *, order: Order, local: bool, limit: int, offset: int
) -> list[int]:
    """Return people who let themselves be listed; `active` by latest post, `new` by arrival."""
    records = await conn.fetch(
        f"""
        SELECT a.id
          FROM accounts a
          LEFT JOIN account_counters c ON c.account_id = a.id
         WHERE a.discoverable
           AND a.actor_type <> 'Application'
           AND a.moved_to_id IS NULL
           AND {account_is_present("a")}
           AND {account_is_unlimited("a")}
           AND (NOT $2 OR a.domain IS NULL)
           AND {account_is_welcome("a.id", "$1::bigint")}
         ORDER BY {_ORDERS[order]}
         LIMIT $3 OFFSET $4
        """,
        viewer_id,
        local,
        limit,
        offset,
    )
    return [record["id"] for record in records]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Somebody whom the viewer could follow; `familiar` when people whom the viewer follows do."""

    account_id: int
    familiar: bool


_SUGGESTIONS = f"""
    WITH familiar AS (
        SELECT theirs.target_id AS id, count(*) AS common
          FROM (SELECT target_id
                  FROM follows
                 WHERE account_id = $1
                   AND state = 'accepted'
                 ORDER BY id DESC
                 LIMIT {_FRIENDS}) AS mine
          JOIN accounts friend ON friend.id = mine.target_id AND NOT friend.hide_collections
          JOIN follows theirs
            ON theirs.account_id = mine.target_id
           AND theirs.state = 'accepted'
         GROUP BY theirs.target_id
    )
    SELECT a.id AS account_id,
           familiar.id IS NOT NULL AS familiar
      FROM accounts a
      LEFT JOIN familiar ON familiar.id = a.id
      LEFT JOIN account_counters c ON c.account_id = a.id
     WHERE a.discoverable
       AND a.id <> $1
       AND a.actor_type IN ('Person', 'Service')
       AND a.moved_to_id IS NULL
       AND {account_is_present("a")}
       AND {account_is_unlimited("a")}
       AND NOT EXISTS (
           SELECT FROM follows f
            WHERE f.account_id = $1
              AND f.target_id = a.id)
       AND NOT EXISTS (
           SELECT FROM dismissed_suggestions d
            WHERE d.account_id = $1
              AND d.target_id = a.id)
       AND {account_is_welcome("a.id", "$1::bigint")}
     ORDER BY COALESCE(familiar.common, 0) DESC,
              c.last_status_at DESC NULLS LAST,
              COALESCE(c.followers, 0) DESC,
              a.id
     LIMIT $2 OFFSET $3
"""


async def suggestions(
    conn: Connection, viewer_id: int, *, limit: int, offset: int
) -> list[Suggestion]:
    """Return people whom the viewer does not follow yet.

    First those whom most of the people follow whom the viewer follows, then who was active lately.
    """
    records = await conn.fetch(
        _SUGGESTIONS,
        viewer_id,
        limit,
        offset,
    )
    return [Suggestion(**dict(record)) for record in records]


async def dismiss(tx: Transaction, account_id: int, target_id: int, now: datetime) -> None:
    """Suggest somebody to this account no more; no matter when there is no such account."""
    await tx.execute(
        """
        INSERT INTO dismissed_suggestions (account_id, target_id, created_at)
        SELECT $1, a.id, $3 FROM accounts a WHERE a.id = $2
        ON CONFLICT DO NOTHING
        """,
        account_id,
        target_id,
        now,
    )
