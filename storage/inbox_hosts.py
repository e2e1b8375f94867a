"""Inbox hosts: how each one takes what we send, and the breaker that spares those that do not.

A host fails when it cannot be reached or answers with server errors. After enough failures in a
row its breaker opens: one lane at a time then probes it, now and then.
"""

import random
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from storage.database import Connection, Transaction

# How stale `last_success_at` may be, so that a busy lane does not rewrite the row each time.
_SUCCESS_GRAIN = timedelta(seconds=5)
# A host that keeps talking to us while it takes nothing is not tried more often than this.
_WAKE_PAUSE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Tempo:
    """How fast deliveries go, wait and end. Times are seconds; the last step of a ladder repeats.

    `backoff` paces one lane after failures. After `breaker_threshold` consecutive failures of a
    host only one lane at a time probes it, paced by `probes`.
    """

    backoff: tuple[float, ...] = (10, 60, 300, 900, 3600)
    probes: tuple[float, ...] = (60, 120, 300, 600, 900)
    breaker_threshold: int = 5
    lease_seconds: float = 60
    give_up_seconds: float = 14 * 86400
    lanes_per_host: int = 4
    batch: int = 20

    def lane_pause(self, failures: int) -> timedelta:
        """Pause of a lane after its nth failure in a row, with 20 % jitter."""
        return _step(self.backoff, failures)

    def probe_pause(self, failures: int) -> timedelta:
        """Pause of a host after its nth failure in a row, counted from the threshold."""
        return _step(self.probes, failures - self.breaker_threshold + 1)


