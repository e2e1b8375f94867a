"""How far a member has read a timeline, kept for all of the member's apps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from storage.database import Connection, Record, Transaction

Timeline = Literal["home", "notifications"]


@dataclass(frozen=True, slots=True)
class Marker:
    """A row of `markers`; `version` rises with every change."""

    timeline: Timeline
    last_read_id: str
    version: int
    updated_at: datetime


async def load(conn: Connection, account_id: int, timelines: Sequence[str]) -> dict[str, Marker]:
    """Return the markers that a member has of these timelines, by name."""
    records = await conn.fetch(
        """
        SELECT timeline, last_read_id, version, updated_at
          FROM markers
         WHERE account_id = $1
           AND timeline = ANY($2::text[])
         ORDER BY timeline
        """,
        account_id,
        list(timelines),
    )
    return _by_timeline(records)


async def upsert(
    tx: Transaction, account_id: int, positions: Mapping[str, str], now: datetime
) -> dict[str, Marker]:
    """Move markers and return them, by timeline."""
    # In one order, so that two apps of a member never wait for each other.
    names = sorted(positions)
    records = await tx.fetch(
        """
        INSERT INTO markers AS m (account_id, timeline, last_read_id, updated_at)
        SELECT $1, t.timeline, t.last_read_id, $4
          FROM unnest($2::text[], $3::text[]) AS t (timeline, last_read_id)
        ON CONFLICT (account_id, timeline) DO UPDATE
           SET last_read_id = EXCLUDED.last_read_id,
               version = m.version + 1,
               updated_at = EXCLUDED.updated_at
        RETURNING m.timeline, m.last_read_id, m.version, m.updated_at
        """,
        account_id,
        names,
        [positions[name] for name in names],
        now,
    )
    return _by_timeline(records)


def _by_timeline(records: Sequence[Record]) -> dict[str, Marker]:
    return {record["timeline"]: Marker(**dict(record)) for record in records}
