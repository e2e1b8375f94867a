"""Delivery lanes: who may send which waiting activities now, and what came of it.

A lane is one author's queue to one inbox host and the unit that a worker leases; within it order
holds. The hosts' breakers are in `storage.inbox_hosts`, addressing is in `storage.outbox`, what did
not get through is in `storage.backlog`; what an HTTP answer means is decided by the caller.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID, uuid4

from storage import inbox_hosts, synchronisation
from storage.database import Transaction
from storage.fragments import peer_talks
from storage.inbox_hosts import Breaker, Failure, Tempo

# An activity that its host refuses with server errors this often, while that host takes others,
# is at fault itself.
_SET_ASIDE_AFTER = 3


@dataclass(frozen=True, slots=True)
class Delivery:
    """One activity for one inbox; for_followers where it is a post that nobody else may read."""

    id: int
    inbox_url: str
    uri: str
    body: bytes
    for_followers: bool = False


@dataclass(frozen=True, slots=True)
class Lane:
    """A leased lane with the next of its waiting deliveries, oldest first.

    followers_digest is that of the author's followers at the host, where a delivery is for them.
    """

    id: int
    account_id: int
    host: str
    token: UUID
    deliveries: tuple[Delivery, ...]
    followers_digest: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a lane: ids delivered, (id, reason) of the dead, and why it stopped, if so."""

    delivered: Sequence[int] = ()
    dead: Sequence[tuple[int, str]] = ()
    failure: Failure | None = None

    @property
    def is_answered(self) -> bool:
        """Whether the host answered, with a yes or a final no."""
        return bool(self.delivered or self.dead)


# Stored; taken over by another worker; or just being added to by its author: try again.
Settled = Literal["kept", "lost", "busy"]


# Hosts are locked, so that two workers agree on how many lanes of a host are out and who probes.
# The lease condition is repeated for the lock of a lane: between the snapshot and the lock of a
# host another worker may have leased the same lane. A lane that an author adds to at this moment is
# left for the next time: waiting for it, with lanes of other hosts in hand, would be a deadlock
# with an author who posts to both. Ranking lanes within their host is what is fair.
_CLAIM = f"""
    WITH ready AS MATERIALIZED (
        SELECT breaker.host,
               breaker.failures >= $2 AS probing,
               (breaker.failures >= $2 OR breaker.host = ANY($7::text[])) AS slow,
               busy.lanes
          FROM inbox_hosts AS breaker
          JOIN peers AS peer
            ON peer.host = breaker.host
           AND {peer_talks("peer")}
         CROSS JOIN LATERAL (
               SELECT count(*) AS lanes
                 FROM lanes
                WHERE lanes.host = breaker.host
                  AND lanes.lease_token IS NOT NULL
                  AND lanes.leased_until > $1
               ) AS busy
         WHERE (breaker.opened_until IS NULL OR breaker.opened_until <= $1)
           AND EXISTS (
                   SELECT 1
                     FROM lanes
                    WHERE lanes.host = breaker.host
                      AND lanes.due_at < 'infinity'
                      AND (breaker.failures >= $2 OR lanes.due_at <= $1)
                      AND (lanes.lease_token IS NULL OR lanes.leased_until <= $1))
           FOR UPDATE OF breaker SKIP LOCKED
    ),
    ranked AS MATERIALIZED (
        SELECT candidate.id,
               ready.probing,
               ready.slow,
               row_number() OVER (
                   PARTITION BY ready.slow ORDER BY candidate.rank, random()) AS place
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
                LIMIT GREATEST(CASE WHEN ready.slow THEN 1 ELSE $3::bigint END - ready.lanes, 0)
               ) AS candidate
    ),
    free AS MATERIALIZED (
        SELECT lanes.id, ranked.probing
          FROM ranked
          JOIN lanes
            ON lanes.id = ranked.id
         WHERE ranked.place <= CASE WHEN ranked.slow THEN $8::bigint ELSE $4::bigint END
           AND (lanes.lease_token IS NULL OR lanes.leased_until <= $1)
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
    SELECT leased.id AS lane_id,
           next.id,
           next.inbox_url,
           outbox.uri,
           outbox.body,
           outbox.for_followers
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


async def lease(
    tx: Transaction,
    limit: int,
    tempo: Tempo,
    now: datetime,
    *,
    slow: Collection[str] = (),
    slow_limit: int | None = None,
) -> list[Lane]:
    """Lease up to `limit` due lanes of allowed hosts, fairly over the hosts.

    A host whose breaker is half open gives one lane with one delivery, due or not. Of such a host,
    and of each of the `slow` ones, one lane is out at a time; up to `slow_limit` (default: `limit`)
    of theirs come on top. A lease that was not settled in time, because its worker died, is open
    to the next.
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
        list(slow),
        limit if slow_limit is None else slow_limit,
    )
    if not rows:
        return []
    waiting = await _next_of(tx, {row["id"]: 1 if row["probing"] else tempo.batch for row in rows})
    lanes = [
        Lane(row["id"], row["account_id"], row["host"], token, tuple(waiting[row["id"]]))
        for row in rows
    ]
    return await _with_digests(tx, lanes)