def _step(ladder: tuple[float, ...], count: int) -> timedelta:
    seconds = ladder[min(max(count, 1), len(ladder)) - 1]
    return timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # noqa: S311


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a lane stopped at a delivery.

    `server_error` tells a 5xx, `refused` a 401 or 403. With `pause_until`, which Retry-After asked
    for, the whole host rests and the lane is due as soon as that is over.
    """

    delivery_id: int
    error: str
    server_error: bool = False
    refused: bool = False
    pause_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class HostState:
    """An inbox host as an administrator sees it."""

    host: str
    failures: int
    opened_until: datetime | None
    refused: bool
    last_success_at: datetime | None
    last_failure_at: datetime | None
    last_error: str | None
    waiting: int
    set_aside: int
    dead: int


@dataclass(frozen=True, slots=True)
class Breaker:
    """What is known of a host from what it answered; changed only while its row is locked."""

    host: str
    failures: int
    opened_until: datetime | None
    refused: bool
    last_success_at: datetime | None
    last_failure_at: datetime | None
    last_error: str | None

    def answered(self, accepted: bool, now: datetime) -> "Breaker":
        """Return it closed: the host answered, be it that it takes nothing of this kind."""
        if not accepted:
            return replace(self, failures=0, opened_until=None)
        return replace(self, failures=0, opened_until=None, refused=False, last_success_at=now)

    def failed(self, failure: Failure, tempo: Tempo, now: datetime) -> "Breaker":
        """Return it with one more failure, and open after enough of them in a row."""
        resting = self.opened_until
        is_open = resting is not None and resting > now
        # A failure that was under way when a sibling opened the breaker says nothing new, and a
        # host that tells when to come back is not failing.
        failures = self.failures + (0 if is_open or failure.pause_until is not None else 1)
        if failure.pause_until is not None:
            resting = max(resting or failure.pause_until, failure.pause_until)
        elif failures >= tempo.breaker_threshold and not is_open:
            resting = now + tempo.probe_pause(failures)
        return replace(
            self,
            failures=failures,
            opened_until=resting,
            refused=self.refused or failure.refused,
            last_failure_at=now,
            last_error=failure.error,
        )


async def lock_changing(
    tx: Transaction, hosts: Collection[str], failing: Collection[str], now: datetime
) -> dict[str, Breaker]:
    """Lock and return those breakers that an answer, or a failure of the failing, changes.

    A healthy host that goes on taking what it is sent needs no write, and no lock.
    """
    rows = await tx.fetch(
        """
        SELECT host, failures, opened_until, refused, last_success_at, last_failure_at, last_error
          FROM inbox_hosts
         WHERE host = ANY($1::text[])
           AND (host = ANY($2::text[])
                OR failures > 0
                OR opened_until IS NOT NULL
                OR refused
                OR COALESCE(last_success_at < $3, true))
         ORDER BY host
           FOR UPDATE
        """,
        list(hosts),
        list(failing),
        now - _SUCCESS_GRAIN,
    )
    return {row["host"]: Breaker(**dict(row)) for row in rows}


async def store(tx: Transaction, breakers: Collection[Breaker]) -> None:
    """Write breakers that were locked."""
    await tx.execute(
        """
        UPDATE inbox_hosts
           SET failures = fresh.failures,
               opened_until = fresh.opened_until,
               refused = fresh.refused,
               last_success_at = fresh.last_success_at,
               last_failure_at = fresh.last_failure_at,
               last_error = fresh.last_error
          FROM unnest($1::text[], $2::int[], $3::timestamptz[], $4::boolean[], $5::timestamptz[],
                      $6::timestamptz[], $7::text[])
            AS fresh (host, failures, opened_until, refused, last_success_at, last_failure_at,
                      last_error)
         WHERE inbox_hosts.host = fresh.host
        """,
        [breaker.host for breaker in breakers],
        [breaker.failures for breaker in breakers],
        [breaker.opened_until for breaker in breakers],
        [breaker.refused for breaker in breakers],
        [breaker.last_success_at for breaker in breakers],
        [breaker.last_failure_at for breaker in breakers],
        [breaker.last_error for breaker in breakers],
    )


async def make_due(tx: Transaction, hosts: Collection[str], now: datetime) -> None:
    """End the pauses of all lanes of hosts whose rows are locked."""
    await tx.execute(
        """
        UPDATE lanes
           SET due_at = $2,
               attempts = 0
         WHERE host = ANY($1::text[])
           AND due_at > $2
           AND due_at < 'infinity'
        """,
        list(hosts),
        now,
    )
    tx.hint("deliveries")


async def wake_hosts(tx: Transaction, hosts: Collection[str], now: datetime) -> None:
    """Try failing hosts again at once, since they were just heard of; others are left alone.

    Their breakers stay open: a host that can talk need not be one that can listen. Hosts are locked
    in their order, before their lanes.
    """
    rows = await tx.fetch(
        """
        WITH failing AS MATERIALIZED (
            SELECT host
              FROM inbox_hosts
             WHERE host = ANY($1::text[])
               AND failures > 0
               AND last_failure_at <= $3
             ORDER BY host
               FOR UPDATE
        )
        UPDATE inbox_hosts
           SET opened_until = CASE WHEN opened_until > $2 THEN $2 ELSE opened_until END
          FROM failing
         WHERE inbox_hosts.host = failing.host
        RETURNING inbox_hosts.host
        """,
        list(hosts),
        now,
        now - _WAKE_PAUSE,
    )
    if rows:
        await make_due(tx, sorted(row["host"] for row in rows), now)


async def give_new_chance(tx: Transaction, hosts: Collection[str], now: datetime) -> None:
    """Forget the failures of hosts: somebody says that they are well now."""
    await tx.execute(
        """
        UPDATE inbox_hosts
           SET failures = 0,
               opened_until = NULL,
               refused = false
         WHERE host = ANY($1::text[])
        """,
        list(hosts),
    )
    await make_due(tx, hosts, now)


async def list_hosts(conn: Connection) -> list[HostState]:
    """Return the state of every inbox host that we ever addressed, by host, in one query."""
    rows = await conn.fetch(
        """
        SELECT breaker.host,
               breaker.failures,
               breaker.opened_until,
               breaker.refused,
               breaker.last_success_at,
               breaker.last_failure_at,
               breaker.last_error,
               count(*) FILTER (WHERE deliveries.state = 'waiting') AS waiting,
               count(*) FILTER (WHERE deliveries.state = 'set_aside') AS set_aside,
               count(*) FILTER (WHERE deliveries.state = 'dead') AS dead
          FROM inbox_hosts AS breaker
          LEFT JOIN lanes
            ON lanes.host = breaker.host
          LEFT JOIN deliveries
            ON deliveries.lane_id = lanes.id
         GROUP BY breaker.host
         ORDER BY breaker.host
        """
    )
    return [HostState(**dict(row)) for row in rows]
