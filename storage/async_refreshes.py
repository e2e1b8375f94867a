"""Threads whose missing posts are being fetched while a member looks at them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.database import Connection, Transaction

LIFETIME = timedelta(hours=1)

# The job is there while it waits and while a worker has it, and gone when it is done.
_RUNNING = """
    EXISTS (
        SELECT FROM jobs
        WHERE jobs.kind = 'fetch_thread'
          AND jobs.key = {conversation}::text
          AND jobs.state = 'waiting')
"""


@dataclass(frozen=True, slots=True)
class AsyncRefresh:
    """One member's look at a thread, and whether the thread is still being fetched."""

    id: int
    running: bool


async def is_running(conn: Connection, conversation_id: int) -> bool:
    """Tell whether the posts of a conversation are being fetched."""
    running: bool = await conn.fetchval(
        f"SELECT {_RUNNING.format(conversation='$1::bigint')}", conversation_id
    )
    return running


async def upsert(
    tx: Transaction, refresh_id: int, account_id: int, conversation_id: int, now: datetime
) -> int:
    """Note that a member looks at a thread; returns the id, the earlier one when there is one."""
    kept: int = await tx.fetchval(
        """
        INSERT INTO async_refreshes (id, account_id, conversation_id, created_at)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (account_id, conversation_id) DO UPDATE SET created_at = EXCLUDED.created_at
        RETURNING id
        """,
        refresh_id,
        account_id,
        conversation_id,
        now,
    )
    return kept


async def find(conn: Connection, account_id: int, refresh_id: int) -> AsyncRefresh | None:
    """Return one of the member's looks; None when there is none, or it was another's."""
    row = await conn.fetchrow(
        f"""
        SELECT r.id, {_RUNNING.format(conversation="r.conversation_id")} AS running
        FROM async_refreshes AS r
        WHERE r.id = $2
          AND r.account_id = $1
        """,
        account_id,
        refresh_id,
    )
    return None if row is None else AsyncRefresh(row["id"], row["running"])


async def prune(tx: Transaction, now: datetime) -> int:
    """Forget looks of an hour ago; returns how many."""
    return await tx.execute("DELETE FROM async_refreshes WHERE created_at < $1", now - LIFETIME)
