"""Delivery lanes: who may send which waiting activities now, and what came of it.

A lane is one author's queue to one inbox host and the unit that a worker leases; within it order
holds. The hosts' breakers are in `storage.inbox_hosts`, addressing is in `storage.outbox`; what an
HTTP answer means is decided by the caller.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from storage import inbox_hosts
from storage.database import Transaction
from storage.inbox_hosts import Failure, Tempo

# An activity that its host refuses with server errors this often, while that host takes others,
# is at fault itself.
_SET_ASIDE_AFTER = 3
_GIVEN_UP = "No delivery succeeded in time."


@dataclass(frozen=True, slots=True)
class Delivery:
    """One activity for one inbox."""

    id: int
    inbox_url: str
    uri: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Lane:
    """A leased lane with the next of its waiting deliveries, oldest first."""

    id: int
    account_id: int
    host: str
    token: UUID
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a lane: ids delivered, (id, reason) of the dead, and why it stopped, if so."""

    delivered: Sequence[int] = ()
    dead: Sequence[tuple[int, str]] = ()
    failure: Failure | None = None


# Hosts are locked, so that two workers agree on how many lanes of a host are out and who probes.
# The lease condition is repeated for the lock of a lane: between the snapshot and the lock of a
# host another worker may have leased the same lane. A lane that an author adds to at this moment is
# left for the next time: waiting for it, with lanes of other hosts in hand, would be a deadlock
# with an author who posts to both. Ranking lanes within their host is what is fair.
_CLAIM = """
    WITH ready AS MATERIALIZED (
        SELECT breaker.host,
               breaker.failures >= $2 AS probing,
               CASE WHEN breaker.failures >= $2 THEN 1 ELSE $3::bigint END - busy.lanes AS room
          FROM inbox_hosts AS breaker
          JOIN peers AS peer
            ON peer.host = breaker.host
           AND peer.state = 'allowed'
         CROSS JOIN LATERAL (
               SELECT count(*) AS lanes
                 FROM lanes
                WHERE lanes.host = breaker.host
                  AND lanes.lease_token IS NOT NULL
                  AND lanes.leased_until > $1
               ) AS busy
         WHERE breaker.opened_until IS NULL
            OR breaker.opened_until <= $1
           FOR UPDATE OF breaker SKIP LOCKED
    ),
    chosen AS MATERIALIZED (
        SELECT candidate.id, ready.probing
          FROM ready
         CROSS JOIN LATERAL (
               SELECT lanes.id,
                      row_number() OVER (ORDER BY lanes.attempts, lanes.due_at, lanes.id) AS rank
                 FROM lanes
                WHERE lanes.host = ready.host
                  AND lanes.due_at < 'infinity'
                  AND (ready.probing OR lanes.due_at <= $1)
                  AND (lanes.lease_token IS NULL OR lanes.leased_until <= $1)
                ORDER BY rank
                LIMIT GREATEST(ready.room, 0)
               ) AS candidate
         ORDER BY candidate.rank, random()
         LIMIT $4
    ),
    free AS MATERIALIZED (
        SELECT lanes.id, chosen.probing
          FROM chosen
          JOIN lanes
            ON lanes.id = chosen.id
         WHERE lanes.lease_token IS NULL
            OR lanes.leased_until <= $1
           FOR UPDATE OF lanes SKIP LOCKED
    )
    UPDATE lanes
       SET lease_token = $5,
           leased_until = $6
      FROM free
     WHERE lanes.id = free.id
    RETURNING lanes.id, lanes.account_id, lanes.host, free.probing
"""

_NEXT = """
    SELECT leased.id AS lane_id, next.id, next.inbox_url, outbox.uri, outbox.body
      FROM unnest($1::bigint[], $2::int[]) AS leased (id, amount)
     CROSS JOIN LATERAL (
           SELECT deliveries.id, deliveries.inbox_url, deliveries.outbox_id
             FROM deliveries
            WHERE deliveries.lane_id = leased.id
              AND deliveries.state = 'waiting'
            ORDER BY deliveries.id
            LIMIT leased.amount
           ) AS next
      JOIN outbox
        ON outbox.id = next.outbox_id
     ORDER BY leased.id, next.id
"""


async def lease(tx: Transaction, limit: int, tempo: Tempo, now: datetime) -> list[Lane]:
    """Lease up to `limit` due lanes of allowed hosts, fairly over the hosts.

    A host whose breaker is half open gives one lane with one delivery, due or not. A lease that
    was not settled in time, because its worker died, is open to the next.
    """
    token = uuid4()
    rows = await tx.fetch(
        _CLAIM,
        now,
        tempo.breaker_threshold,
        tempo.lanes_per_host,
        limit,
        token,
        now + timedelta(seconds=tempo.lease_seconds),
    )
    if not rows:
        return []
    waiting: dict[int, list[Delivery]] = {row["id"]: [] for row in rows}
    amounts = [1 if row["probing"] else tempo.batch for row in rows]
    for item in await tx.fetch(_NEXT, list(waiting), amounts):
        waiting[item["lane_id"]].append(
            Delivery(item["id"], item["inbox_url"], item["uri"], item["body"])
        )
    return [
        Lane(row["id"], row["account_id"], row["host"], token, tuple(waiting[row["id"]]))
        for row in rows
    ]


