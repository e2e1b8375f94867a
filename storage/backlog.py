"""Deliveries that did not get through: what waits, is set aside or dead, as people look after it.

How deliveries are carried out is the matter of `storage.deliveries`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from storage.database import Connection, Transaction

State = Literal["waiting", "set_aside", "dead"]
STATES: Final[tuple[State, ...]] = ("waiting", "set_aside", "dead")

_GIVEN_UP: Final = "No delivery succeeded in time."
_TOO_MANY: Final = "Too many activities waited for this office."
# Rows that one sweep takes at most: it is repeated, and nobody waits long for its locks.
_SWEEP: Final = 20_000


@dataclass(frozen=True, slots=True)
class Filter:
    """Which deliveries: those of all the criteria that are given."""

    ids: Sequence[int] | None = None
    host: str | None = None
    states: Sequence[State] = STATES


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A delivery that is still on record, with what it carries and why it is not through."""

    id: int
    state: State
    host: str
    inbox_url: str
    username: str
    type: str
    uri: str
    attempts: int
    last_error: str | None
    created_at: datetime
    first_failed_at: datetime | None
    ended_at: datetime | None


# $1 to $3 are a Filter.
_WANTED = """
        ($1::bigint[] IS NULL OR deliveries.id = ANY($1::bigint[]))
    AND ($2::text IS NULL OR lanes.host = $2)
    AND deliveries.state = ANY($3::text[])
"""
_READ = f"""
    SELECT deliveries.id,
           deliveries.state,
           lanes.host,
           deliveries.inbox_url,
           accounts.username,
           outbox.type,
           outbox.uri,
           deliveries.attempts,
           deliveries.last_error,
           deliveries.created_at,
           deliveries.first_failed_at,
           deliveries.ended_at
      FROM deliveries
      JOIN lanes
        ON lanes.id = deliveries.lane_id
      JOIN outbox
        ON outbox.id = deliveries.outbox_id
      JOIN accounts
        ON accounts.id = lanes.account_id
     WHERE {_WANTED}
"""


async def list_undelivered(conn: Connection, wanted: Filter, *, limit: int) -> list[Undelivered]:
    """Return the newest deliveries of a filter."""
    rows = await conn.fetch(
        f"{_READ} ORDER BY deliveries.id DESC LIMIT $4", *_arguments(wanted), limit
    )
    return [Undelivered(**dict(row)) for row in rows]


async def find_body(conn: Connection, delivery_id: int) -> bytes | None:
    """Return the activity of a delivery as it is posted."""
    body: bytes | None = await conn.fetchval(
        """
        SELECT outbox.body
          FROM deliveries
          JOIN outbox
            ON outbox.id = deliveries.outbox_id
         WHERE deliveries.id = $1
        """,
        delivery_id,
    )
    return body


_PROBE_NOW = """
    UPDATE inbox_hosts
       SET opened_until = LEAST(opened_until, $2)
     WHERE host IN (
               SELECT host
                 FROM inbox_hosts
                WHERE host = ANY($1::text[])
                ORDER BY host
                  FOR UPDATE)
"""
_DUE_NOW = """
    UPDATE lanes
       SET due_at = $2,
           attempts = 0
     WHERE host = ANY($1::text[])
       AND EXISTS (
               SELECT 1
                 FROM deliveries
                WHERE deliveries.lane_id = lanes.id
                  AND ($3::bigint[] IS NULL OR deliveries.id = ANY($3::bigint[]))
                  AND deliveries.state = ANY($4::text[]))
"""


async def retry(tx: Transaction, wanted: Filter, now: datetime) -> int:
    """Let deliveries wait again, each in its old place, and try their hosts at once.

    Their time to live starts anew. Returns how many there were.
    """
    # Hosts, lanes, deliveries: the order of those who settle.
    hosts = await _hosts_of(tx, wanted)
    await tx.execute(_PROBE_NOW, hosts, now)
    await tx.execute(_DUE_NOW, hosts, now, _arguments(wanted)[0], list(wanted.states))
    count = await tx.execute(
        f"""
        UPDATE deliveries
           SET state = 'waiting',
               attempts = 0,
               first_failed_at = NULL,
               ended_at = NULL,
               created_at = $4
          FROM lanes
         WHERE lanes.id = deliveries.lane_id
           AND {_WANTED}
        """,
        *_arguments(wanted),
        now,
    )
    tx.hint("deliveries")
    return count


