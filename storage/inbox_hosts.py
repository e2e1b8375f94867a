"""Inbox hosts: how each one takes what we send, and the breaker that spares those that do not.

A host fails when it cannot be reached or answers with server errors. After enough failures in a
row its breaker opens: one lane at a time then probes it, now and then.
"""

import random
from dataclasses import dataclass
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


async def count_answer(tx: Transaction, host: str, accepted: bool, now: datetime) -> None:
    """Close the breaker of a host that answered; what waited for it is due at once."""
    before = await tx.fetchval(
        """
        UPDATE inbox_hosts AS breaker
           SET failures = 0,
               opened_until = NULL,
               refused = breaker.refused AND NOT $2,
               last_success_at = CASE WHEN $2 THEN $3 ELSE breaker.last_success_at END
          FROM (SELECT host, failures FROM inbox_hosts WHERE host = $1) AS before
         WHERE breaker.host = before.host
           AND (breaker.failures > 0
                OR breaker.opened_until IS NOT NULL
                OR (breaker.refused AND $2)
                OR ($2 AND COALESCE(breaker.last_success_at < $4, true)))
        RETURNING before.failures
        """,
        host,
        accepted,
        now,
        now - _SUCCESS_GRAIN,
    )
    if before:
        await _make_due(tx, host, now)


async def _make_due(tx: Transaction, host: str, now: datetime) -> None:
    await tx.execute(
        """
        UPDATE lanes
           SET due_at = $2,
               attempts = 0
         WHERE host = $1
           AND due_at > $2
           AND due_at < 'infinity'
        """,
        host,
        now,
    )
    tx.hint("deliveries")


async def count_failure(
    tx: Transaction, host: str, failure: Failure, tempo: Tempo, now: datetime
) -> None:
    """Count a failure of a host, and open its breaker after enough of them in a row."""
    # A failure that was under way when a sibling opened the breaker says nothing new, and a host
    # that tells when to come back is not failing.
    failures = await tx.fetchval(
        """
        UPDATE inbox_hosts
           SET failures = failures
                   + CASE WHEN opened_until > $2 OR $5::timestamptz IS NOT NULL THEN 0 ELSE 1 END,
               last_failure_at = $2,
               last_error = $3,
               refused = refused OR $4,
               opened_until = GREATEST(opened_until, $5)
         WHERE host = $1
        RETURNING failures
        """,
        host,
        now,
        failure.error,
        failure.refused,
        failure.pause_until,
    )
    if failures is not None and failures >= tempo.breaker_threshold:
        await tx.execute(
            """
            UPDATE inbox_hosts
               SET opened_until = $2
             WHERE host = $1
               AND COALESCE(opened_until <= $3, true)
            """,
            host,
            now + tempo.probe_pause(failures),
            now,
        )


async def wake_host(tx: Transaction, host: str, now: datetime) -> None:
    """Try a failing host again at once, since it was just heard of; a healthy one is left alone.

    The breaker stays open: a host that can talk need not be one that can listen.
    """
    woken = await tx.fetchval(
        """
        UPDATE inbox_hosts
           SET opened_until = CASE WHEN opened_until > $2 THEN $2 ELSE opened_until END
         WHERE host = $1
           AND failures > 0
           AND last_failure_at <= $3
        RETURNING host
        """,
        host,
        now,
        now - _WAKE_PAUSE,
    )
    if woken is not None:
        await _make_due(tx, host, now)


async def give_new_chance(tx: Transaction, host: str, now: datetime) -> None:
    """Forget the failures of a host: somebody says that it is well now."""
    await tx.execute(
        """
        UPDATE inbox_hosts
           SET failures = 0,
               opened_until = NULL,
               refused = false
         WHERE host = $1
        """,
        host,
    )
    await _make_due(tx, host, now)


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