async def renew(tx: Transaction, lane: Lane, tempo: Tempo, now: datetime) -> bool:
    """Prolong a lease; False when it was lost."""
    renewed = await tx.execute(
        "UPDATE lanes SET leased_until = $3 WHERE id = $1 AND lease_token = $2",
        lane.id,
        lane.token,
        now + timedelta(seconds=tempo.lease_seconds),
    )
    return renewed > 0


async def settle(
    tx: Transaction, lane: Lane, outcome: Outcome, tempo: Tempo, now: datetime
) -> bool:
    """Store what came of a lane and give its lease back; False when the lease was lost."""
    attempts = await _lock(tx, lane)
    if attempts is None:
        return False
    await _store(tx, lane, outcome, now)
    failure = outcome.failure
    if failure is None or await _count_failure(tx, lane, failure, tempo, now):
        attempts, pause = 0, timedelta()
    elif failure.pause_until is not None:
        pause = timedelta()
    else:
        attempts += 1
        pause = tempo.lane_pause(attempts)
    # Locked before, so this statement sees every delivery of the transactions that held the lane.
    await tx.execute(
        """
        UPDATE lanes
           SET lease_token = NULL,
               leased_until = NULL,
               attempts = $2,
               due_at = CASE
                   WHEN EXISTS (
                       SELECT 1
                         FROM deliveries
                        WHERE deliveries.lane_id = lanes.id
                          AND deliveries.state = 'waiting') THEN $3::timestamptz
                   ELSE 'infinity'
                   END
         WHERE id = $1
        """,
        lane.id,
        attempts,
        now + pause,
    )
    return True


async def _lock(tx: Transaction, lane: Lane) -> int | None:
    # Host before lane, as everywhere: one who closes the breaker goes on to the lanes of others.
    await tx.fetchval("SELECT 1 FROM inbox_hosts WHERE host = $1 FOR UPDATE", lane.host)
    attempts: int | None = await tx.fetchval(
        "SELECT attempts FROM lanes WHERE id = $1 AND lease_token = $2 FOR UPDATE",
        lane.id,
        lane.token,
    )
    return attempts


async def _store(tx: Transaction, lane: Lane, outcome: Outcome, now: datetime) -> None:
    if outcome.delivered:
        await tx.execute(
            "DELETE FROM deliveries WHERE id = ANY($1::bigint[])", list(outcome.delivered)
        )
    if outcome.dead:
        await tx.execute(
            """
            UPDATE deliveries
               SET state = 'dead',
                   attempts = deliveries.attempts + 1,
                   last_error = verdict.reason
              FROM unnest($1::bigint[], $2::text[]) AS verdict (id, reason)
             WHERE deliveries.id = verdict.id
            """,
            [delivery_id for delivery_id, _ in outcome.dead],
            [reason for _, reason in outcome.dead],
        )
    if outcome.delivered or outcome.dead:
        await inbox_hosts.count_answer(tx, lane.host, bool(outcome.delivered), now)


async def _count_failure(
    tx: Transaction, lane: Lane, failure: Failure, tempo: Tempo, now: datetime
) -> bool:
    """Count a failure for its delivery and host; True when the lane may go on without it."""
    state = await tx.fetchval(
        """
        UPDATE deliveries
           SET attempts = attempts + 1,
               first_failed_at = COALESCE(first_failed_at, $2),
               last_error = $3,
               state = CASE
                   WHEN created_at < $4 THEN 'dead'
                   WHEN $5
                        AND attempts + 1 >= $6
                        AND EXISTS (
                            SELECT 1
                              FROM inbox_hosts
                             WHERE inbox_hosts.host = $7
                               AND inbox_hosts.last_success_at > deliveries.first_failed_at)
                       THEN 'set_aside'
                   ELSE 'waiting'
                   END
         WHERE id = $1
        RETURNING state
        """,
        failure.delivery_id,
        now,
        failure.error,
        now - timedelta(seconds=tempo.give_up_seconds),
        failure.server_error,
        _SET_ASIDE_AFTER,
        lane.host,
    )
    await inbox_hosts.count_failure(tx, lane.host, failure, tempo, now)
    return bool(state != "waiting")


async def drop_host(tx: Transaction, host: str) -> int:
    """Delete what waits for a host; returns how many deliveries that were."""
    return await tx.execute(
        """
        DELETE FROM deliveries
         USING lanes
         WHERE lanes.id = deliveries.lane_id
           AND lanes.host = $1
        """,
        host,
    )


async def give_up(tx: Transaction, before: datetime) -> int:
    """Declare dead what has waited since before then; returns how many deliveries that were."""
    return await tx.execute(
        """
        UPDATE deliveries
           SET state = 'dead',
               last_error = COALESCE(last_error, $2)
         WHERE state = 'waiting'
           AND created_at < $1
        """,
        before,
        _GIVEN_UP,
    )


async def prune(tx: Transaction, before: datetime) -> int:
    """Delete the dead and the set aside from before then; returns how many."""
    return await tx.execute(
        "DELETE FROM deliveries WHERE state <> 'waiting' AND created_at < $1", before
    )