async def _hosts_of(tx: Transaction, wanted: Filter) -> list[str]:
    rows = await tx.fetch(
        f"""
        SELECT DISTINCT lanes.host
          FROM deliveries
          JOIN lanes
            ON lanes.id = deliveries.lane_id
         WHERE {_WANTED}
        """,
        *_arguments(wanted),
    )
    return [row["host"] for row in rows]


async def drop(tx: Transaction, wanted: Filter) -> int:
    """Forget deliveries; returns how many there were."""
    return await tx.execute(
        f"""
        DELETE FROM deliveries
         USING lanes
         WHERE lanes.id = deliveries.lane_id
           AND {_WANTED}
        """,
        *_arguments(wanted),
    )


def _arguments(wanted: Filter) -> tuple[list[int] | None, str | None, list[State]]:
    ids = None if wanted.ids is None else list(wanted.ids)
    return ids, wanted.host, list(wanted.states)


async def drop_hosts(tx: Transaction, hosts: Sequence[str]) -> int:
    """Delete the lanes of hosts with all that is on record in them; returns how many lanes."""
    return await tx.execute("DELETE FROM lanes WHERE host = ANY($1::text[])", list(hosts))


async def give_up(tx: Transaction, before: datetime, now: datetime) -> int:
    """Declare dead what has waited since before then; returns how many deliveries that were."""
    return await tx.execute(
        """
        UPDATE deliveries
           SET state = 'dead',
               ended_at = $3,
               last_error = COALESCE(last_error, $4)
         WHERE id IN (
                   SELECT id
                     FROM deliveries
                    WHERE state = 'waiting'
                      AND created_at < $1
                    ORDER BY created_at
                    LIMIT $2
                      FOR UPDATE SKIP LOCKED)
        """,
        before,
        _SWEEP,
        now,
        _GIVEN_UP,
    )


_TRIM_WAITING = """
    WITH crowded AS (
        SELECT lanes.host
          FROM deliveries
          JOIN lanes
            ON lanes.id = deliveries.lane_id
         WHERE deliveries.state = 'waiting'
         GROUP BY lanes.host
        HAVING count(*) > $1
    ),
    surplus AS (
        SELECT ranked.id
          FROM (
                SELECT deliveries.id,
                       row_number() OVER (
                           PARTITION BY lanes.host ORDER BY deliveries.id DESC) AS place
                  FROM crowded
                  JOIN lanes
                    ON lanes.host = crowded.host
                  JOIN deliveries
                    ON deliveries.lane_id = lanes.id
                   AND deliveries.state = 'waiting'
                  JOIN outbox
                    ON outbox.id = deliveries.outbox_id
                   AND outbox.type <> 'Delete'
               ) AS ranked
         WHERE ranked.place > $1
         ORDER BY ranked.id
         LIMIT $2
    )
    UPDATE deliveries
       SET state = 'dead',
           ended_at = $3,
           last_error = $4
     WHERE id IN (
               SELECT deliveries.id
                 FROM deliveries
                 JOIN surplus
                   ON surplus.id = deliveries.id
                  FOR UPDATE OF deliveries SKIP LOCKED)
       AND state = 'waiting'
"""


async def trim_waiting(tx: Transaction, most: int, now: datetime) -> int:
    """Declare dead the oldest of what waits for a host beyond so many; returns how many.

    Deletes go on waiting: what somebody took back must not stay elsewhere for want of room.
    """
    return await tx.execute(_TRIM_WAITING, most, _SWEEP, now, _TOO_MANY)


async def trim_ended(tx: Transaction, most: int) -> int:
    """Delete the oldest of what is dead or set aside for a host beyond so many; returns how many.

    A host that was away for long would else leave more behind than anybody reads.
    """
    return await tx.execute(
        """
        DELETE FROM deliveries
         WHERE id IN (
                   SELECT ranked.id
                     FROM (
                           SELECT deliveries.id,
                                  row_number() OVER (
                                      PARTITION BY lanes.host
                                          ORDER BY deliveries.ended_at DESC, deliveries.id DESC
                                  ) AS place
                             FROM deliveries
                             JOIN lanes
                               ON lanes.id = deliveries.lane_id
                            WHERE deliveries.state <> 'waiting'
                          ) AS ranked
                    WHERE ranked.place > $1
                    LIMIT $2)
        """,
        most,
        _SWEEP,
    )


async def prune(tx: Transaction, before: datetime) -> int:
    """Delete what has been dead or set aside since before then; returns how many."""
    return await tx.execute(
        "DELETE FROM deliveries WHERE state <> 'waiting' AND ended_at < $1", before
    )
