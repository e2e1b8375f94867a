"""Work that is a row: done after the commit that asked for it, however often processes die.

What a job does is the caller's; here is who may do it when. A lease is a token and a time on the
row, so a worker that dies is followed by another one when its time is over.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from storage.database import Connection, Transaction
from storage.errors import LeaseLost

# Due by every clock: the one that reads need not agree with the one that wrote.
_AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Job:
    """A leased job. `attempts` counts this one too, so it rises even when workers crash over it."""

    id: int
    kind: str
    key: str | None
    payload: Mapping[str, Any]
    attempts: int
    due_at: datetime
    created_at: datetime
    lease_token: UUID


async def enqueue(
    tx: Transaction,
    kind: str,
    payload: Mapping[str, Any],
    *,
    key: str | None = None,
    due_at: datetime | None = None,
    host: str = "",
) -> None:
    """Ask for a job, at once or from `due_at` on; `host` is the office that it asks, or serves.

    Of a kind with the same key at most one job waits: it takes the newer payload and the earlier
    time. One that is being worked on runs once more afterwards, since it may have looked already.
    """
    await tx.execute(
        """
        INSERT INTO jobs (kind, key, payload, due_at, host)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (kind, key) WHERE key IS NOT NULL AND state = 'waiting' DO UPDATE
        SET
            payload = EXCLUDED.payload,
            due_at = CASE
                WHEN jobs.lease_token IS NULL THEN LEAST(jobs.due_at, EXCLUDED.due_at)
                ELSE EXCLUDED.due_at
            END,
            -- The worker keeps its time, but can no longer complete the job.
            lease_token = NULL
        """,
        kind,
        key,
        dict(payload),
        due_at or _AT_ONCE,
        host,
    )
    if due_at is None:
        tx.hint("jobs")


# Hosts are few, and each is found by one step in the index.
_LEASE = """
    WITH RECURSIVE hosts AS (
        SELECT min(host) AS host FROM jobs WHERE state = 'waiting'
        UNION ALL
        SELECT (SELECT min(jobs.host) FROM jobs WHERE state = 'waiting' AND jobs.host > hosts.host)
        FROM hosts
        WHERE hosts.host IS NOT NULL
    ),
    room AS (
        SELECT
            host,
            CASE
                WHEN host = '' THEN $2::bigint
                ELSE LEAST($2 - $7, GREATEST(0, $6 - (
                    SELECT count(*)
                    FROM jobs
                    WHERE jobs.host = hosts.host AND leased_until > $3)))
            END AS places
        FROM hosts
        WHERE host IS NOT NULL
    ),
    due AS MATERIALIZED (
        SELECT candidate.id, room.host, GREATEST(candidate.due_at, candidate.created_at) AS since
        FROM room
        CROSS JOIN LATERAL (
            SELECT id, due_at, created_at
            FROM jobs
            WHERE
                state = 'waiting'
                AND jobs.host = room.host
                AND kind = ANY($1)
                AND due_at <= $3
                AND (leased_until IS NULL OR leased_until <= $3)
            ORDER BY
                due_at,
                id
            LIMIT GREATEST(room.places, 0)
            FOR UPDATE SKIP LOCKED
        ) AS candidate
    ),
    chosen AS (
        (SELECT id, since FROM due WHERE host = '' ORDER BY since, id LIMIT $2)
        UNION ALL
        (SELECT id, since FROM due WHERE host <> '' ORDER BY since, id LIMIT GREATEST($2 - $7, 0))
        ORDER BY since, id
        LIMIT $2
    )
    UPDATE jobs
    SET
        lease_token = $5,
        leased_until = $4,
        attempts = attempts + 1
    FROM chosen
    WHERE jobs.id = chosen.id
    RETURNING
        jobs.id, kind, key, payload, attempts, due_at, created_at, lease_token