async def _next_of(tx: Transaction, amounts: Mapping[int, int]) -> dict[int, list[Delivery]]:
    """Return the next deliveries of lanes, so many of each."""
    waiting: dict[int, list[Delivery]] = {lane_id: [] for lane_id in amounts}
    for item in await tx.fetch(_NEXT, list(amounts), list(amounts.values())):
        waiting[item["lane_id"]].append(
            Delivery(
                item["id"], item["inbox_url"], item["uri"], item["body"], item["for_followers"]
            )
        )
    return waiting


async def _with_digests(tx: Transaction, lanes: list[Lane]) -> list[Lane]:
    """Tell lanes with posts for followers who these are: one query, or none."""
    pairs = [
        (lane.account_id, lane.host)
        for lane in lanes
        if any(delivery.for_followers for delivery in lane.deliveries)
    ]
    if not pairs:
        return lanes
    digests = await synchronisation.digests_at(tx, pairs)
    return [
        replace(lane, followers_digest=digests.get((lane.account_id, lane.host))) for lane in lanes
    ]


async def renew(tx: Transaction, lanes: Sequence[Lane], tempo: Tempo, now: datetime) -> set[int]:
    """Prolong leases; returns the ids of those lanes that are still held."""
    rows = await tx.fetch(
        """
        UPDATE lanes
           SET leased_until = $3
          FROM unnest($1::bigint[], $2::uuid[]) AS held (id, token)
         WHERE lanes.id = held.id
           AND lanes.lease_token = held.token
        RETURNING lanes.id
        """,
        [lane.id for lane in lanes],
        [lane.token for lane in lanes],
        now + timedelta(seconds=tempo.lease_seconds),
    )
    return {row["id"] for row in rows}


async def settle(
    tx: Transaction,
    results: Sequence[tuple[Lane, Outcome]],
    tempo: Tempo,
    now: datetime,
    *,
    wait: bool = False,
) -> list[Settled]:
    """Store what came of lanes and give their leases back; says for each what became of it.

    A lane that its author adds to at this moment is left as it is, unless it is to be waited for:
    with other lanes in hand that could be a deadlock.
    """
    # Hosts before lanes, as everywhere: one who closes a breaker goes on to the lanes of others.
    failing = {lane.host for lane, outcome in results if outcome.failure is not None}
    breakers = await inbox_hosts.lock_changing(tx, {lane.host for lane, _ in results}, failing, now)
    # Below the threshold it is a lane that had trouble, and not the host: it keeps its pause, or
    # each success of another would try it again.
    recovered = [
        lane.host
        for lane, outcome in results
        if outcome.is_answered
        and lane.host in breakers
        and breakers[lane.host].failures >= tempo.breaker_threshold
    ]
    if recovered:
        await inbox_hosts.make_due(tx, recovered, now)
    attempts = await _lock(tx, [lane for lane, _ in results], wait=wait)
    mine = [(lane, outcome) for lane, outcome in results if lane.id in attempts]
    await _store_breakers(tx, breakers, mine, tempo, now)
    await _store_ends(tx, [outcome for _, outcome in mine], now)
    passed = await _count_failures(tx, mine, tempo, now)
    await _give_back(tx, mine, attempts, passed, tempo, now)
    if len(mine) == len(results):
        return ["kept"] * len(results)
    held = await _held(tx, [lane for lane, _ in results])
    return [
        "kept" if lane.id in attempts else "busy" if lane.id in held else "lost"
        for lane, _ in results
    ]


_LOCK = """
    SELECT lanes.id, lanes.attempts
      FROM lanes
      JOIN unnest($1::bigint[], $2::uuid[]) AS held (id, token)
        ON held.id = lanes.id
       AND held.token = lanes.lease_token
     ORDER BY lanes.id
       FOR UPDATE OF lanes
"""


async def _lock(tx: Transaction, lanes: Sequence[Lane], *, wait: bool) -> dict[int, int]:
    """Lock the lanes that are still held; returns how often each has failed in a row."""
    rows = await tx.fetch(
        _LOCK if wait else f"{_LOCK} SKIP LOCKED",
        [lane.id for lane in lanes],
        [lane.token for lane in lanes],
    )
    return {row["id"]: row["attempts"] for row in rows}


async def _held(tx: Transaction, lanes: Sequence[Lane]) -> set[int]:
    rows = await tx.fetch(
        """
        SELECT lanes.id
          FROM lanes
          JOIN unnest($1::bigint[], $2::uuid[]) AS held (id, token)
            ON held.id = lanes.id
           AND held.token = lanes.lease_token
        """,
        [lane.id for lane in lanes],
        [lane.token for lane in lanes],
    )
    return {row["id"] for row in rows}


