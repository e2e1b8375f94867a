"""Activities that arrived, as bytes, and the actors whose activities wait to be processed.

An actor is the unit of a lease, so what one actor sent is processed in its order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID, uuid4

from storage.database import Connection, Transaction
from storage.errors import LeaseLost
from storage.fragments import peer_talks

Standing = Literal["taken", "stranger", "suspended", "deleted", "changed"]


@dataclass(frozen=True, slots=True)
class NewReceipt:
    """An authenticated activity before it is stored; host is that of its actor.

    The key is the one that verified it, None if nothing did. takes_back is said of what is also
    taken from suspended accounts.
    """

    actor_uri: str
    activity_uri: str
    host: str
    type: str
    body: bytes
    takes_back: bool = False
    key_id: str | None = None
    public_pem: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A stored activity. `allowed` tells whether its host is on the allowlist at this moment."""

    id: int
    actor_uri: str
    activity_uri: str
    host: str
    type: str
    body: bytes
    attempts: int
    received_at: datetime
    allowed: bool


@dataclass(frozen=True, slots=True)
class Lease:
    """The actors that one worker has for itself, and their waiting activities, each in order."""

    token: UUID
    actor_uris: tuple[str, ...]
    receipts: tuple[Receipt, ...]


async def receive(tx: Transaction, receipts: Sequence[NewReceipt], now: datetime) -> list[Standing]:
    """Store activities, wake their actors, and say of each what became of it.

    Only "taken" ones are stored, or were before: a repetition changes nothing. The others came
    from a host that is not allowed, from an account that is suspended or deleted, or were verified
    by a key that is not, or no longer, on record. One statement, which asks for all of that.
    """
    rows = await tx.fetch(
        _RECEIVE,
        [each.actor_uri for each in receipts],
        [each.activity_uri for each in receipts],
        [each.host for each in receipts],
        [each.type for each in receipts],
        [each.body for each in receipts],
        [each.takes_back for each in receipts],
        [each.key_id for each in receipts],
        [each.public_pem for each in receipts],
        now,
    )
    tx.hint("inbox")
    return [row["standing"] for row in rows]


_RECEIVE = f"""
    WITH arrived AS MATERIALIZED (
        SELECT
            given.*,
            CASE
                WHEN peers.host IS NULL THEN 'stranger'
                WHEN given.key_id IS NULL THEN 'taken'
                WHEN account_keys.key_id IS NULL THEN 'changed'
                WHEN accounts.deleted_at IS NOT NULL THEN 'deleted'
                -- Whom its own office has suspended may say that this is over.
                WHEN accounts.suspended_at IS NOT NULL
                    AND NOT accounts.suspended_by_origin
                    AND NOT given.takes_back THEN 'suspended'
                WHEN signer_peers.host IS NULL THEN 'stranger'
                ELSE 'taken'
            END AS standing
        FROM unnest(
            $1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::boolean[],
            $7::text[], $8::text[])
            WITH ORDINALITY AS given (
                actor_uri, activity_uri, host, type, body, takes_back, key_id, public_pem, place)
        LEFT JOIN peers
            ON peers.host = given.host
            AND {peer_talks("peers")}
        LEFT JOIN account_keys
            ON account_keys.key_id = given.key_id
            AND account_keys.public_pem = given.public_pem
        LEFT JOIN accounts
            ON accounts.id = account_keys.account_id
        LEFT JOIN peers AS signer_peers
            ON signer_peers.host = accounts.domain
            AND {peer_talks("signer_peers")}
    ), stored AS (
        INSERT INTO inbox (actor_uri, activity_uri, host, type, body, received_at)
        SELECT
            actor_uri,
            activity_uri,
            host,
            type,
            body,
            $9
        FROM arrived
        WHERE standing = 'taken'
        ORDER BY place
        ON CONFLICT (actor_uri, activity_uri) DO NOTHING
        RETURNING actor_uri
    ), woken AS (
        INSERT INTO inbox_actors (actor_uri, due_at)
        SELECT DISTINCT
            actor_uri,
            $9::timestamptz
        FROM stored
        ORDER BY actor_uri
        ON CONFLICT (actor_uri) DO UPDATE
        -- An actor whose first activity fails keeps its pause, whatever else arrives.
        SET due_at = CASE
            WHEN inbox_actors.attempts > 0 THEN inbox_actors.due_at
            ELSE LEAST(inbox_actors.due_at, excluded.due_at)
        END
    )
    SELECT standing
    FROM arrived
    ORDER BY place
"""


