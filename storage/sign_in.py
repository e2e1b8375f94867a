"""Failed sign-ins, counted per bucket.

A bucket is a text such as `account:17` or `address:192.0.2.1`; what it stands for and how many
failures it bears is the use-case's choice. Rows hold across processes and restarts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.database import Transaction


@dataclass(frozen=True, slots=True)
class Bucket:
    """A name under which failures are counted, and how many it bears within one window."""

    name: str
    limit: int


_COUNT = """
    INSERT INTO sign_in_failures AS f (bucket, failures, window_started_at)
    SELECT name, 1, $5
    FROM unnest($1::text[], $2::integer[]) AS b (name, most)
    ORDER BY name
    ON CONFLICT (bucket) DO UPDATE
    SET failures = CASE
            WHEN f.blocked_until > $5 THEN f.failures
            WHEN f.blocked_until IS NOT NULL OR f.window_started_at < $3 THEN 1
            ELSE f.failures + 1
        END,
        window_started_at = CASE
            WHEN f.blocked_until > $5 THEN f.window_started_at
            WHEN f.blocked_until IS NOT NULL OR f.window_started_at < $3 THEN $5
            ELSE f.window_started_at
        END,
        blocked_until = CASE
            WHEN f.blocked_until > $5 THEN f.blocked_until
            WHEN f.blocked_until IS NOT NULL OR f.window_started_at < $3 THEN NULL
            WHEN f.failures + 1 > (
                SELECT most
                FROM unnest($1::text[], $2::integer[]) AS b (name, most)
                WHERE name = f.bucket
            ) THEN $4
        END
    RETURNING blocked_until
"""


async def count_attempt(
    tx: Transaction,
    buckets: Sequence[Bucket],
    *,
    window_start: datetime,
    blocked_until: datetime,
    now: datetime,
) -> datetime | None:
    """Count an attempt as failed in all buckets; returns until when it is refused, if it is.

    Attempts are counted before the password is looked at, so that many at once can't all slip
    below the limit; `forgive` takes a good one back. A window older than window_start begins
    anew. The limit's last attempt is still let through, and the next one blocks the bucket.
    """
    rows = await tx.fetch(
        _COUNT,
        [bucket.name for bucket in buckets],
        [bucket.limit for bucket in buckets],
        window_start,
        blocked_until,
        now,
    )
    blocks = [row["blocked_until"] for row in rows if row["blocked_until"] is not None]
    return max(blocks, default=None)


async def forgive(tx: Transaction, buckets: Sequence[str], cleared: Sequence[str]) -> None:
    """Take one counted attempt back from `buckets`, and forget those in `cleared` altogether."""
    # In the order in which attempts lock them, so that two sign-ins never wait for each other.
    await tx.execute(
        """
        WITH counted AS MATERIALIZED (
            SELECT bucket
            FROM sign_in_failures
            WHERE bucket = ANY($1::text[] || $2::text[])
            ORDER BY bucket
            FOR UPDATE
        )
        UPDATE sign_in_failures AS f
        SET failures = GREATEST(f.failures - 1, 0)
        FROM counted
        WHERE f.bucket = counted.bucket
          AND f.bucket = ANY($1::text[])
        """,
        list(buckets),
        list(cleared),
    )
    await tx.execute("DELETE FROM sign_in_failures WHERE bucket = ANY($1::text[])", list(cleared))


async def update_password_hash(
    tx: Transaction, account_id: int, old_hash: str, new_hash: str
) -> None:
    """Replace a password's hash by one of today's cost, unless the password changed meanwhile."""
    await tx.execute(
        """
        UPDATE members
        SET password_hash = $3
        WHERE account_id = $1
            AND password_hash = $2
        """,
        account_id,
        old_hash,
        new_hash,
    )


async def delete_stale(tx: Transaction, before: datetime) -> int:
    """Forget buckets whose window and block lie before this time; returns how many."""
    return await tx.execute(
        """
        DELETE FROM sign_in_failures
        WHERE window_started_at < $1
            AND (blocked_until IS NULL OR blocked_until < $1)
        """,
        before,
    )
