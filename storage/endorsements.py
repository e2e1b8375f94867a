"""People whom others recommend on their profiles."""

from collections.abc import Sequence
from datetime import datetime

from storage.database import Connection, Transaction
from storage.fragments import account_is_present
from storage.paging import Page
from storage.relationships import Cursor


async def insert(
    tx: Transaction, row_id: int, account_id: int, target_id: int, now: datetime
) -> bool:
    """Recommend somebody whom the account follows, again without effect; False if it does not."""
    return bool(
        await tx.fetchval(
            """
            WITH followed AS (
                SELECT 1
                  FROM follows
                 WHERE account_id = $2
                   AND target_id = $3
                   AND state = 'accepted'
            ), added AS (
                INSERT INTO endorsements (id, account_id, target_id, created_at)
                SELECT $1, $2, $3, $4 FROM followed
                ON CONFLICT (account_id, target_id) DO NOTHING)
            SELECT EXISTS (SELECT FROM followed)
            """,
            row_id,
            account_id,
            target_id,
            now,
        )
    )


async def delete(tx: Transaction, account_id: int, target_id: int) -> bool:
    """Recommend somebody no longer; False when nobody did."""
    return bool(
        await tx.execute(
            "DELETE FROM endorsements WHERE account_id = $1 AND target_id = $2",
            account_id,
            target_id,
        )
    )


async def drop_followed(tx: Transaction, pairs: Sequence[tuple[int, int]]) -> None:
    """End recommendations, for (recommending, no longer followed) pairs."""
    await tx.execute(
        """
        DELETE FROM endorsements e
         USING unnest($1::bigint[], $2::bigint[]) AS pair (account_id, target_id)
         WHERE e.account_id = pair.account_id
           AND e.target_id = pair.target_id
        """,
        [follower for follower, _ in pairs],
        [followed for _, followed in pairs],
    )


async def list_page(conn: Connection, account_id: int, page: Page) -> list[Cursor]:
    """Return whom an account recommends, latest first."""
    rows = await conn.fetch(
        f"""
        SELECT e.id AS row_id, e.target_id AS account_id
          FROM endorsements e
          JOIN accounts a ON a.id = e.target_id
         WHERE e.account_id = $1
           AND {account_is_present("a")}
           AND {page.window("e.id", 2)}
        """,
        account_id,
        *page.bounds,
    )
    return page.newest_first([Cursor(**dict(row)) for row in rows])
