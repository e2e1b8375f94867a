"""Networks from which nobody registers, or nobody comes at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from storage.database import Connection, Transaction
from storage.paging import Page

Severity = Literal["sign_up_requires_approval", "sign_up_block", "no_access"]

_COLUMNS = "id, network::text AS network, severity, comment, expires_at, created_at"
_CHANGEABLE = frozenset({"severity", "comment", "expires_at", "network"})


@dataclass(frozen=True, slots=True)
class IpBlock:
    """A row of `ip_blocks`; the network is text with its prefix, such as `10.0.0.0/8`."""

    id: int
    network: str
    severity: Severity
    comment: str
    expires_at: datetime | None
    created_at: datetime


async def list_page(conn: Connection, page: Page) -> list[IpBlock]:
    """Return a page of blocks, the latest first."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM ip_blocks WHERE {page.window('id', 1)}", *page.bounds
    )
    return page.newest_first([IpBlock(**dict(row)) for row in rows])


async def find(conn: Connection, block_id: int) -> IpBlock | None:
    """Return a block."""
    row = await conn.fetchrow(f"SELECT {_COLUMNS} FROM ip_blocks WHERE id = $1", block_id)
    return None if row is None else IpBlock(**dict(row))


async def barred_networks(conn: Connection, now: datetime) -> list[str]:
    """Return the networks from which nobody may come at this moment."""
    rows = await conn.fetch(
        """
        SELECT network::text AS network
        FROM ip_blocks
        WHERE severity = 'no_access'
          AND (expires_at IS NULL OR expires_at > $1)
        """,
        now,
    )
    return [row["network"] for row in rows]


async def insert(
    tx: Transaction,
    network: str,
    *,
    severity: Severity,
    comment: str,
    expires_at: datetime | None,
    now: datetime,
) -> IpBlock | None:
    """Block a network; None when exactly this one is blocked already."""
    row = await tx.fetchrow(
        f"""
        INSERT INTO ip_blocks (network, severity, comment, expires_at, created_at)
        VALUES ($1::text::cidr, $2, $3, $4, $5)
        ON CONFLICT (network) DO NOTHING
        RETURNING {_COLUMNS}
        """,
        network,
        severity,
        comment,
        expires_at,
        now,
    )
    return None if row is None else IpBlock(**dict(row))


async def update(tx: Transaction, block_id: int, changes: Mapping[str, object]) -> IpBlock | None:
    """Change a block; None when there is none. Raises Conflict for a network blocked already."""
    if unknown := changes.keys() - _CHANGEABLE:
        raise ValueError(f"not changeable: {', '.join(sorted(unknown))}")
    if not changes:
        return await find(tx, block_id)
    names = sorted(changes)
    assignments = ", ".join(
        f"{name} = ${place}{'::text::cidr' if name == 'network' else ''}"
        for place, name in enumerate(names, start=2)
    )
    row = await tx.fetchrow(
        f"UPDATE ip_blocks SET {assignments} WHERE id = $1 RETURNING {_COLUMNS}",
        block_id,
        *(changes[name] for name in names),
    )
    return None if row is None else IpBlock(**dict(row))


async def delete(tx: Transaction, block_id: int) -> IpBlock | None:
    """Lift a block and return it; None when there is none."""
    row = await tx.fetchrow(f"DELETE FROM ip_blocks WHERE id = $1 RETURNING {_COLUMNS}", block_id)
    return None if row is None else IpBlock(**dict(row))
