"""E-mail addresses that may not register again, known by a hash alone."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from storage.database import Connection, Transaction
from storage.paging import Page

_COLUMNS = "id, email_hash, created_at"


@dataclass(frozen=True, slots=True)
class CanonicalEmailBlock:
    """A row of `canonical_email_blocks`; the hash is SHA-256 in lower-case hex."""

    id: int
    email_hash: str
    created_at: datetime


def canonical_hash(email: str) -> str:
    """Return the hash of the plainest form of an address.

    As in Mastodon: folded to lower case, the part before @ without dots and without what follows a
    plus sign, so that spellings that reach one mailbox are one address.
    """
    name, _, domain = email.strip().lower().partition("@")
    plain = f"{name.replace('.', '').partition('+')[0]}@{domain}"
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


async def list_page(conn: Connection, page: Page) -> list[CanonicalEmailBlock]:
    """Return a page of blocks, the latest first."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM canonical_email_blocks WHERE {page.window('id', 1)}", *page.bounds
    )
    return page.newest_first([CanonicalEmailBlock(**dict(row)) for row in rows])


async def find(conn: Connection, block_id: int) -> CanonicalEmailBlock | None:
    """Return a block."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM canonical_email_blocks WHERE id = $1", block_id
    )
    return None if row is None else CanonicalEmailBlock(**dict(row))


async def list_matching(conn: Connection, email: str) -> list[CanonicalEmailBlock]:
    """Return the blocks that an address meets."""
    rows = await conn.fetch(
        f"SELECT {_COLUMNS} FROM canonical_email_blocks WHERE email_hash = $1",
        canonical_hash(email),
    )
    return [CanonicalEmailBlock(**dict(row)) for row in rows]


async def insert(
    tx: Transaction, email_hash: str, now: datetime, *, account_id: int | None = None
) -> CanonicalEmailBlock | None:
    """Block an address; None when it is blocked already. `account_id` is whose suspension asks."""
    row = await tx.fetchrow(
        f"""
        INSERT INTO canonical_email_blocks (email_hash, account_id, created_at)
        VALUES ($1, $2, $3)
        ON CONFLICT DO NOTHING
        RETURNING {_COLUMNS}
        """,
        email_hash,
        account_id,
        now,
    )
    return None if row is None else CanonicalEmailBlock(**dict(row))


async def delete(tx: Transaction, block_id: int) -> CanonicalEmailBlock | None:
    """Lift a block and return it; None when there is none."""
    row = await tx.fetchrow(
        f"DELETE FROM canonical_email_blocks WHERE id = $1 RETURNING {_COLUMNS}", block_id
    )
    return None if row is None else CanonicalEmailBlock(**dict(row))


async def delete_of_account(tx: Transaction, account_id: int) -> None:
    """Lift the block that came with an account's suspension."""
    await tx.execute("DELETE FROM canonical_email_blocks WHERE account_id = $1", account_id)
