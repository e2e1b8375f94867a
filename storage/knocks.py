"""Hosts that are not on the allowlist and sent signed requests: who, when, how often."""

from dataclasses import dataclass
from datetime import datetime

from storage.database import Connection, Transaction


@dataclass(frozen=True, slots=True)
class Knock:
    """A refused host, the key that it named last, and how often it came at least."""

    host: str
    key_id: str
    count: int
    first_at: datetime
    last_at: datetime


async def record(tx: Transaction, host: str, key_id: str, count: int, now: datetime) -> None:
    """Add so many knocks of a host."""
    await tx.execute(
        """
        INSERT INTO knocks AS known (host, key_id, count, first_at, last_at)
        VALUES ($1, $2, $3, $4, $4)
        ON CONFLICT (host) DO UPDATE
        SET key_id = excluded.key_id,
            count = known.count + excluded.count,
            last_at = greatest(known.last_at, excluded.last_at)
        """,
        host,
        key_id,
        count,
        now,
    )


async def list_latest(conn: Connection, limit: int) -> list[Knock]:
    """Return the hosts that knocked last and are still not allowed, the latest first."""
    rows = await conn.fetch(
        """
        SELECT host, key_id, count, first_at, last_at
        FROM knocks
        WHERE NOT EXISTS (
            SELECT
            FROM peers
            WHERE peers.host = knocks.host
                AND peers.state = 'allowed'
        )
        ORDER BY last_at DESC, host
        LIMIT $1
        """,
        limit,
    )
    return [Knock(**dict(row)) for row in rows]


async def trim(tx: Transaction, most: int, before: datetime) -> int:
    """Forget hosts that were not heard of since then, and all but so many of the others."""
    return await tx.execute(
        """
        DELETE FROM knocks
        WHERE last_at < $2
            OR host IN (
                SELECT host
                FROM knocks
                ORDER BY last_at DESC, host
                OFFSET $1
            )
        """,
        most,
        before,
    )