"""


async def lease(
    tx: Transaction,
    kinds: Sequence[str],
    limit: int,
    now: datetime,
    lease_seconds: float,
    *,
    per_host: int = 4,
    reserved: int = 0,
) -> list[Job]:
    """Take up to `limit` due jobs of these kinds, the longest waiting first.

    Of one office new ones come before those that had to wait, and no more than `per_host` are under
    way at once; `reserved` places are left to those that have to do with no office.
    """
    rows = await tx.fetch(
        _LEASE,
        list(kinds),
        limit,
        now,
        now + timedelta(seconds=lease_seconds),
        uuid4(),
        per_host,
        reserved,
    )
    jobs = [Job(**dict(row)) for row in rows]
    return sorted(jobs, key=lambda job: (max(job.due_at, job.created_at), job.id))


async def count_waiting(conn: Connection, kind: str, hosts: Collection[str]) -> dict[str, int]:
    """Return how many jobs of a kind wait that ask these offices; left out are those without."""
    if not hosts:
        return {}
    rows = await conn.fetch(
        """
        SELECT host, count(*) AS number
        FROM jobs
        WHERE state = 'waiting'
          AND host = ANY($1::text[])
          AND kind = $2
        GROUP BY host
        """,
        sorted(hosts),
        kind,
    )
    return {row["host"]: row["number"] for row in rows}


async def complete(tx: Transaction, job: Job) -> None:
    """Remove a job that was done; raises `LeaseLost` when another worker has it meanwhile.

    Called in the transaction of the work itself, the work happens exactly once.
    """
    done = await tx.execute(
        """
        DELETE FROM jobs
        WHERE
            id = $1
            AND lease_token = $2
        """,
        job.id,
        job.lease_token,
    )
    if not done and not await _free_repeated(tx, job, attempts=0):
        raise LeaseLost(f"The lease of job {job.id} ({job.kind}) has passed to another worker.")


async def retry_later(tx: Transaction, job: Job, due_at: datetime, error: str) -> None:
    """Give a job back until `due_at`, and keep why."""
    kept = await tx.execute(
        """
        UPDATE jobs
        SET
            due_at = $3,
            last_error = $4,
            leased_until = NULL,
            lease_token = NULL
        WHERE
            id = $1
            AND lease_token = $2
        """,
        job.id,
        job.lease_token,
        due_at,
        error,
    )
    if not kept:
        await _free_repeated(tx, job, attempts=job.attempts)


async def bury(tx: Transaction, job: Job, error: str) -> None:
    """Set a job aside for people to look at, and keep why."""
    kept = await tx.execute(
        """
        UPDATE jobs
        SET
            state = 'buried',
            last_error = $3,
            leased_until = NULL,
            lease_token = NULL
        WHERE
            id = $1
            AND lease_token = $2
        """,
        job.id,
        job.lease_token,
        error,
    )
    if not kept:
        await _free_repeated(tx, job, attempts=job.attempts)


async def prune_buried(tx: Transaction, before: datetime, *, limit: int) -> int:
    """Forget jobs that were asked for before and set aside since, `limit` of them at once."""
    return await tx.execute(
        """
        DELETE FROM jobs
        WHERE id IN (
            SELECT id
            FROM jobs
            WHERE state = 'buried'
                AND created_at < $1
            LIMIT $2)
        """,
        before,
        limit,
    )


async def count_by_state(conn: Connection) -> dict[str, int]:
    """Return how many jobs are waiting and how many are buried."""
    rows = await conn.fetch(
        """
        SELECT
            state,
            count(*) AS jobs
        FROM jobs
        GROUP BY state
        """
    )
    return {"waiting": 0, "buried": 0} | {row["state"]: row["jobs"] for row in rows}


async def _free_repeated(tx: Transaction, job: Job, *, attempts: int) -> bool:
    """End the lease of a job that was asked for again meanwhile; False when there is none."""
    freed = await tx.execute(
        """
        UPDATE jobs
        SET
            leased_until = NULL,
            attempts = $2
        WHERE
            id = $1
            AND state = 'waiting'
            AND lease_token IS NULL
        """,
        job.id,
        attempts,
    )
    return freed > 0
