"""What some notifications are about besides a status: reports, and warnings of staff."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from storage.database import Connection
from storage.reports import Report


@dataclass(frozen=True, slots=True)
class StaffWarning:
    """What staff said or did to a member, as that member may read it."""

    id: int
    target_id: int
    action: str
    text: str
    created_at: datetime


async def load_reports(conn: Connection, ids: Sequence[int]) -> dict[int, Report]:
    """Return reports by id, in one query."""
    rows = await conn.fetch(
        f"SELECT {_columns(Report)} FROM reports WHERE id = ANY($1::bigint[])", list(ids)
    )
    return {row["id"]: Report(**dict(row)) for row in rows}


async def load_warnings(conn: Connection, ids: Sequence[int]) -> dict[int, StaffWarning]:
    """Return warnings by id, in one query."""
    rows = await conn.fetch(
        f"SELECT {_columns(StaffWarning)} FROM account_warnings WHERE id = ANY($1::bigint[])",
        list(ids),
    )
    return {row["id"]: StaffWarning(**dict(row)) for row in rows}


def _columns(row: type[Report] | type[StaffWarning]) -> str:
    return ", ".join(field.name for field in fields(row))
