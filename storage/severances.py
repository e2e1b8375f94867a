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
    rows = await conn.fetch(
        """
        SELECT m.account_id,
               count(*) FILTER (WHERE f.target_id = m.account_id) AS followers,
               count(*) FILTER (WHERE f.account_id = m.account_id) AS following
          FROM accounts a
          JOIN follows f ON a.id IN (f.account_id, f.target_id) AND f.state = 'accepted'
          JOIN members m
            ON m.account_id = CASE WHEN f.account_id = a.id THEN f.target_id ELSE f.account_id END
         WHERE a.domain = $1
         GROUP BY m.account_id
        """,
        host,
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
