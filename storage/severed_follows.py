"""Follows that ended because an office is not trusted any more, kept until it is or is purged."""

from collections.abc import Sequence
from datetime import datetime

from storage.database import Transaction
from storage.follows import FOLLOW_COLUMNS, counting

_COLUMNS = ", ".join(FOLLOW_COLUMNS)


async def sever(tx: Transaction, host: str, now: datetime) -> None:
    """End all follows and requests of and to people of a host, and keep them."""
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
    for ids in await _batches(tx, [host]):
        await tx.fetch(_END, ids)


# In batches: what is counted in one statement is compared row by row.
_AT_ONCE = 200
_END = counting(f"DELETE FROM follows WHERE id = ANY($1::bigint[]) RETURNING {_COLUMNS}", step="-1")


async def _batches(tx: Transaction, hosts: Sequence[str]) -> list[list[int]]:
    """Return the ids of what is kept of hosts, in batches."""
    rows = await tx.fetch(
        "SELECT id FROM severed_follows WHERE host = ANY($1::text[]) ORDER BY id", list(hosts)
    )
    ids = [row["id"] for row in rows]
    return [ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE)]


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
    WHERE kept.id = ANY($1::bigint[])
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


async def restore(tx: Transaction, hosts: Sequence[str]) -> None:
    """Let follows be as they were, but for those that somebody does not want any more.

    That is where one blocks the other, the member blocks the office, or one of them is gone.
    """
    batches = await _batches(tx, hosts)
    for ids in batches:
        await tx.fetch(_RESTORE, ids)
    if batches:
        await forget(tx, hosts)


async def forget(tx: Transaction, hosts: Sequence[str]) -> None:
    """Give up the follows with hosts for good."""
    await tx.execute("DELETE FROM severed_follows WHERE host = ANY($1::text[])", list(hosts))
