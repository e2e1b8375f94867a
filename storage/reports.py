"""Reports: what members and other offices want a moderator to look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from storage.database import Connection, Record, Transaction

Category = Literal["spam", "legal", "violation", "other"]

_COLUMNS = """
    id, uri, host, account_id, target_id, status_ids, comment, category, rule_ids, forwarded,
    resolved_at, created_at
"""


@dataclass(frozen=True, slots=True)
class Report:
    """A row of `reports`. `uri` and `host` are those of another office's Flag, None for ours."""

    id: int
    uri: str | None
    host: str | None
    account_id: int
    target_id: int
    status_ids: list[int]
    comment: str
    category: Category
    rule_ids: list[str]
    forwarded: bool
    resolved_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewReport:
    """A report before it is stored."""

    id: int
    account_id: int
    target_id: int
    status_ids: Sequence[int] = ()
    comment: str = ""
    category: Category = "other"
    rule_ids: Sequence[str] = ()
    forwarded: bool = False
    uri: str | None = None
    host: str | None = None


async def insert(tx: Transaction, new: NewReport, now: datetime) -> Report | None:
    """Store a report; None when the same Flag has reported the same account before."""
    record = await tx.fetchrow(
        f"""
        INSERT INTO reports (id, uri, host, account_id, target_id, status_ids, comment, category,
                             rule_ids, forwarded, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (uri, target_id) DO NOTHING
        RETURNING {_COLUMNS}
        """,
        new.id,
        new.uri,
        new.host,
        new.account_id,
        new.target_id,
        list(new.status_ids),
        new.comment,
        new.category,
        list(new.rule_ids),
        new.forwarded,
        now,
    )
    return None if record is None else _report_of(record)


async def count_from_host(conn: Connection, host: str, since: datetime) -> int:
    """Return how many reports an office has sent since then."""
    total: int = await conn.fetchval(
        """
        SELECT count(*)
          FROM reports
         WHERE host = $1
           AND created_at >= $2
        """,
        host,
        since,
    )
    return total


async def find(conn: Connection, report_id: int) -> Report | None:
    """Return a report."""
    record = await conn.fetchrow(f"SELECT {_COLUMNS} FROM reports WHERE id = $1", report_id)
    return None if record is None else _report_of(record)


async def list_latest(conn: Connection, *, resolved: bool, limit: int) -> list[Report]:
    """Return the latest reports that are open, or with `resolved` those that are not."""
    condition = "IS NOT NULL" if resolved else "IS NULL"
    records = await conn.fetch(
        f"""
        SELECT {_COLUMNS}
          FROM reports
         WHERE resolved_at {condition}
         ORDER BY id DESC
         LIMIT $1
        """,
        limit,
    )
    return [_report_of(record) for record in records]


async def set_resolved(tx: Transaction, report_id: int, at: datetime | None) -> bool:
    """Close a report, or open it again with None; False when nothing changed."""
    return bool(
        await tx.execute(
            """
            UPDATE reports
               SET resolved_at = $2
             WHERE id = $1
               AND (resolved_at IS NULL) <> ($2::timestamptz IS NULL)
            """,
            report_id,
            at,
        )
    )


def _report_of(record: Record) -> Report:
    return Report(**dict(record))