async def lease(
    tx: Transaction, now: datetime, *, actors: int, receipts: int, lasting: timedelta
) -> Lease:
    """Lease due actors, and return a contiguous prefix of the waiting activities of each.

    Actors are served in turns, so one with much to say leaves room for the others.
    """
    token = uuid4()
    leased = await tx.fetch(
        """
        WITH due AS (
            SELECT actor_uri
            FROM inbox_actors
            WHERE due_at <= $1
                AND (leased_until IS NULL OR leased_until < $1)
            ORDER BY due_at
            LIMIT $2
            FOR UPDATE SKIP LOCKED
        )
        UPDATE inbox_actors
        SET leased_until = $3,
            lease_token = $4
        FROM due
        WHERE inbox_actors.actor_uri = due.actor_uri
        RETURNING inbox_actors.actor_uri
        """,
        now,
        actors,
        now + lasting,
        token,
    )
    actor_uris = tuple(row["actor_uri"] for row in leased)
    rows = [] if not leased else await tx.fetch(_WAITING, list(actor_uris), receipts)
    return Lease(token, actor_uris, tuple(Receipt(**dict(row)) for row in rows))


_WAITING = f"""
    SELECT
        first.id,
        first.actor_uri,
        first.activity_uri,
        first.host,
        first.type,
        first.body,
        first.attempts,
        first.received_at,
        EXISTS (
            SELECT
            FROM peers
            WHERE peers.host = first.host
                AND {peer_talks("peers")}
        ) AS allowed
    FROM unnest($1::text[]) AS leased (actor_uri)
    CROSS JOIN LATERAL (
        SELECT
            inbox.*,
            row_number() OVER (ORDER BY inbox.id) AS turn
        FROM inbox
        WHERE inbox.actor_uri = leased.actor_uri
            AND inbox.state = 'waiting'
        ORDER BY inbox.id
        LIMIT $2
    ) AS first
    ORDER BY
        first.turn,
        first.id
    LIMIT $2
"""


async def find(conn: Connection, receipt_id: int) -> Receipt | None:
    """Return an activity in any state, None when it is not there any more."""
    row = await conn.fetchrow(
        f"""
        SELECT
            id,
            actor_uri,
            activity_uri,
            host,
            type,
            body,
            attempts,
            received_at,
            EXISTS (
                SELECT
                FROM peers
                WHERE peers.host = inbox.host
                    AND {peer_talks("peers")}
            ) AS allowed
        FROM inbox
        WHERE id = $1
        """,
        receipt_id,
    )
    return None if row is None else Receipt(**dict(row))


async def finish(
    tx: Transaction,
    done: Sequence[int],
    parked: Mapping[int, str],
    now: datetime,
    *,
    gathering: Sequence[int] = (),
) -> None:
    """Mark activities as done, and others as parked with the reason.

    The body of what is done goes, unless a job is still to fetch something for it.
    """
    ended = [*done, *gathering]
    await tx.execute(
        """
        UPDATE inbox
        SET state = outcome.state,
            reason = outcome.reason,
            body = CASE WHEN outcome.emptied THEN '' ELSE inbox.body END,
            done_at = $5
        FROM unnest($1::bigint[], $2::text[], $3::text[], $4::boolean[])
            AS outcome (id, state, reason, emptied)
        WHERE inbox.id = outcome.id
        """,
        [*ended, *parked],
        ["done"] * len(ended) + ["parked"] * len(parked),
        [None] * len(ended) + list(parked.values()),
        [True] * len(done) + [False] * (len(gathering) + len(parked)),
        now,
    )


