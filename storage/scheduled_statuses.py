"""Statuses that wait for their time: what was asked for, when it is due, and the files it holds."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.database import Connection, Record, Transaction
from storage.media import FIELDS, Media
from storage.paging import Page


@dataclass(frozen=True, slots=True)
class ScheduledStatus:
    """A row of `scheduled_statuses`; `failure` says why it could not be published in time."""

    id: int
    account_id: int
    draft: Mapping[str, Any]
    application_id: int | None
    scheduled_at: datetime
    failure: str | None


_FIELDS = tuple(field.name for field in dataclasses.fields(ScheduledStatus))
_COLUMNS = ", ".join(f"s.{name}" for name in _FIELDS)


def _scheduled(row: Record) -> ScheduledStatus:
    return ScheduledStatus(**{name: row[name] for name in _FIELDS})


async def insert(tx: Transaction, new: ScheduledStatus, now: datetime) -> None:
    """Insert a scheduled status, without the files that it is to hold."""
    await tx.execute(
        """
        INSERT INTO scheduled_statuses (
            id, account_id, draft, application_id, scheduled_at, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        new.id,
        new.account_id,
        dict(new.draft),
        new.application_id,
        new.scheduled_at,
        now,
    )


async def lock_counts(
    tx: Transaction, account_id: int, day: datetime, *, without: int | None = None
) -> tuple[int, int]:
    """Return how many scheduled statuses an account has, on that day of UTC and altogether.

    Until the commit no other transaction counts, so that two cannot both take the last place.
    `without` names one that does not count.
    """
    await tx.fetchval("SELECT id FROM accounts WHERE id = $1 FOR NO KEY UPDATE", account_id)
    row = await tx.fetchrow(
        """
        SELECT
            count(*) FILTER (
                WHERE (scheduled_at AT TIME ZONE 'UTC')::date
                    = ($2::timestamptz AT TIME ZONE 'UTC')::date) AS that_day,
            count(*) AS altogether
        FROM scheduled_statuses
        WHERE account_id = $1
          AND id IS DISTINCT FROM $3
        """,
        account_id,
        day,
        without,
    )
    return (row["that_day"], row["altogether"]) if row else (0, 0)


async def find(conn: Connection, account_id: int, scheduled_id: int) -> ScheduledStatus | None:
    """Return one of the account's scheduled statuses."""
    row = await conn.fetchrow(
        f"""
        SELECT {_COLUMNS}
        FROM scheduled_statuses AS s
        WHERE s.id = $2
          AND s.account_id = $1
        """,
        account_id,
        scheduled_id,
    )
    return None if row is None else _scheduled(row)


async def find_any(conn: Connection, scheduled_id: int) -> ScheduledStatus | None:
    """Return the scheduled status, whose ever it is."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM scheduled_statuses AS s WHERE s.id = $1", scheduled_id
    )
    return None if row is None else _scheduled(row)


async def lock(tx: Transaction, scheduled_id: int) -> ScheduledStatus | None:
    """Return the scheduled status and let nobody else change or publish it until the commit."""
    row = await tx.fetchrow(
        f"SELECT {_COLUMNS} FROM scheduled_statuses AS s WHERE s.id = $1 FOR UPDATE", scheduled_id
    )
    return None if row is None else _scheduled(row)


async def list_page(conn: Connection, account_id: int, page: Page) -> list[ScheduledStatus]:
    """Return a page of the account's scheduled statuses, the newest id first."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS}
        FROM scheduled_statuses AS s
        WHERE s.account_id = $1
          AND {page.window("s.id", 2)}
        """,
        account_id,
        *page.bounds,
    )
    return [_scheduled(row) for row in page.newest_first(rows)]


async def set_time(tx: Transaction, scheduled_id: int, scheduled_at: datetime) -> None:
    """Give a scheduled status another time, and with it another chance."""
    await tx.execute(
        "UPDATE scheduled_statuses SET scheduled_at = $2, failure = NULL WHERE id = $1",
        scheduled_id,
        scheduled_at,
    )


async def set_failure(tx: Transaction, scheduled_id: int, failure: str) -> None:
    """Note why a scheduled status could not be published."""
    await tx.execute(
        "UPDATE scheduled_statuses SET failure = $2 WHERE id = $1", scheduled_id, failure
    )


async def delete(tx: Transaction, scheduled_id: int, now: datetime) -> None:
    """Delete a locked scheduled status; files of it that no status carries are free again."""
    await tx.execute(
        """
        WITH released AS (
            UPDATE media
            SET scheduled_status_id = NULL, released_at = $2
            WHERE scheduled_status_id = $1
        )
        DELETE FROM scheduled_statuses WHERE id = $1
        """,
        scheduled_id,
        now,
    )


async def list_held(conn: Connection, scheduled_ids: Sequence[int]) -> dict[int, list[Media]]:
    """Return the files that each of the scheduled statuses holds."""
    rows = await conn.fetch(
        f"""
        SELECT {", ".join(f"m.{name}" for name in FIELDS)}, m.scheduled_status_id
        FROM media AS m
        WHERE m.scheduled_status_id = ANY($1::bigint[])
        ORDER BY m.id
        """,
        list(scheduled_ids),
    )
    held: dict[int, list[Media]] = {}
    for row in rows:
        file = Media(**{name: row[name] for name in FIELDS})
        held.setdefault(row["scheduled_status_id"], []).append(file)
    return held


async def hold_media(tx: Transaction, scheduled_id: int, media_ids: Sequence[int]) -> None:
    """Let a scheduled status hold uploads, which are locked and free."""
    await tx.execute(
        """
        UPDATE media
        SET scheduled_status_id = $1, detached_at = NULL
        WHERE id = ANY($2::bigint[])
        """,
        scheduled_id,
        list(media_ids),
    )
