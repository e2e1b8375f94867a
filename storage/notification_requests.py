"""People whose filtered mentions wait for a word of the member: to be heard, or to be let go.

A request whose notifications are gone, or whose sender is out of reach, is not shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from storage.database import Connection, Transaction
from storage.fragments import account_is_present
from storage.paging import Page

# Nobody reads further; what lies beyond is counted as this.
MOST_COUNTED: Final = 100


@dataclass(frozen=True, slots=True)
class NotificationRequest:
    """A row of `notification_requests` with what waits behind it now."""

    id: int
    from_account_id: int
    created_at: datetime
    updated_at: datetime
    count: int
    last_status_id: int | None


@dataclass(frozen=True, slots=True)
class Summary:
    """How much waits, each number at most 100."""

    requests: int
    notifications: int


_SHOWN = f"""
    r.account_id = $1
    AND EXISTS (
        SELECT FROM accounts a WHERE a.id = r.from_account_id AND {account_is_present("a")})
    AND EXISTS (
        SELECT FROM notifications n
         WHERE n.account_id = r.account_id
           AND n.from_account_id = r.from_account_id
           AND n.filtered)
"""
_SELECT = f"""
    SELECT r.id, r.from_account_id, r.created_at, r.updated_at,
           (SELECT count(*)
              FROM (SELECT FROM notifications n
                     WHERE n.account_id = r.account_id
                       AND n.from_account_id = r.from_account_id
                       AND n.filtered
                     LIMIT {MOST_COUNTED}) AS held) AS count,
           (SELECT n.status_id
              FROM notifications n
             WHERE n.account_id = r.account_id
               AND n.from_account_id = r.from_account_id
               AND n.filtered
               AND n.type IN ('mention', 'quote')
             ORDER BY n.id DESC
             LIMIT 1) AS last_status_id
      FROM notification_requests r
     WHERE {_SHOWN}
"""


async def list_page(conn: Connection, account_id: int, page: Page) -> list[NotificationRequest]:
    """Return a page of a member's requests, newest first."""
    rows = await conn.fetch(
        f"{_SELECT} AND {page.window('r.id', 2)}",
        account_id,
        *page.bounds,
    )
    return page.newest_first([NotificationRequest(**dict(row)) for row in rows])


async def find(conn: Connection, account_id: int, request_id: int) -> NotificationRequest | None:
    """Return one of a member's requests."""
    row = await conn.fetchrow(f"{_SELECT} AND r.id = $2", account_id, request_id)
    return None if row is None else NotificationRequest(**dict(row))


async def summarise(conn: Connection, account_id: int) -> Summary:
    """Return how many requests a member has, and how many notifications wait behind them."""
    row = await conn.fetchrow(
        f"""
        WITH shown AS (
            SELECT r.from_account_id
              FROM notification_requests r
             WHERE {_SHOWN}
             LIMIT {MOST_COUNTED}
        )
        SELECT (SELECT count(*) FROM shown) AS requests,
               (SELECT count(*)
                  FROM (SELECT FROM shown
                          JOIN notifications n
                            ON n.account_id = $1
                           AND n.from_account_id = shown.from_account_id
                           AND n.filtered
                         LIMIT {MOST_COUNTED}) AS held) AS notifications
        """,
        account_id,
    )
    if row is None:
        raise RuntimeError("A query without FROM has exactly one row.")
    return Summary(**dict(row))


async def remove(tx: Transaction, account_id: int, request_ids: Sequence[int]) -> list[int]:
    """Remove requests of a member and return whose they were."""
    rows = await tx.fetch(
        """
        DELETE FROM notification_requests
         WHERE account_id = $1
           AND id = ANY($2::bigint[])
        RETURNING from_account_id
        """,
        account_id,
        list(request_ids),
    )
    return [row["from_account_id"] for row in rows]


async def release(
    tx: Transaction, account_id: int, sender_ids: Sequence[int], now: datetime
) -> list[int]:
    """Show what was filtered of these senders, and filter them no more.

    Returns the posts that mentioned the member.
    """
    rows = await tx.fetch(
        """
        WITH permitted AS (
            INSERT INTO notification_permissions (account_id, from_account_id, created_at)
            SELECT $1, sender.id, $3
              FROM unnest($2::bigint[]) AS sender (id)
            ON CONFLICT DO NOTHING
        )
        UPDATE notifications
           SET filtered = false
         WHERE account_id = $1
           AND from_account_id = ANY($2::bigint[])
           AND filtered
        RETURNING CASE type WHEN 'mention' THEN status_id END AS status_id
        """,
        account_id,
        list(sender_ids),
        now,
    )
    return [row["status_id"] for row in rows if row["status_id"] is not None]


async def discard(tx: Transaction, account_id: int, sender_ids: Sequence[int]) -> int:
    """Remove what was filtered of these senders and return how much that was."""
    return await tx.execute(
        """
        DELETE FROM notifications
         WHERE account_id = $1
           AND from_account_id = ANY($2::bigint[])
           AND filtered
        """,
        account_id,
        list(sender_ids),
    )
