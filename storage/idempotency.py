"""Keys under which an app may repeat a request to post without posting twice."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.database import Transaction

LIFETIME = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Owner:
    """What a key was used for: the id of a status, or of one that is scheduled."""

    id: int
    scheduled: bool


async def claim(
    tx: Transaction, account_id: int, key: str, own: Owner, now: datetime
) -> Owner | None:
    """Take the key for what is about to be stored; returns what has it, None if it is taken now.

    Waits for a transaction that is taking the same key. A key older than an hour is free again.
    """
    row = await tx.fetchrow(
        """
        INSERT INTO idempotency_keys AS k (account_id, key, status_id, scheduled, created_at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (account_id, key) DO UPDATE
        SET status_id = CASE WHEN k.created_at < $6 THEN EXCLUDED.status_id ELSE k.status_id END,
            scheduled = CASE WHEN k.created_at < $6 THEN EXCLUDED.scheduled ELSE k.scheduled END,
            created_at = CASE WHEN k.created_at < $6 THEN EXCLUDED.created_at ELSE k.created_at END
        RETURNING status_id, scheduled
        """,
        account_id,
        key,
        own.id,
        own.scheduled,
        now,
        now - LIFETIME,
    )
    if row is None:
        raise ValueError("The statement inserts or updates, so it returns a row.")
    found = Owner(row["status_id"], row["scheduled"])
    return None if found == own else found


async def publish_scheduled(
    tx: Transaction, account_id: int, scheduled_id: int, status_id: int
) -> None:
    """Let the key of a scheduled status lead to the status that it has become."""
    await tx.execute(
        """
        UPDATE idempotency_keys
        SET status_id = $3, scheduled = false
        WHERE account_id = $1
          AND status_id = $2
          AND scheduled
        """,
        account_id,
        scheduled_id,
        status_id,
    )


async def prune(tx: Transaction, now: datetime) -> int:
    """Forget the keys that are free again; returns how many."""
    return await tx.execute("DELETE FROM idempotency_keys WHERE created_at < $1", now - LIFETIME)