async def fail(
    tx: Transaction, receipt_id: int, reason: str, now: datetime, *, most_attempts: int
) -> bool:
    """Count a failure that is our own; True when the activity is buried after the last attempt."""
    state = await tx.fetchval(
        """
        UPDATE inbox
        SET attempts = attempts + 1,
            reason = $2,
            state = CASE WHEN attempts + 1 >= $4 THEN 'buried' ELSE state END,
            done_at = CASE WHEN attempts + 1 >= $4 THEN $3 ELSE done_at END
        WHERE id = $1
            AND state = 'waiting'
        RETURNING state
        """,
        receipt_id,
        reason,
        now,
        most_attempts,
    )
    return bool(state == "buried")


async def release(tx: Transaction, held: Lease, now: datetime) -> None:
    """End a lease: actors with more to process stay due, the others are forgotten.

    Raises LeaseLost if somebody else holds one of them. Locks the actors against arrivals until
    the commit, so it comes last in a transaction.
    """
    # Two statements: the second sees what arrived while the first one waited for its locks.
    await _lock(tx, held.token, held.actor_uris)
    await tx.execute(
        """
        WITH idle AS (
            DELETE FROM inbox_actors
            WHERE actor_uri = ANY($1::text[])
                AND NOT EXISTS (
                    SELECT
                    FROM inbox
                    WHERE inbox.actor_uri = inbox_actors.actor_uri
                        AND inbox.state = 'waiting'
                )
            RETURNING actor_uri
        )
        UPDATE inbox_actors
        SET leased_until = NULL,
            lease_token = NULL,
            attempts = 0,
            due_at = $2
        WHERE actor_uri = ANY($1::text[])
            AND actor_uri NOT IN (SELECT actor_uri FROM idle)
        """,
        list(held.actor_uris),
        now,
    )


async def check_held(tx: Transaction, held: Lease, actor_uri: str) -> None:
    """Raise LeaseLost unless the actor is still leased; holds it until the commit."""
    await _lock(tx, held.token, (actor_uri,))


async def postpone(tx: Transaction, held: Lease, actor_uri: str, due_at: datetime) -> None:
    """End the lease of an actor whose first activity failed: it is due again later."""
    await tx.execute(
        """
        UPDATE inbox_actors
        SET leased_until = NULL,
            lease_token = NULL,
            attempts = attempts + 1,
            due_at = $3
        WHERE actor_uri = $1
            AND lease_token = $2
        """,
        actor_uri,
        held.token,
        due_at,
    )


async def _lock(tx: Transaction, token: UUID, actor_uris: Sequence[str]) -> None:
    rows = await tx.fetch(
        """
        SELECT actor_uri
        FROM inbox_actors
        WHERE actor_uri = ANY($1::text[])
            AND lease_token = $2
        ORDER BY actor_uri
        FOR UPDATE
        """,
        list(actor_uris),
        token,
    )
    if len(rows) != len(actor_uris):
        raise LeaseLost("Another worker has taken over these actors.")


async def count_by_state(conn: Connection) -> dict[str, int]:
    """Return how many activities there are in each state that occurs."""
    rows = await conn.fetch("SELECT state, count(*) AS number FROM inbox GROUP BY state")
    return {row["state"]: row["number"] for row in rows}


async def prune(tx: Transaction, before: datetime, *, limit: int = 10_000) -> int:
    """Forget activities that were done before, `limit` of them at once.

    A repetition of them would be processed again.
    """
    return await tx.execute(
        """
        DELETE FROM inbox
        WHERE id IN (
            SELECT id
            FROM inbox
            WHERE state = 'done'
                AND done_at < $1
            LIMIT $2)
        """,
        before,
        limit,
    )
