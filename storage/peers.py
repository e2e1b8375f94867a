"""The allowlist: which other instances may be talked to, and on which terms.

A host without a row, or with a state other than `allowed`, is a stranger. What guards access joins
this table in the statement that it runs anyway.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from storage.database import Connection, Record, Transaction
from storage.paging import Page

PeerState = Literal["allowed", "removed", "blocked"]
SignatureScheme = Literal["auto", "cavage", "rfc9421"]


@dataclass(frozen=True, slots=True)
class Peer:
    """Another instance, by its host: lower-case A-labels, with a port unless it is the default."""

    host: str
    state: PeerState
    public_feed: bool
    networks: tuple[str, ...]
    media_hosts: tuple[str, ...]
    signature_scheme: SignatureScheme
    shared_inbox_url: str | None
    software: str | None
    software_version: str | None
    software_read_at: datetime | None
    note: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class PeerTerms:
    """What an administrator says of a peer; None leaves it as it was, or as it is by default."""

    networks: Sequence[str] | None = None
    media_hosts: Sequence[str] | None = None
    note: str | None = None
    public_feed: bool | None = None
    signature_scheme: SignatureScheme | None = None


_COLUMNS = """
    host,
    state,
    public_feed,
    networks,
    media_hosts,
    signature_scheme,
    shared_inbox_url,
    software,
    software_version,
    software_read_at,
    note,
    created_at,
    updated_at
"""


async def find(conn: Connection, host: str) -> Peer | None:
    """Return the entry of a host in any state, None without one."""
    row = await conn.fetchrow(
        f"""
        SELECT {_COLUMNS}
        FROM peers
        WHERE host = $1
        """,
        host,
    )
    return None if row is None else _peer(row)


async def list_all(conn: Connection) -> list[Peer]:
    """Return the entries in all states, by host."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS}
        FROM peers
        ORDER BY host
        """
    )
    return [_peer(row) for row in rows]


async def list_allowed(conn: Connection) -> list[Peer]:
    """Return the entries that let traffic through, by host."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS}
        FROM peers
        WHERE state = 'allowed'
        ORDER BY host
        """
    )
    return [_peer(row) for row in rows]


@dataclass(frozen=True, slots=True)
class AllowedHost:
    """An allowed host as a row of a list; the id is the cursor of its pages."""

    id: int
    host: str
    created_at: datetime


async def list_allowed_page(conn: Connection, page: Page) -> list[AllowedHost]:
    """Return a page of the hosts that let traffic through, the latest first."""
    rows = await conn.fetch(
        f"""
        SELECT id, host, created_at
        FROM peers
        WHERE state = 'allowed'
            AND {page.window("id", 1)}
        """,
        *page.bounds,
    )
    return page.newest_first([AllowedHost(**dict(row)) for row in rows])


async def find_allowed(
    conn: Connection, *, peer_id: int | None = None, host: str | None = None
) -> AllowedHost | None:
    """Return a host that lets traffic through, by its id or its name."""
    row = await conn.fetchrow(
        """
        SELECT id, host, created_at
        FROM peers
        WHERE state = 'allowed'
            AND (id = $1 OR host = $2)
        """,
        peer_id,
        host,
    )
    return None if row is None else AllowedHost(**dict(row))


async def allowed_hosts(conn: Connection) -> frozenset[str]:
    """Return the hosts that let traffic through."""
    rows = await conn.fetch("SELECT host FROM peers WHERE state = 'allowed'")
    return frozenset(row["host"] for row in rows)


async def is_allowed(conn: Connection, host: str) -> bool:
    """Tell whether a host lets traffic through at this moment."""
    return bool(
        await conn.fetchval(
            """
            SELECT EXISTS (
                SELECT
                FROM peers
                WHERE host = $1
                    AND state = 'allowed'
            )
            """,
            host,
        )
    )


async def upsert(tx: Transaction, host: str, terms: PeerTerms, now: datetime) -> Peer | None:
    """Allow a host on these terms, also one that was removed; None if the host is blocked.

    What was learnt about the host (shared inbox, software) is kept.
    """
    row = await tx.fetchrow(
        f"""
        INSERT INTO peers AS known
            (host, state, networks, media_hosts, note, public_feed, signature_scheme,
             created_at, updated_at)
        VALUES (
            $1, 'allowed', COALESCE($2::text[], '{{}}'), COALESCE($3::text[], '{{}}'),
            COALESCE($4::text, ''), COALESCE($5::boolean, true), COALESCE($6::text, 'auto'),
            $7, $7)
        ON CONFLICT (host) DO UPDATE
        SET state = 'allowed',
            networks = COALESCE($2::text[], known.networks),
            media_hosts = COALESCE($3::text[], known.media_hosts),
            note = COALESCE($4::text, known.note),
            public_feed = COALESCE($5::boolean, known.public_feed),
            signature_scheme = COALESCE($6::text, known.signature_scheme),
            updated_at = excluded.updated_at
        WHERE known.state <> 'blocked'
        RETURNING {_COLUMNS}
        """,
        host,
        terms.networks,
        terms.media_hosts,
        terms.note,
        terms.public_feed,
        terms.signature_scheme,
        now,
    )
    return None if row is None else _peer(row)


async def set_state(tx: Transaction, host: str, state: PeerState, now: datetime) -> bool:
    """Change the state of an entry; False if there is none or it has this state already."""
    changed = await tx.execute(
        """
        UPDATE peers
        SET state = $2,
            updated_at = $3
        WHERE host = $1
            AND state <> $2
        """,
        host,
        state,
        now,
    )
    return changed > 0


async def learn(tx: Transaction, host: str, *, shared_inbox_url: str) -> None:
    """Note the shared inbox that somebody of a host names."""
    await tx.execute(
        """
        UPDATE peers
        SET shared_inbox_url = $2
        WHERE host = $1
            AND shared_inbox_url IS DISTINCT FROM $2
        """,
        host,
        shared_inbox_url,
    )


async def set_software(tx: Transaction, host: str, name: str, version: str, now: datetime) -> None:
    """Note what a host says that it runs."""
    await tx.execute(
        """
        UPDATE peers
        SET software = $2,
            software_version = $3,
            software_read_at = $4
        WHERE host = $1
        """,
        host,
        name,
        version,
        now,
    )


def _peer(row: Record) -> Peer:
    values = dict(row)
    values["networks"] = tuple(values["networks"])
    values["media_hosts"] = tuple(values["media_hosts"])
    return Peer(**values)
