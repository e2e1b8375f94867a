"""Keys under which an app may repeat a request to post without posting twice."""

from datetime import datetime, timedelta

from storage.database import Transaction

LIFETIME = timedelta(hours=1)


async def claim(tx: Transaction, account_id: int, key: str, status_id: int, now: datetime) -> int:
    """Take the key for this status; returns the id of the status that has it.

    Waits for a transaction that is taking the same key. A key older than an hour is free again.
    """
    owner: int = await tx.fetchval(
        """
        INSERT INTO idempotency_keys AS k (account_id, key, status_id, created_at)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (account_id, key) DO UPDATE
        SET status_id = CASE WHEN k.created_at < $5 THEN EXCLUDED.status_id ELSE k.status_id END,
            created_at = CASE WHEN k.created_at < $5 THEN EXCLUDED.created_at ELSE k.created_at END
        RETURNING status_id
        """,
        account_id,
        key,
        status_id,
        now,
        now - LIFETIME,
    )
    return owner


async def prune(tx: Transaction, now: datetime) -> int:
    """Forget the keys that are free again; returns how many."""
    return await tx.execute("DELETE FROM idempotency_keys WHERE created_at < $1", now - LIFETIME)
