"""Follows that ended because an office is not trusted any more, kept until it is or is purged."""

from collections.abc import Sequence
from datetime import datetime

from storage.database import Connection, Transaction
from storage.follows import FOLLOW_COLUMNS, counting

_COLUMNS = ", ".join(FOLLOW_COLUMNS)


async def sever(tx: Transaction, host: str, now: datetime) -> int:
    """End all follows and requests of and to people of a host; returns how many there were."""
    await tx.execute(
        f"""
        INSERT INTO severed_follows ({_COLUMNS}, host, severed_at)
        SELECT {", ".join(f"tie.{name}" for name in FOLLOW_COLUMNS)}, $1, $2
        FROM (
            SELECT follows.*
            FROM accounts
            JOIN follows ON follows.account_id = accounts.id
            WHERE accounts.domain = $1
            UNION
            SELECT follows.*
            FROM accounts
            JOIN follows ON follows.target_id = accounts.id
            WHERE accounts.domain = $1
        ) AS tie
        ON CONFLICT (id) DO NOTHING
        """,
        host,
        now,
    )
    ended = await tx.fetch(
        counting(
            f"""
            DELETE FROM follows
            USING severed_follows AS kept
            WHERE kept.host = $1
                AND kept.id = follows.id
            RETURNING {", ".join(f"follows.{name}" for name in FOLLOW_COLUMNS)}
            """,
            step="-1",
        ),
        host,
    )
    return len(ended)


_RESTORE = counting(
    f"""
    INSERT INTO follows ({_COLUMNS})
    SELECT {", ".join(f"kept.{name}" for name in FOLLOW_COLUMNS)}
    FROM severed_follows AS kept
    JOIN accounts AS follower
        ON follower.id = kept.account_id
        AND follower.deleted_at IS NULL
    JOIN accounts AS followed
        ON followed.id = kept.target_id
        AND followed.deleted_at IS NULL
    WHERE kept.host = ANY($1::text[])
        AND NOT EXISTS (
            SELECT
            FROM blocks
            WHERE (blocks.account_id, blocks.target_id) IN (
                (kept.account_id, kept.target_id), (kept.target_id, kept.account_id)))
        AND NOT EXISTS (
            SELECT
            FROM account_domain_blocks AS barred
            WHERE barred.account_id IN (kept.account_id, kept.target_id)
                AND barred.domain = kept.host)
    ON CONFLICT DO NOTHING
    RETURNING {_COLUMNS}
    """,
    step="1",
)


async def restore(tx: Transaction, hosts: Sequence[str]) -> int:
    """Let follows be as they were, but for those that somebody does not want any more.

    That is where one blocks the other, the member blocks the office, or one of them is gone.
    """
    kept = await tx.fetchval(
        "SELECT EXISTS (SELECT FROM severed_follows WHERE host = ANY($1::text[]))", list(hosts)
    )
    if not kept:
        return 0
    back = await tx.fetch(_RESTORE, list(hosts))
    await forget(tx, hosts)
    return len(back)


async def forget(tx: Transaction, hosts: Sequence[str]) -> None:
    """Give up the follows with hosts for good."""
    await tx.execute("DELETE FROM severed_follows WHERE host = ANY($1::text[])", list(hosts))


async def count(conn: Connection, host: str) -> int:
    """Return how many follows with people of a host would come back."""
    number: int = await conn.fetchval("SELECT count(*) FROM severed_follows WHERE host = $1", host)
    return number
