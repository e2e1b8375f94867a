"""Who of ours reads whom: what decides whether a remote post is kept here at all."""

from collections.abc import Sequence

from storage.database import Connection


async def followed_here(conn: Connection, account_ids: Sequence[int]) -> frozenset[int]:
    """Return those of the accounts that one of our members follows, accepted."""
    rows = await conn.fetch(
        """
        SELECT DISTINCT follows.target_id
        FROM follows
        JOIN members
            ON members.account_id = follows.account_id
        WHERE follows.target_id = ANY($1::bigint[])
            AND follows.state = 'accepted'
        """,
        list(account_ids),
    )
    return frozenset(row["target_id"] for row in rows)
