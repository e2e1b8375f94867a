"""Limits on single offices, which Mastodon calls domain blocks: rows of `domain_blocks`.

They stand on top of the entries (`storage.trust`): `suspend` blocks the host, `silence` shows its
people's public posts to their followers only, and files and reports can be refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Literal

from storage.database import Connection, Transaction
from storage.paging import Page

Severity = Literal["noop", "silence", "suspend"]


@dataclass(frozen=True, slots=True)
class PeerLimit:
    """A row of `domain_blocks`."""

    id: int
    host: str
    severity: Severity
    reject_media: bool
    reject_reports: bool
    private_comment: str | None
    public_comment: str | None
    obfuscate: bool
    created_at: datetime


_NAMES = tuple(field.name for field in fields(PeerLimit))
_COLUMNS = ", ".join(_NAMES)
CHANGEABLE = frozenset(_NAMES) - {"id", "host", "created_at"}


async def list_page(conn: Connection, page: Page) -> list[PeerLimit]:
    """Return a page of limits, the latest first."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM domain_blocks WHERE {page.window('id', 1)}", *page.bounds
    )
    return page.newest_first([PeerLimit(**dict(row)) for row in rows])


async def find(conn: Connection, limit_id: int) -> PeerLimit | None:
    """Return a limit."""
    row = await conn.fetchrow(f"SELECT {_COLUMNS} FROM domain_blocks WHERE id = $1", limit_id)
    return None if row is None else PeerLimit(**dict(row))


async def find_by_host(conn: Connection, host: str) -> PeerLimit | None:
    """Return the limit on a host."""
    row = await conn.fetchrow(f"SELECT {_COLUMNS} FROM domain_blocks WHERE host = $1", host)
    return None if row is None else PeerLimit(**dict(row))


async def insert(tx: Transaction, host: str, now: datetime) -> PeerLimit | None:
    """Start a limit that does nothing yet; None where the host has one already."""
    row = await tx.fetchrow(
        f"""
        INSERT INTO domain_blocks (host, severity, created_at)
        VALUES ($1, 'noop', $2)
        ON CONFLICT (host) DO NOTHING
        RETURNING {_COLUMNS}
        """,
        host,
        now,
    )
    return None if row is None else PeerLimit(**dict(row))


async def update(tx: Transaction, limit_id: int, changes: Mapping[str, object]) -> PeerLimit | None:
    """Change a limit; None when there is none."""
    if unknown := changes.keys() - CHANGEABLE:
        raise ValueError(f"not changeable: {', '.join(sorted(unknown))}")
    if not changes:
        return await find(tx, limit_id)
    names = sorted(changes)
    assignments = ", ".join(f"{name} = ${place}" for place, name in enumerate(names, start=2))
    row = await tx.fetchrow(
        f"UPDATE domain_blocks SET {assignments} WHERE id = $1 RETURNING {_COLUMNS}",
        limit_id,
        *(changes[name] for name in names),
    )
    return None if row is None else PeerLimit(**dict(row))


async def delete(tx: Transaction, limit_id: int) -> None:
    """Lift a limit."""
    await tx.execute("DELETE FROM domain_blocks WHERE id = $1", limit_id)
