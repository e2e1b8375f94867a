"""The offices that this one knows, each with what follows from the entries about it.

A host without a row, or whose row does not talk, is a stranger. What guards access joins this
table in the statement that it runs anyway; the rows are made by `storage.trust`.
"""

from dataclasses import dataclass
from datetime import datetime

from storage.database import Connection, Record, Transaction
from storage.fragments import peer_is_shown, peer_talks
from storage.paging import Page
from storage.trust_entries import PeerState, SignatureScheme, Source


@dataclass(frozen=True, slots=True)
class Peer:
    """Another instance, by its host: lower-case A-labels, with a port unless it is the default.

    `pattern` and `source` name the entry that decides, `version` and `changed_by` are those of the
    administrators' own entry (0 and None without one). At `expires_at` it counts as removed.
    """

    host: str
    state: PeerState
    public_feed: bool
    media: bool
    reports: bool
    groups: bool
    networks: tuple[str, ...]
    media_hosts: tuple[str, ...]
    signing_hosts: tuple[str, ...]
    signature_scheme: SignatureScheme
    pattern: str | None
    source: Source | None
    shared_inbox_url: str | None
    software: str | None
    software_version: str | None
    software_read_at: datetime | None
    refused_at: datetime | None
    refused_reason: str | None
    note: str
    expires_at: datetime | None
    state_since: datetime
    purged_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int
    changed_by: str | None


_READ = """
    SELECT
        peers.host,
        peers.state,
        peers.public_feed,
        peers.media,
        peers.reports,
        peers.groups,
        peers.networks,
        peers.media_hosts,
        peers.signing_hosts,
        peers.signature_scheme,
        peers.pattern,
        peers.source,
        peers.shared_inbox_url,
        peers.software,
        peers.software_version,
        peers.software_read_at,
        peers.refused_at,
        peers.refused_reason,
        peers.note,
        peers.expires_at,
        peers.state_since,
        peers.purged_at,
        peers.created_at,
        peers.updated_at,
        COALESCE(own.version, 0) AS version,
        own.changed_by
    FROM peers
    LEFT JOIN trust_entries AS own
        ON own.pattern = peers.host
        AND own.source = 'local'
"""


async def find(conn: Connection, host: str) -> Peer | None:
    """Return what is known of a host in any state, None when it was never met or named."""
    row = await conn.fetchrow(f"{_READ} WHERE peers.host = $1", host)
    return None if row is None else _peer(row)


async def list_all(conn: Connection) -> list[Peer]:
    """Return the hosts in all states, by name."""
    return [_peer(row) for row in await conn.fetch(f"{_READ} ORDER BY peers.host")]


@dataclass(frozen=True, slots=True)
class Reachable:
    """A host that may be asked for something, and where it may lie."""

    host: str
    networks: tuple[str, ...]
    media_hosts: tuple[str, ...]
    signature_scheme: SignatureScheme


async def list_reachable(conn: Connection) -> tuple[list[Reachable], dict[str, PeerState]]:
    """Return the hosts whose content is shown, by name, and how all others on record stand.

    One whose files nobody here wants has no media hosts.
    """
    rows = await conn.fetch(
        f"""
        SELECT
            host,
            networks,
            CASE WHEN media THEN media_hosts ELSE '{{}}' END AS media_hosts,
            signature_scheme,
            state,
            {peer_is_shown("peers")} AS shown
        FROM peers
        ORDER BY host
        """
    )
    shown = [
        Reachable(
            row["host"],
            tuple(row["networks"]),
            tuple(row["media_hosts"]),
            row["signature_scheme"],
        )
        for row in rows
        if row["shown"]
    ]
    return shown, {row["host"]: row["state"] for row in rows if not row["shown"]}


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
        WHERE {peer_talks("peers")}
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
        f"""
        SELECT id, host, created_at
        FROM peers
        WHERE {peer_talks("peers")}
            AND (id = $1 OR host = $2)
        """,
        peer_id,
        host,
    )
    return None if row is None else AllowedHost(**dict(row))


async def allowed_hosts(conn: Connection) -> frozenset[str]:
    """Return the hosts that let traffic through and were met."""
    rows = await conn.fetch(f"SELECT host FROM peers WHERE {peer_talks('peers')}")
    return frozenset(row["host"] for row in rows)


async def list_ending(conn: Connection, now: datetime, limit: int) -> list[str]:
    """Return hosts whose time is over and that were not brought up to date since."""
    rows = await conn.fetch(
        """
        SELECT host
        FROM peers
        WHERE expires_at <= $1
        ORDER BY expires_at
        LIMIT $2
        """,
        now,
        limit,
    )
    return [row["host"] for row in rows]


async def refuses(conn: Connection, host: str) -> frozenset[str]:
    """Return which of "media", "reports" and "groups" of a host nobody here wants."""
    row = await conn.fetchrow("SELECT media, reports, groups FROM peers WHERE host = $1", host)
    return frozenset() if row is None else frozenset(name for name, ok in row.items() if not ok)


async def is_limited(conn: Connection, host: str | None) -> bool:
    """Tell whether staff limits a host; None is this office."""
    return host is not None and bool(
        await conn.fetchval(
            "SELECT EXISTS (SELECT FROM peers WHERE host = $1 AND state = 'limited')", host
        )
    )


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


async def set_refused(tx: Transaction, host: str, reason: str | None, now: datetime) -> None:
    """Note that a host refuses us and what it says, or with None that it does not any more."""
    await tx.execute(
        """
        UPDATE peers
        SET refused_at = CASE WHEN $2::text IS NOT NULL THEN $3::timestamptz END,
            refused_reason = $2
        WHERE host = $1
        """,
        host,
        reason,
        now,
    )


def _peer(row: Record) -> Peer:
    values = dict(row)
    for name in ("networks", "media_hosts", "signing_hosts"):
        values[name] = tuple(values[name])
    return Peer(**values)
