"""What this office has of other offices and of its ties with them, and how that is purged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.database import Connection, Transaction


@dataclass(frozen=True, slots=True)
class Holdings:
    """What there is of some hosts.

    `followers` are their people who follow ours, `following` the other way round, `members` ours
    with such a tie, `severed_follows` those that a removal ended and that would come back.
    `deliveries` wait for them. `file_bytes` are those of the files in our store.
    """

    accounts: int
    followers: int
    following: int
    members: int
    severed_follows: int
    deliveries: int
    posts: int
    files: int
    file_bytes: int


async def count(conn: Connection, hosts: Sequence[str]) -> Holdings:
    """Count what there is of some hosts, in one statement."""
    row = await conn.fetchrow(_COUNT, list(hosts))
    return Holdings(0, 0, 0, 0, 0, 0, 0, 0, 0) if row is None else Holdings(**dict(row))


_COUNT = """
    WITH people AS MATERIALIZED (
        SELECT id
        FROM accounts
        WHERE domain = ANY($1::text[])
            AND deleted_at IS NULL
    ), followers AS (
        SELECT follows.target_id AS member_id
        FROM people
        JOIN follows ON follows.account_id = people.id
        WHERE follows.state = 'accepted'
    ), following AS (
        SELECT follows.account_id AS member_id
        FROM people
        JOIN follows ON follows.target_id = people.id
        WHERE follows.state = 'accepted'
    ), files AS (
        SELECT count(*) AS number, COALESCE(sum(media.size), 0)::bigint AS bytes
        FROM people
        JOIN media ON media.account_id = people.id
        WHERE media.stored
    )
    SELECT
        (SELECT count(*) FROM people) AS accounts,
        (SELECT count(*) FROM followers) AS followers,
        (SELECT count(*) FROM following) AS following,
        (SELECT count(*) FROM (
            SELECT member_id FROM followers UNION SELECT member_id FROM following) AS tied
        ) AS members,
        (SELECT count(*) FROM severed_follows WHERE host = ANY($1::text[])) AS severed_follows,
        (SELECT count(*)
         FROM lanes
         JOIN deliveries ON deliveries.lane_id = lanes.id
         WHERE lanes.host = ANY($1::text[])
             AND deliveries.state <> 'dead') AS deliveries,
        (SELECT count(*)
         FROM people
         JOIN statuses ON statuses.account_id = people.id) AS posts,
        files.number AS files,
        files.bytes AS file_bytes
    FROM files
"""


async def list_due(conn: Connection, before: datetime, limit: int) -> list[str]:
    """Return hosts that are out since then or longer and of which something may be left."""
    rows = await conn.fetch(
        """
        SELECT host
        FROM peers
        WHERE state IN ('removed', 'blocked')
            AND state_since <= $1
            AND purged_at IS NULL
        ORDER BY state_since
        LIMIT $2
        """,
        before,
        limit,
    )
    return [row["host"] for row in rows]


async def hold_out(tx: Transaction, host: str, before: datetime) -> bool:
    """Keep a host from coming back until the commit; False where it is back, or out not so long."""
    return bool(
        await tx.fetchval(
            """
            SELECT true
            FROM peers
            WHERE host = $1
                AND state IN ('removed', 'blocked')
                AND state_since <= $2
            FOR SHARE
            """,
            host,
            before,
        )
    )


async def list_statuses(conn: Connection, host: str, limit: int) -> list[int]:
    """Return some posts of people of a host."""
    rows = await conn.fetch(
        """
        SELECT statuses.id
        FROM accounts
        JOIN statuses ON statuses.account_id = accounts.id
        WHERE accounts.domain = $1
        LIMIT $2
        """,
        host,
        limit,
    )
    return [row["id"] for row in rows]


async def list_favourites(conn: Connection, host: str, limit: int) -> list[tuple[int, int]]:
    """Return some (account, status) pairs of favourites of people of a host."""
    rows = await conn.fetch(
        """
        SELECT favourites.account_id, favourites.status_id
        FROM accounts
        JOIN favourites ON favourites.account_id = accounts.id
        WHERE accounts.domain = $1
        LIMIT $2
        """,
        host,
        limit,
    )
    return [(row["account_id"], row["status_id"]) for row in rows]


async def unearth(tx: Transaction, uris: Sequence[str]) -> None:
    """Forget that posts were deleted: their office did not, and may send them again one day."""
    await tx.execute("DELETE FROM tombstones WHERE uri = ANY($1::text[])", list(uris))


async def detach_files(tx: Transaction, host: str, now: datetime, limit: int) -> list[int]:
    """Detach some files of people of a host, and of its emoji; returns the ids of their rows."""
    rows = await tx.fetch(
        """
        WITH doomed AS (
            SELECT media.id
            FROM accounts
            JOIN media ON media.account_id = accounts.id
            WHERE accounts.domain = $1
                AND media.detached_at IS NULL
            UNION
            SELECT emojis.media_id
            FROM emojis
            JOIN media ON media.id = emojis.media_id
            WHERE emojis.domain = $1
                AND media.detached_at IS NULL
            LIMIT $3
        ), bare AS (
            DELETE FROM emojis USING doomed WHERE emojis.media_id = doomed.id
        )
        UPDATE media
        SET status_id = NULL,
            detached_at = $2
        FROM doomed
        WHERE media.id = doomed.id
        RETURNING media.id
        """,
        host,
        now,
        limit,
    )
    return [row["id"] for row in rows]


# What people of a host left with our members. Blocks, mutes and notes are our members' own.
_TRACES = (
    ("notifications", "from_account_id"),
    ("notification_requests", "from_account_id"),
    ("notification_permissions", "from_account_id"),
    ("further_reactions", "account_id"),
    ("list_accounts", "account_id"),
    ("featured_tags", "account_id"),
)


async def delete_traces(tx: Transaction, host: str, limit: int) -> int:
    """Delete some of what people of a host left with our members, `limit` rows of each kind."""
    gone = 0
    for table, column in _TRACES:
        gone += await tx.execute(
            f"""
            DELETE FROM {table}
            WHERE ctid = ANY(ARRAY(
                SELECT {table}.ctid
                FROM accounts
                JOIN {table} ON {table}.{column} = accounts.id
                WHERE accounts.domain = $1
                LIMIT $2))
            """,
            host,
            limit,
        )
    return gone


async def clear_people(tx: Transaction, host: str, limit: int) -> list[int]:
    """Forget what some people of a host said about themselves; returns the ids of their accounts.

    The rows stay, with names and ids, and are filled again when somebody looks at them.
    """
    rows = await tx.fetch(
        """
        UPDATE accounts
        SET display_name = '',
            note = '',
            fields = '[]',
            avatar_id = NULL,
            header_id = NULL,
            also_known_as = '{}',
            fetched_at = NULL
        WHERE id IN (
            SELECT id
            FROM accounts
            WHERE domain = $1
                AND fetched_at IS NOT NULL
            LIMIT $2)
        RETURNING id
        """,
        host,
        limit,
    )
    return [row["id"] for row in rows]


async def set_purged(tx: Transaction, host: str, now: datetime) -> None:
    """Note that nothing is left of a host."""
    await tx.execute("UPDATE peers SET purged_at = $2 WHERE host = $1", host, now)
