"""The people of the organisation to browse: all who let themselves be listed, and suggestions."""

from typing import Literal

from storage.database import Connection
from storage.fragments import account_is_present, account_is_welcome

Order = Literal["active", "new"]

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
           AND {account_is_present("a")}
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


async def suggestions(conn: Connection, viewer_id: int, *, limit: int, offset: int) -> list[int]:
    """Return people whom the viewer does not follow yet, those with most followers first."""
    records = await conn.fetch(
        f"""
        SELECT a.id
          FROM accounts a
          LEFT JOIN account_counters c ON c.account_id = a.id
         WHERE a.discoverable
           AND a.actor_type <> 'Application'
           AND a.id <> $1
           AND a.actor_type IN ('Person', 'Service')
           AND {account_is_present("a")}
           AND NOT EXISTS (
               SELECT FROM follows f
                WHERE f.account_id = $1
                  AND f.target_id = a.id)
           AND {account_is_welcome("a.id", "$1::bigint")}
         ORDER BY COALESCE(c.followers, 0) DESC, c.last_status_at DESC NULLS LAST, a.id
         LIMIT $2 OFFSET $3
        """,
        viewer_id,
        limit,
        offset,
    )
    return [record["id"] for record in records]
