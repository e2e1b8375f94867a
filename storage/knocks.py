"""Hosts that are not trusted and sent signed requests: who, in whose name, when, how often.

All of it is what a stranger says: nothing was verified, and nothing was asked of anybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.database import Connection, Record, Transaction
from storage.fragments import peer_talks


@dataclass(frozen=True, slots=True)
class Knock:
    """A refused host, the key and the actor that it named last, and how often it came at least.

    `host` is that of the key. `actor_host` is another one where an office's people live elsewhere
    than its keys, or where somebody pretends so.
    """

    host: str
    key_id: str
    actor_uri: str | None
    actor_host: str | None
    count: int
    first_at: datetime
    last_at: datetime
    ignored_at: datetime | None


_COLUMNS = "host, key_id, actor_uri, actor_host, count, first_at, last_at, ignored_at"
# Who is trusted or blocked meanwhile knocks no more.
_UNDECIDED = f"""
    NOT EXISTS (
        SELECT
        FROM peers
        WHERE peers.host = knocks.host
            AND ({peer_talks("peers")} OR peers.state = 'blocked'))
"""


@dataclass(frozen=True, slots=True)
class NewKnock:
    """What is written down of a host that knocked."""

    host: str
    key_id: str
    actor_uri: str | None
    actor_host: str | None
    count: int


async def record(tx: Transaction, knock: NewKnock, now: datetime) -> None:
    """Add so many knocks of a host."""
    await tx.execute(
        """
        INSERT INTO knocks AS known
            (host, key_id, actor_uri, actor_host, count, first_at, last_at)
        VALUES ($1, $2, $3, $4, $5, $6, $6)
        ON CONFLICT (host) DO UPDATE
        SET key_id = excluded.key_id,
            actor_uri = excluded.actor_uri,
            actor_host = excluded.actor_host,
            count = known.count + excluded.count,
            last_at = greatest(known.last_at, excluded.last_at)
        """,
        knock.host,
        knock.key_id,
        knock.actor_uri,
        knock.actor_host,
        knock.count,
        now,
    )


async def list_latest(conn: Connection, limit: int, *, ignored: bool = False) -> list[Knock]:
    """Return the hosts that knocked last and that nobody has decided about, the latest first.

    With `ignored` those that were ignored are among them.
    """
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS}
        FROM knocks
        WHERE ($2 OR ignored_at IS NULL)
            AND {_UNDECIDED}
        ORDER BY last_at DESC, host
        LIMIT $1
        """,
        limit,
        ignored,
    )
    return [_knock(row) for row in rows]


async def find(conn: Connection, host: str) -> Knock | None:
    """Return what is written down of a host."""
    row = await conn.fetchrow(f"SELECT {_COLUMNS} FROM knocks WHERE host = $1", host)
    return None if row is None else _knock(row)


async def list_of_actors(conn: Connection, hosts: Sequence[str], limit: int) -> list[Knock]:
    """Return hosts that are not trusted and knocked in the name of people of these hosts."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS}
        FROM knocks
        WHERE actor_host = ANY($1::text[])
            AND host <> actor_host
            AND ignored_at IS NULL
            AND {_UNDECIDED}
        ORDER BY last_at DESC, host
        LIMIT $2
        """,
        list(hosts),
        limit,
    )
    return [_knock(row) for row in rows]


async def ignore(tx: Transaction, host: str, now: datetime) -> bool:
    """Show the knocks of a host no more; False when it never knocked."""
    changed = await tx.execute(
        "UPDATE knocks SET ignored_at = COALESCE(ignored_at, $2) WHERE host = $1", host, now
    )
    return changed > 0


async def forget(tx: Transaction, hosts: Sequence[str]) -> None:
    """Forget the knocks of hosts that were decided about."""
    await tx.execute("DELETE FROM knocks WHERE host = ANY($1::text[])", list(hosts))


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


def _knock(row: Record) -> Knock:
    return Knock(**dict(row))
