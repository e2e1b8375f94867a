"""The stream log: what happened, for the streams and caches of all processes.

Rows hold ids and audience, not payloads; whoever reads renders. Ids are handed out before their
transactions commit, so they become visible out of order: `EventReader` skips none.

What nobody can render later, or is the same for all, comes with its payload: an event of the kinds
`announcement` and `announcement.reaction` has `detail={"payload": entity}`, `announcement.delete`
has `detail={"payload": "the id"}`. Without `account_ids` they go to the stream of every member.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from storage.database import Connection, Transaction

_BATCH = 2000
# Longer than any transaction can last; see `TRANSACTION_SECONDS`.
_GAP_LIFE = timedelta(seconds=30)
_MOST_GAPS = 10_000


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event before it is stored; `account_ids` are the readers whose own stream it concerns."""

    kind: str
    subject_id: int | None = None
    account_ids: Sequence[int] | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """A stored event."""

    id: int
    kind: str
    subject_id: int | None
    account_ids: list[int] | None
    detail: dict[str, Any]
    created_at: datetime


async def append(
    tx: Transaction,
    kind: str,
    *,
    subject_id: int | None = None,
    account_ids: Sequence[int] | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Log one event and wake the readers after the commit."""
    await append_many(tx, [NewEvent(kind, subject_id, account_ids, detail or {})])


async def append_many(tx: Transaction, events: Sequence[NewEvent]) -> None:
    """Log events in this order, in one statement, and wake the readers after the commit."""
    if events:
        await tx.execute(inserting(1), as_argument(events))
        tx.hint("stream")


def inserting(parameter: int) -> str:
    """Return the statement that logs the events of a parameter, for a part of a longer one.

    The argument is that of `as_argument`. Who runs it hints at "stream".
    """
    return f"""
        INSERT INTO stream_events (kind, subject_id, account_ids, detail)
        SELECT e.kind, e.subject_id, e.account_ids, e.detail
        FROM jsonb_to_recordset(${parameter}::jsonb) AS e(
            kind text, subject_id bigint, account_ids bigint[], detail jsonb, position bigint)
        ORDER BY e.position
    """


def as_argument(events: Sequence[NewEvent]) -> list[dict[str, Any]]:
    """Return events as the argument of statements that log them, in order by `position`."""
    return [
        {
            "kind": event.kind,
            "subject_id": event.subject_id,
            "account_ids": None if event.account_ids is None else list(event.account_ids),
            "detail": dict(event.detail),
            "position": position,
        }
        for position, event in enumerate(events)
    ]


async def read_after(
    conn: Connection, last_id: int, gap_ids: Collection[int], limit: int
) -> list[Event]:
    """Return events above `last_id` and those of `gap_ids` that have appeared, by rising id."""
    rows = await conn.fetch(
        """
        -- Not as one condition with OR, for which the whole log would be read.
        SELECT id, kind, subject_id, account_ids, detail, created_at
        FROM (
            (SELECT * FROM stream_events WHERE id > $1 ORDER BY id LIMIT $3)
            UNION ALL
            (SELECT * FROM stream_events WHERE id = ANY($2) AND id <= $1)) AS unheard
        ORDER BY id
        LIMIT $3
        """,
        last_id,
        list(gap_ids),
        limit,
    )
    return [Event(**dict(row)) for row in rows]


async def prune(tx: Transaction, before: datetime) -> int:
    """Delete events that are older and return their number."""
    return await tx.execute(
        """
        DELETE FROM stream_events
        WHERE created_at < $1
        """,
        before,
    )


class EventReader:
    """One reader's place in the log: the highest id seen, and the ids below it still missing.

    A missing id is asked for until it appears or 30 seconds are over, when its transaction must
    have been rolled back.
    """

    def __init__(self, last_id: int) -> None:
        self._last_id = last_id
        self._gaps: dict[int, datetime] = {}
        # Ids to be asked for from the first read on, whose clock then says for how long.
        self._unseen: list[int] = []

    @classmethod
    async def at_end(cls, conn: Connection) -> Self:
        """Start behind everything that is visible now; what commits later is not missed."""
        row = await conn.fetchrow(
            """
            WITH newest AS (
                SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS id
                FROM stream_events_id_seq
            )
            SELECT
                newest.id,
                ARRAY(
                    SELECT number
                    FROM generate_series(GREATEST(newest.id - 999, 1), newest.id) AS number
                    WHERE NOT EXISTS (SELECT FROM stream_events WHERE id = number)
                ) AS unseen
            FROM newest
            """
        )
        if row is None:
            raise RuntimeError("A sequence has exactly one row.")
        reader = cls(row["id"])
        reader._unseen = row["unseen"]
        return reader

    async def read(self, conn: Connection, now: datetime) -> list[Event]:
        """Return what has appeared since, by rising id, each event once; at most 2000."""
        self._miss(self._unseen, now)
        self._unseen = []
        found = await read_after(conn, self._last_id, self._gaps, _BATCH)
        for event in found:
            self._gaps.pop(event.id, None)
            # An id far ahead means that ids were lost in a crash; the nearest ones matter.
            start = max(self._last_id + 1, event.id - _MOST_GAPS)
            self._miss(range(start, event.id), now)
            self._last_id = max(self._last_id, event.id)
        # Only now, after having asked for them once more.
        self._gaps = {id_: expiry for id_, expiry in self._gaps.items() if expiry > now}
        return found

    def _miss(self, ids: Sequence[int], now: datetime) -> None:
        for id_ in ids:
            self._gaps[id_] = now + _GAP_LIFE
