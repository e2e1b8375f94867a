"""What people look at and decide about activities that arrived: to try them again, or forget them.

Receiving and processing live in `storage.inbox`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from storage.database import Connection, Transaction

ReceiptState = Literal["waiting", "done", "parked", "buried"]
OPEN: tuple[ReceiptState, ...] = ("waiting", "parked", "buried")
REFUSED: tuple[ReceiptState, ...] = ("parked", "buried")


@dataclass(frozen=True, slots=True)
class KeptReceipt:
    """An activity that arrived, as an administrator sees it; its reason may be empty."""

    id: int
    actor_uri: str
    activity_uri: str
    host: str
    type: str
    state: ReceiptState
    reason: str
    attempts: int
    received_at: datetime


_COLUMNS = """
    id,
    actor_uri,
    activity_uri,
    host,
    type,
    state,
    COALESCE(reason, '') AS reason,
    attempts,
    received_at
"""


async def list_receipts(
    conn: Connection,
    *,
    states: Sequence[ReceiptState] = REFUSED,
    host: str | None = None,
    limit: int = 100,
) -> list[KeptReceipt]:
    """Return the newest activities in these states, of one host or of all."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS}
        FROM inbox
        WHERE state = ANY($1::text[])
            AND state <> 'done'
            AND ($2::text IS NULL OR host = $2)
        ORDER BY id DESC
        LIMIT $3
        """,
        list(states),
        host,
        limit,
    )
    return [KeptReceipt(**dict(row)) for row in rows]


async def get_receipt(conn: Connection, receipt_id: int) -> tuple[KeptReceipt, bytes] | None:
    """Return an activity in any state and its body, which is empty for one that is done."""
    row = await conn.fetchrow(
        f"""
        SELECT
            {_COLUMNS},
            body
        FROM inbox
        WHERE id = $1
        """,
        receipt_id,
    )
    if row is None:
        return None
    fields = dict(row)
    body: bytes = fields.pop("body")
    return KeptReceipt(**fields), body


async def retry(tx: Transaction, receipt_ids: Sequence[int], now: datetime) -> list[int]:
    """Let activities wait again, as if they had just come; returns which, in their order.

    Their actors are due at once. Those that are done, or not there, are left out.
    """
    rows = await tx.fetch(_RETRY.format(condition="id = ANY($2::bigint[])"), now, list(receipt_ids))
    tx.hint("inbox")
    return [row["id"] for row in rows]


async def retry_host(
    tx: Transaction, host: str, now: datetime, *, refused_before: datetime, limit: int
) -> list[int]:
    """Let the oldest of what a host sent, and what was refused before, wait again."""
    condition = """
        id IN (
            SELECT id
            FROM inbox
            WHERE host = $2
                AND state IN ('parked', 'buried')
                AND done_at <= $3
            ORDER BY id
            LIMIT $4)
    """
    rows = await tx.fetch(_RETRY.format(condition=condition), now, host, refused_before, limit)
    tx.hint("inbox")
    return [row["id"] for row in rows]


_RETRY = """
    WITH again AS (
        UPDATE inbox
        SET state = 'waiting',
            reason = NULL,
            attempts = 0,
            done_at = NULL
        WHERE {condition}
            AND state IN ('waiting', 'parked', 'buried')
        RETURNING id, actor_uri
    ), woken AS (
        INSERT INTO inbox_actors (actor_uri, due_at)
        SELECT DISTINCT
            actor_uri,
            $1::timestamptz
        FROM again
        ORDER BY actor_uri
        ON CONFLICT (actor_uri) DO UPDATE
        SET due_at = LEAST(inbox_actors.due_at, excluded.due_at),
            attempts = 0
    )
    SELECT id
    FROM again
    ORDER BY id
"""


async def drop(tx: Transaction, receipt_ids: Sequence[int]) -> list[int]:
    """Forget activities that are not done; returns which. A repetition of them is taken again."""
    rows = await tx.fetch(
        """
        DELETE FROM inbox
        WHERE id = ANY($1::bigint[])
            AND state <> 'done'
        RETURNING id
        """,
        list(receipt_ids),
    )
    return sorted(row["id"] for row in rows)


async def drop_host(tx: Transaction, host: str, *, limit: int) -> int:
    """Forget the oldest of what a host sent and what was refused; returns how many."""
    return await tx.execute(
        """
        DELETE FROM inbox
        WHERE id IN (
            SELECT id
            FROM inbox
            WHERE host = $1
                AND state IN ('parked', 'buried')
            ORDER BY id
            LIMIT $2)
        """,
        host,
        limit,
    )


async def trim_refused(tx: Transaction, most: int, *, limit: int) -> int:
    """Forget the oldest refused activities of peers that have more than `most`, `limit` at once."""
    return await tx.execute(
        """
        DELETE FROM inbox
        WHERE id IN (
            SELECT old.id
            FROM peers
            CROSS JOIN LATERAL (
                SELECT id
                FROM inbox
                WHERE inbox.host = peers.host
                    AND state IN ('parked', 'buried')
                ORDER BY id DESC
                OFFSET $1
                LIMIT 1
            ) AS surplus
            JOIN inbox AS old
                ON old.host = peers.host
                AND old.state IN ('parked', 'buried')
                AND old.id <= surplus.id
            LIMIT $2)
        """,
        most,
        limit,
    )


async def count_waiting(conn: Connection, host: str, *, most: int) -> tuple[int, int]:
    """Return how many activities of a host wait, counted up to `most`, and their bytes."""
    row = await conn.fetchrow(
        """
        SELECT
            count(*) AS number,
            COALESCE(sum(octet_length(body)), 0)::bigint AS bytes
        FROM (
            SELECT body
            FROM inbox
            WHERE host = $1
                AND state = 'waiting'
            LIMIT $2
        ) AS waiting
        """,
        host,
        most,
    )
    return (0, 0) if row is None else (row["number"], row["bytes"])


async def prune_refused(tx: Transaction, before: datetime, *, limit: int = 10_000) -> int:
    """Forget activities that were parked or buried before, `limit` of them at once."""
    return await tx.execute(
        """
        DELETE FROM inbox
        WHERE id IN (
            SELECT id
            FROM inbox
            WHERE state IN ('parked', 'buried')
                AND done_at < $1
            LIMIT $2)
        """,
        before,
        limit,
    )