async def _store_breakers(
    tx: Transaction,
    before: Mapping[str, Breaker],
    results: Sequence[tuple[Lane, Outcome]],
    tempo: Tempo,
    now: datetime,
) -> None:
    after = dict(before)
    for lane, outcome in results:
        breaker = after.get(lane.host)
        if breaker is None:
            continue
        if outcome.is_answered:
            breaker = breaker.answered(bool(outcome.delivered), now)
        if outcome.failure is not None:
            breaker = breaker.failed(outcome.failure, tempo, now)
        after[lane.host] = breaker
    changed = [breaker for host, breaker in after.items() if breaker != before[host]]
    if changed:
        await inbox_hosts.store(tx, changed)


async def _store_ends(tx: Transaction, outcomes: Sequence[Outcome], now: datetime) -> None:
    delivered = [each for outcome in outcomes for each in outcome.delivered]
    dead = [each for outcome in outcomes for each in outcome.dead]
    if delivered:
        await tx.execute("DELETE FROM deliveries WHERE id = ANY($1::bigint[])", delivered)
    if dead:
        await tx.execute(
            """
            UPDATE deliveries
               SET state = 'dead',
                   ended_at = $3,
                   attempts = deliveries.attempts + 1,
                   last_error = verdict.reason
              FROM unnest($1::bigint[], $2::text[]) AS verdict (id, reason)
             WHERE deliveries.id = verdict.id
            """,
            [delivery_id for delivery_id, _ in dead],
            [reason for _, reason in dead],
            now,
        )


_COUNT_FAILURES = """
    UPDATE deliveries
       SET attempts = deliveries.attempts + 1,
           first_failed_at = COALESCE(first_failed_at, $4),
           last_error = verdict.error,
           state = verdict.state,
           ended_at = CASE WHEN verdict.state <> 'waiting' THEN $4 END
      FROM (
            SELECT judged.id,
                   failure.error,
                   CASE
                       WHEN judged.created_at < $5 THEN 'dead'
                       WHEN failure.is_server_error
                            AND judged.attempts + 1 >= $6
                            AND inbox_hosts.last_success_at > judged.first_failed_at
                           THEN 'set_aside'
                       ELSE 'waiting'
                   END AS state
              FROM unnest($1::bigint[], $2::text[], $3::boolean[])
                AS failure (id, error, is_server_error)
              JOIN deliveries AS judged
                ON judged.id = failure.id
              JOIN lanes
                ON lanes.id = judged.lane_id
              JOIN inbox_hosts
                ON inbox_hosts.host = lanes.host
           ) AS verdict
     WHERE deliveries.id = verdict.id
    RETURNING deliveries.lane_id, deliveries.state
"""


async def _count_failures(
    tx: Transaction, results: Sequence[tuple[Lane, Outcome]], tempo: Tempo, now: datetime
) -> set[int]:
    """Count failures for their deliveries; returns the lanes that may go on without theirs."""
    failed = [(lane, outcome.failure) for lane, outcome in results if outcome.failure is not None]
    if not failed:
        return set()
    rows = await tx.fetch(
        _COUNT_FAILURES,
        [failure.delivery_id for _, failure in failed],
        [failure.error for _, failure in failed],
        [failure.server_error for _, failure in failed],
        now,
        now - timedelta(seconds=tempo.give_up_seconds),
        _SET_ASIDE_AFTER,
    )
    # One that was dropped meanwhile holds up nobody either.
    waiting = {row["lane_id"] for row in rows if row["state"] == "waiting"}
    return {lane.id for lane, _ in failed} - waiting


async def _give_back(
    tx: Transaction,
    results: Sequence[tuple[Lane, Outcome]],
    attempts: Mapping[int, int],
    passed: Collection[int],
    tempo: Tempo,
    now: datetime,
) -> None:
    counts, dues = [], []
    for lane, outcome in results:
        failed, pause = attempts[lane.id], timedelta()
        if outcome.failure is None or lane.id in passed:
            failed = 0
        elif outcome.failure.pause_until is None:
            failed += 1
            pause = tempo.lane_pause(failed)
        counts.append(failed)
        dues.append(now + pause)
    # Locked before, so this statement sees every delivery of the transactions that held a lane.
    await tx.execute(
        """
        UPDATE lanes
           SET lease_token = NULL,
               leased_until = NULL,
               attempts = fresh.attempts,
               due_at = CASE
                   WHEN EXISTS (
                       SELECT 1
                         FROM deliveries
                        WHERE deliveries.lane_id = lanes.id
                          AND deliveries.state = 'waiting') THEN fresh.due_at
                   ELSE 'infinity'
                   END
          FROM unnest($1::bigint[], $2::int[], $3::timestamptz[]) AS fresh (id, attempts, due_at)
         WHERE lanes.id = fresh.id
        """,
        [lane.id for lane, _ in results],
        counts,
        dues,
    )
