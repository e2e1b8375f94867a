"""Reports: what members and other offices want a moderator to look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from storage.database import Connection, Record, Transaction
from storage.paging import Page

Category = Literal["spam", "legal", "violation", "other"]

_COLUMNS = """
    id, uri, host, account_id, target_id, status_ids, comment, category, rule_ids, forwarded,
    resolved_at, created_at, assigned_id, resolved_by_id, updated_at
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
    assigned_id: int | None
    resolved_by_id: int | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ReportFilter:
    """Which reports are wanted; None stands for all."""

    resolved: bool | None = None
    account_id: int | None = None
    target_id: int | None = None
    target_domain: str | None = None
    target_origin: Literal["local", "remote"] | None = None


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
                             rule_ids, forwarded, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
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


async def list_page(conn: Connection, wanted: ReportFilter, page: Page) -> list[Report]:
    """Return a page of reports, the latest first."""
    records = await conn.fetch(
        f"""
        SELECT {_COLUMNS}
          FROM reports r
         WHERE ($1::boolean IS NULL OR (r.resolved_at IS NOT NULL) = $1)
           AND ($2::bigint IS NULL OR r.account_id = $2)
           AND ($3::bigint IS NULL OR r.target_id = $3)
           AND (($4::text IS NULL AND $5::text IS NULL) OR EXISTS (
               SELECT
                 FROM accounts a
                WHERE a.id = r.target_id
                  AND ($4 IS NULL OR a.domain = lower($4))
                  AND ($5 IS NULL OR (a.domain IS NULL) = ($5 = 'local'))))
           AND {page.window("r.id", 6)}
        """,
        wanted.resolved,
        wanted.account_id,
        wanted.target_id,
        wanted.target_domain,
        wanted.target_origin,
        *page.bounds,
    )
    return page.newest_first([_report_of(record) for record in records])


async def set_resolved(
    tx: Transaction, report_id: int, at: datetime | None, *, now: datetime, by: int | None = None
) -> bool:
    """Close a report, or open it again with None; False when nothing changed.

    `by` is the member of staff who closes it, None for the command line.
    """
    return bool(
        await tx.execute(
            """
            UPDATE reports
               SET resolved_at = $2,
                   resolved_by_id = $3,
                   updated_at = $4
             WHERE id = $1
               AND (resolved_at IS NULL) <> ($2::timestamptz IS NULL)
            """,
            report_id,
            at,
            by if at is not None else None,
            now,
        )
    )


async def set_assigned(
    tx: Transaction, report_id: int, staff_id: int | None, now: datetime
) -> None:
    """Say which member of staff looks at a report; None takes that back."""
    await tx.execute(
        "UPDATE reports SET assigned_id = $2, updated_at = $3 WHERE id = $1",
        report_id,
        staff_id,
        now,
    )


async def reclassify(
    tx: Transaction,
    report_id: int,
    *,
    category: Category | None,
    rule_ids: Sequence[str] | None,
    now: datetime,
) -> None:
    """Change what a report is about; None leaves that as it is."""
    await tx.execute(
        """
        UPDATE reports
           SET category = COALESCE($2, category),
               rule_ids = COALESCE($3::text[], rule_ids),
               updated_at = $4
         WHERE id = $1
        """,
        report_id,
        category,
        None if rule_ids is None else list(rule_ids),
        now,
    )


def _report_of(record: Record) -> Report:
    return Report(**dict(record))
