"""The posts above and below one, as far as a viewer may and wants to see them.

Also when other offices were asked for the posts of a thread that have not come.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage import fragments
from storage.database import Connection, Record, Transaction

# A peer can send chains and cycles of any length; nobody reads further than this.
_MOST_ABOVE = 4096
_MOST_BELOW = 4096


@dataclass(frozen=True, slots=True)
class Thread:
    """Status ids: ancestors oldest first, descendants depth first, an author's own thread on top.

    What the viewer may not see is left out, while what is visible below it stays.
    """

    ancestors: list[int]
    descendants: list[int]


async def load(conn: Connection, viewer_id: int | None, status_id: int) -> Thread:
    """Return what surrounds a status, in two queries."""
    return Thread(
        await _ancestors(conn, viewer_id, status_id),
        await _descendants(conn, viewer_id, status_id),
    )


_SHOWN = f"""
    {fragments.status_is_visible("s", "$1::bigint")}
    AND {fragments.status_is_welcome("s", "$1::bigint")}
"""


async def _ancestors(conn: Connection, viewer_id: int | None, status_id: int) -> list[int]:
    rows = await conn.fetch(
        f"""
        WITH RECURSIVE above AS (
            SELECT s.in_reply_to_id AS id, 1 AS distance
            FROM statuses AS s
            WHERE s.id = $2
              AND s.in_reply_to_id IS NOT NULL
            UNION ALL
            SELECT s.in_reply_to_id, above.distance + 1
            FROM above
            JOIN statuses AS s ON s.id = above.id
            WHERE s.in_reply_to_id IS NOT NULL
              AND s.in_reply_to_id <> $2
              AND above.distance < {_MOST_ABOVE}
        ), once AS (
            SELECT id, min(distance) AS distance FROM above WHERE id <> $2 GROUP BY id
        )
        SELECT s.id
        FROM once
        JOIN statuses AS s ON s.id = once.id
        WHERE {_SHOWN}
        ORDER BY once.distance DESC
        """,
        viewer_id,
        status_id,
    )
    return [row["id"] for row in rows]


async def _descendants(conn: Connection, viewer_id: int | None, status_id: int) -> list[int]:
    rows = await conn.fetch(
        f"""
        WITH RECURSIVE below AS (
            SELECT s.id, s.in_reply_to_id
            FROM statuses AS s
            WHERE s.in_reply_to_id = $2
            UNION
            SELECT s.id, s.in_reply_to_id
            FROM below
            JOIN statuses AS s ON s.in_reply_to_id = below.id
        ), enough AS (
            SELECT id FROM below WHERE id <> $2 LIMIT {_MOST_BELOW}
        )
        SELECT s.id, s.in_reply_to_id AS parent_id,
            s.in_reply_to_account_id IS NOT DISTINCT FROM s.account_id AS own_thread,
            ({_SHOWN}) AS shown
        FROM enough
        JOIN statuses AS s ON s.id = enough.id
        ORDER BY s.id
        """,
        viewer_id,
        status_id,
    )
    return _tree_order(rows, status_id)


def _tree_order(rows: Sequence[Record], root_id: int) -> list[int]:
    """Return the shown ones depth first, siblings by age, an author's own thread on top."""
    children: dict[int, list[Record]] = {}
    for row in rows:
        children.setdefault(row["parent_id"], []).append(row)
    ordered: list[Record] = []
    ahead = children.pop(root_id, [])[::-1]
    while ahead:
        row = ahead.pop()
        ordered.append(row)
        ahead += children.pop(row["id"], [])[::-1]
    ordered.sort(key=lambda row: not row["own_thread"])
    return [row["id"] for row in ordered if row["shown"]]


async def uri_of_conversation(conn: Connection, conversation_id: int) -> str | None:
    """Return the id under which offices know a conversation."""
    uri: str | None = await conn.fetchval(
        "SELECT uri FROM conversations WHERE id = $1", conversation_id
    )
    return uri


async def is_fetch_due(conn: Connection, conversation_id: int, before: datetime) -> bool:
    """Tell whether other offices were last asked about a conversation before this time."""
    due: bool | None = await conn.fetchval(
        "SELECT fetched_at IS NULL OR fetched_at < $2 FROM conversations WHERE id = $1",
        conversation_id,
        before,
    )
    return bool(due)


async def claim_fetch(
    tx: Transaction, conversation_id: int, now: datetime, before: datetime
) -> bool:
    """Note that other offices are asked now; False when they were since `before`."""
    return bool(
        await tx.execute(
            """
            UPDATE conversations
            SET fetched_at = $2
            WHERE id = $1
              AND (fetched_at IS NULL OR fetched_at < $3)
            """,
            conversation_id,
            now,
            before,
        )
    )
