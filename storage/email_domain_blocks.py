"""Domains of e-mail addresses with which nobody registers, or only after a look at them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from storage.database import Connection, Transaction
from storage.paging import Page

_COLUMNS = "id, domain, allow_with_approval, created_at"


@dataclass(frozen=True, slots=True)
class EmailDomainBlock:
    """A row of `email_domain_blocks`; sub-domains are meant as well."""

    id: int
    domain: str
    allow_with_approval: bool
    created_at: datetime


async def list_page(conn: Connection, page: Page) -> list[EmailDomainBlock]:
    """Return a page of blocks, the latest first."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM email_domain_blocks WHERE {page.window('id', 1)}", *page.bounds
    )
    return page.newest_first([EmailDomainBlock(**dict(row)) for row in rows])


async def find(conn: Connection, block_id: int) -> EmailDomainBlock | None:
    """Return a block."""
    row = await conn.fetchrow(f"SELECT {_COLUMNS} FROM email_domain_blocks WHERE id = $1", block_id)
    return None if row is None else EmailDomainBlock(**dict(row))


async def insert(
    tx: Transaction, domain: str, *, allow_with_approval: bool, now: datetime
) -> EmailDomainBlock | None:
    """Block a domain; None when it is blocked already."""
    row = await tx.fetchrow(
        f"""
        INSERT INTO email_domain_blocks (domain, allow_with_approval, created_at)
        VALUES ($1, $2, $3)
        ON CONFLICT (domain) DO NOTHING
        RETURNING {_COLUMNS}
        """,
        domain,
        allow_with_approval,
        now,
    )
    return None if row is None else EmailDomainBlock(**dict(row))


async def delete(tx: Transaction, block_id: int) -> EmailDomainBlock | None:
    """Lift a block and return it; None when there is none."""
    row = await tx.fetchrow(
        f"DELETE FROM email_domain_blocks WHERE id = $1 RETURNING {_COLUMNS}", block_id
    )
    return None if row is None else EmailDomainBlock(**dict(row))


async def attempts(
    conn: Connection, block_ids: Sequence[int], since: date
) -> Mapping[int, Mapping[date, int]]:
    """Return how often somebody tried to register, by block and day."""
    rows = await conn.fetch(
        """
        SELECT block_id, day, attempts
        FROM email_domain_block_attempts
        WHERE block_id = ANY($1::bigint[])
          AND day >= $2
        """,
        list(block_ids),
        since,
    )
    found: dict[int, dict[date, int]] = {}
    for row in rows:
        found.setdefault(row["block_id"], {})[row["day"]] = row["attempts"]
    return found
