"""The audit log: administrative acts and readings, appended only, and chained by their hashes.

The database chains an entry when its transaction commits; entries have their position in the chain
as id. What is hashed: the hash before it (32 zero bytes for the first), and the entry as JSON.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from storage.database import Connection, Record, Transaction
from storage.paging import Page

GENESIS: Final = bytes(32)
_MATCHES: Final = """
    ($1::text IS NULL OR a.actor = $1)
    AND ($2::text IS NULL OR a.action = $2 OR starts_with(a.action, $2 || '.'))
    AND ($3::text IS NULL OR a.target = $3)
    AND ($4::timestamptz IS NULL OR a.at >= $4)
    AND ($5::timestamptz IS NULL OR a.at < $5)
"""
_COLUMNS: Final = "c.position, a.at, a.actor, a.action, a.target, a.detail, c.hash"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries: None does not narrow. `action` is a whole one or its first word."""

    actor: str | None = None
    action: str | None = None
    target: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def arguments(self) -> tuple[object, ...]:
        """The five parameters of the condition."""
        return self.actor, self.action, self.target, self.since, self.until


@dataclass(frozen=True, slots=True)
class Entry:
    """One act or reading: who (`cli`, or a member's name) did what to whom, and when."""

    id: int
    at: datetime
    actor: str
    action: str
    target: str
    detail: dict[str, Any]
    hash: bytes


@dataclass(frozen=True, slots=True)
class Link:
    """One place of the chain as it is stored; `written` is None where the entry is gone."""

    position: int
    hash: bytes
    written: "Written | None"

    def is_sound(self, before: bytes) -> bool:
        """Tell whether the hash is that of the entry and of the hash before it."""
        if self.written is None:
            return False
        return hashlib.sha256(before + self.written.as_bytes(self.position)).digest() == self.hash


@dataclass(frozen=True, slots=True)
class Written:
    """What an entry says, `detail` as the text of its JSON."""

    at: datetime
    actor: str
    action: str
    target: str
    detail: str

    def as_bytes(self, position: int) -> bytes:
        """Return what is hashed: the bytes that `audit_bytes` makes in the database."""
        moment = self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        words = (moment, self.actor, self.action, self.target)
        quoted = (json.dumps(each, ensure_ascii=False) for each in words)
        return f"[{position}, {', '.join(quoted)}, {self.detail}]".encode()


async def append(
    tx: Transaction,
    *,
    actor: str,
    action: str,
    target: str,
    detail: dict[str, object] | None = None,
    now: datetime,
) -> None:
    """Record who (`cli` or a member's name) did what to whom."""
    await tx.execute(
        """
        INSERT INTO audit (at, actor, action, target, detail)
        VALUES ($1, $2, $3, $4, $5)
        """,
        now,
        actor,
        action,
        target,
        detail or {},
    )


async def list_page(conn: Connection, wanted: Filter, page: Page) -> list[Entry]:
    """Return a page of entries, the latest first."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS}
          FROM audit_chain c
          JOIN audit a ON a.id = c.audit_id
         WHERE {_MATCHES}
           AND {page.window("c.position", 6)}
        """,
        *wanted.arguments,
        *page.bounds,
    )
    return page.newest_first([_entry_of(row) for row in rows])


async def list_after(conn: Connection, wanted: Filter, after: int, limit: int) -> list[Entry]:
    """Return the entries above a position, the oldest first.

    No entry ever appears below one that was there before.
    """
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS}
          FROM audit_chain c
          JOIN audit a ON a.id = c.audit_id
         WHERE {_MATCHES}
           AND c.position > $6
         ORDER BY c.position
         LIMIT $7
        """,
        *wanted.arguments,
        after,
        limit,
    )
    return [_entry_of(row) for row in rows]


async def list_links(conn: Connection, after: int, limit: int) -> list[Link]:
    """Return the chain above a position, in its order."""
    rows = await conn.fetch(
        """
        SELECT
            c.position,
            c.hash,
            a.id,
            a.at,
            a.actor,
            a.action,
            a.target,
            a.detail::text AS detail
        FROM audit_chain c
        LEFT JOIN audit a ON a.id = c.audit_id
        WHERE c.position > $1
        ORDER BY c.position
        LIMIT $2
        """,
        after,
        limit,
    )
    return [_link_of(row) for row in rows]


async def find_head(conn: Connection) -> tuple[int, bytes]:
    """Return the length of the chain and its last hash, as its end remembers them."""
    row = await conn.fetchrow("SELECT length, hash FROM audit_head")
    return (0, GENESIS) if row is None else (row["length"], row["hash"])


async def find_unchained(conn: Connection) -> Entry | None:
    """Return the first entry that is in no chain, which only somebody can have slipped in."""
    row = await conn.fetchrow(
        """
        SELECT 0 AS position, a.at, a.actor, a.action, a.target, a.detail, ''::bytea AS hash
        FROM audit a
        WHERE NOT EXISTS (SELECT FROM audit_chain c WHERE c.audit_id = a.id)
        ORDER BY a.id
        LIMIT 1
        """
    )
    return None if row is None else _entry_of(row)


def _entry_of(row: Record) -> Entry:
    return Entry(
        id=row["position"],
        at=row["at"],
        actor=row["actor"],
        action=row["action"],
        target=row["target"],
        detail=row["detail"],
        hash=row["hash"],
    )


def _link_of(row: Record) -> Link:
    written = None
    if row["id"] is not None:
        written = Written(row["at"], row["actor"], row["action"], row["target"], row["detail"])
    return Link(row["position"], row["hash"], written)
