"""Offices that single members want nothing of: their people vanish for this member alone.

Follows between the two are ended by the caller with effects of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.database import Connection, Transaction
from storage.follows import FOLLOW_COLUMNS, Follow
from storage.paging import Page


@dataclass(frozen=True, slots=True)
class DomainBlock:
    """An office that somebody blocks; `row_id` is the cursor of pages."""

    row_id: int
    domain: str


@dataclass(frozen=True, slots=True)
class Ties:
    """How many follows connect a member with an office, in both directions."""

    following: int
    followers: int


async def insert(tx: Transaction, new: DomainBlock, account_id: int, now: datetime) -> bool:
    """Block an office; False when it is blocked already."""
    return bool(
        await tx.execute(
            """
            INSERT INTO account_domain_blocks (id, account_id, domain, created_at)
            VALUES ($1, $2, $3, $4)
            ON CONFLICT (account_id, domain) DO NOTHING
            """,
            new.row_id,
            account_id,
            new.domain,
            now,
        )
    )


async def count(conn: Connection, account_id: int) -> int:
    """Return how many offices an account blocks."""
    total: int = await conn.fetchval(
        "SELECT count(*) FROM account_domain_blocks WHERE account_id = $1", account_id
    )
    return total


async def delete(tx: Transaction, account_id: int, domain: str) -> bool:
    """Block an office no longer; False when it was not blocked."""
    return bool(
        await tx.execute(
            "DELETE FROM account_domain_blocks WHERE account_id = $1 AND domain = $2",
            account_id,
            domain,
        )
    )


async def list_page(conn: Connection, account_id: int, page: Page) -> list[DomainBlock]:
    """Return the offices that an account blocks, latest first."""
    rows = await conn.fetch(
        f"""
        SELECT b.id AS row_id, b.domain
          FROM account_domain_blocks b
         WHERE b.account_id = $1
           AND {page.window("b.id", 2)}
        """,
        account_id,
        *page.bounds,
    )
    return page.newest_first([DomainBlock(row["row_id"], row["domain"]) for row in rows])


async def is_blocked(conn: Connection, account_id: int, target_id: int) -> bool:
    """Tell whether the account blocks the office of the target."""
    found: bool = await conn.fetchval(
        """
        SELECT EXISTS (
            SELECT FROM account_domain_blocks b
              JOIN accounts a ON a.domain = b.domain
             WHERE b.account_id = $1
               AND a.id = $2)
        """,
        account_id,
        target_id,
    )
    return found


async def count_ties(conn: Connection, account_id: int, domain: str) -> Ties:
    """Return how many follows blocking the office would end."""
    row = await conn.fetchrow(
        """
        SELECT (SELECT count(*)
                  FROM follows f
                  JOIN accounts a ON a.id = f.target_id
                 WHERE f.account_id = $1
                   AND f.state = 'accepted'
                   AND a.domain = $2) AS following,
               (SELECT count(*)
                  FROM follows f
                  JOIN accounts a ON a.id = f.account_id
                 WHERE f.target_id = $1
                   AND f.state = 'accepted'
                   AND a.domain = $2) AS followers
        """,
        account_id,
        domain,
    )
    return Ties(0, 0) if row is None else Ties(row["following"], row["followers"])


async def list_follows(conn: Connection, account_id: int, domain: str, limit: int) -> list[Follow]:
    """Return follows and requests between a member and an office, in both directions."""
    columns = ", ".join(f"f.{name}" for name in FOLLOW_COLUMNS)
    rows = await conn.fetch(
        f"""
        SELECT {columns}
          FROM follows f
          JOIN accounts a ON a.id = f.target_id
         WHERE f.account_id = $1
           AND a.domain = $2
        UNION ALL
        SELECT {columns}
          FROM follows f
          JOIN accounts a ON a.id = f.account_id
         WHERE f.target_id = $1
           AND a.domain = $2
         LIMIT $3
        """,
        account_id,
        domain,
        limit,
    )
    return [Follow(**dict(row)) for row in rows]


async def forget_notifications(tx: Transaction, account_id: int, domain: str) -> int:
    """Remove what the member was told of people of the office; returns how much went."""
    return await tx.execute(
        """
        DELETE FROM notifications n
         USING accounts a
         WHERE n.account_id = $1
           AND a.id = n.from_account_id
           AND a.domain = $2
        """,
        account_id,
        domain,
    )


async def expel(tx: Transaction, account_id: int, domains: Sequence[str]) -> int:
    """Take what people of these offices wrote, or boosted, out of the member's home timeline."""
    return await tx.execute(
        """
        DELETE FROM home_feed h
         USING statuses s, accounts a
         WHERE h.account_id = $1
           AND s.id = COALESCE(h.reblog_of_id, h.status_id)
           AND a.id IN (s.account_id, h.author_id)
           AND a.domain = ANY($2::text[])
        """,
        account_id,
        list(domains),
    )
