"""What members lost at once: their follows to and from an office, or a person, that is gone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from storage.database import Connection, Transaction

Reason = Literal["domain_block", "user_domain_block", "account_suspension"]


@dataclass(frozen=True, slots=True)
class NewSeverance:
    """What one member lost; `target_name` is the office's host, or the handle of a person."""

    account_id: int
    type: Reason
    target_name: str
    followers_count: int
    following_count: int


@dataclass(frozen=True, slots=True)
class Severance:
    """A row of `severance_events`."""

    id: int
    account_id: int
    type: Reason
    target_name: str
    followers_count: int
    following_count: int
    created_at: datetime


async def insert_many(
    tx: Transaction, severances: Sequence[NewSeverance], now: datetime
) -> list[tuple[int, int]]:
    """Store what members lost, in one statement, and return (account, event) pairs."""
    rows = await tx.fetch(
        """
        INSERT INTO severance_events
                    (account_id, type, target_name, followers_count, following_count, created_at)
        SELECT s.account_id, s.type, s.target_name, s.followers_count, s.following_count, $6
          FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
               AS s (account_id, type, target_name, followers_count, following_count)
          JOIN members m ON m.account_id = s.account_id
        RETURNING account_id, id
        """,
        [each.account_id for each in severances],
        [each.type for each in severances],
        [each.target_name for each in severances],
        [each.followers_count for each in severances],
        [each.following_count for each in severances],
        now,
    )
    return [(row["account_id"], row["id"]) for row in rows]


async def ties_with_host(conn: Connection, host: str) -> list[tuple[int, int, int]]:
    """Return (member, followers, following) for each who has follows with people of an office."""
    return await _ties(conn, "a.domain = $1", host)


async def ties_with_account(conn: Connection, account_id: int) -> list[tuple[int, int, int]]:
    """Return (member, followers, following) for each who has follows with an account."""
    return await _ties(conn, "a.id = $1", account_id)


async def _ties(conn: Connection, condition: str, value: object) -> list[tuple[int, int, int]]:
    rows = await conn.fetch(
        f"""
        WITH lost AS (
            SELECT f.target_id AS account_id, 0 AS following, 1 AS followers
              FROM accounts a
              JOIN follows f ON f.account_id = a.id AND f.state = 'accepted'
             WHERE {condition}
            UNION ALL
            SELECT f.account_id, 1, 0
              FROM accounts a
              JOIN follows f ON f.target_id = a.id AND f.state = 'accepted'
             WHERE {condition}
        )
        SELECT m.account_id, sum(lost.followers) AS followers, sum(lost.following) AS following
          FROM lost
          JOIN members m ON m.account_id = lost.account_id
         GROUP BY m.account_id
        """,
        value,
    )
    return [(row["account_id"], row["followers"], row["following"]) for row in rows]


async def load(conn: Connection, ids: Sequence[int]) -> dict[int, Severance]:
    """Return events by id, in one query."""
    rows = await conn.fetch(
        """
        SELECT id, account_id, type, target_name, followers_count, following_count, created_at
          FROM severance_events
         WHERE id = ANY($1::bigint[])
        """,
        list(ids),
    )
    return {row["id"]: Severance(**dict(row)) for row in rows}
