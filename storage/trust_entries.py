"""What administrators, and the organisation's manifest, say about other offices: the entries.

An entry is about one host, or, as `*.corp.example`, about every host below one. What follows from
all entries about a host is a row of `peers` (`storage.trust`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from storage.database import Connection, Record, Transaction

PeerState = Literal["allowed", "limited", "draining", "removed", "blocked"]
Source = Literal["local", "manifest"]
SignatureScheme = Literal["auto", "cavage", "rfc9421"]

WILDCARD = "*."


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms a host is trusted; None says nothing: another entry's word, or the default.

    `networks` are CIDR ranges where it may lie although they are private, `media_hosts` serve its
    files too, `signing_hosts` its actors. `media`, `reports` and `groups` say whether its files,
    its reports and what its groups pass on are taken. `expires_at` "never" ends an expiry.
    """

    networks: Sequence[str] | None = None
    media_hosts: Sequence[str] | None = None
    signing_hosts: Sequence[str] | None = None
    note: str | None = None
    public_feed: bool | None = None
    media: bool | None = None
    reports: bool | None = None
    groups: bool | None = None
    signature_scheme: SignatureScheme | None = None
    expires_at: datetime | Literal["never"] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of `trust_entries`; `version` grows with each change."""

    pattern: str
    source: Source
    state: PeerState
    public_feed: bool | None
    media: bool | None
    reports: bool | None
    groups: bool | None
    networks: tuple[str, ...] | None
    media_hosts: tuple[str, ...] | None
    signing_hosts: tuple[str, ...] | None
    signature_scheme: SignatureScheme | None
    note: str
    expires_at: datetime | None
    changed_by: str
    version: int
    state_since: datetime
    created_at: datetime
    updated_at: datetime

    @property
    def is_wildcard(self) -> bool:
        """Whether it is about all hosts below one."""
        return self.pattern.startswith(WILDCARD)


_COLUMNS = """
    pattern,
    source,
    state,
    public_feed,
    media,
    reports,
    groups,
    networks,
    media_hosts,
    signing_hosts,
    signature_scheme,
    note,
    expires_at,
    changed_by,
    version,
    state_since,
    created_at,
    updated_at
"""


async def lock(tx: Transaction, *, alone: bool = True) -> None:
    """Wait until nobody else changes entries; with `alone` false only until nobody writes them."""
    function = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    await tx.execute(f"SELECT {function}(hashtextextended('trust', 0))")


async def find(conn: Connection, pattern: str, source: Source = "local") -> Entry | None:
    """Return an entry."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM trust_entries WHERE pattern = $1 AND source = $2", pattern, source
    )
    return None if row is None else _entry(row)


async def list_all(conn: Connection, source: Source | None = None) -> list[Entry]:
    """Return all entries, or those of one source, by pattern."""
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS}
        FROM trust_entries
        WHERE $1::text IS NULL
            OR source = $1
        ORDER BY
            pattern,
            source
        """,
        source,
    )
    return [_entry(row) for row in rows]


async def list_wildcards(conn: Connection) -> list[Entry]:
    """Return the entries that are about all hosts below one."""
    rows = await conn.fetch(f"SELECT {_COLUMNS} FROM trust_entries WHERE pattern LIKE '*.%'")
    return [_entry(row) for row in rows]


async def list_about(conn: Connection, hosts: Sequence[str]) -> list[Entry]:
    """Return the entries that are about any of these hosts, by name, wildcard or signing host."""
    patterns = {pattern for host in hosts for pattern in patterns_about(host)}
    rows = await conn.fetch(
        f"""
        SELECT {_COLUMNS}
        FROM trust_entries
        WHERE pattern = ANY($1::text[])
            OR signing_hosts && $2::text[]
        """,
        sorted(patterns),
        sorted(hosts),
    )
    return [_entry(row) for row in rows]


_PUT = f"""
    INSERT INTO trust_entries AS known
        (pattern, source, state, public_feed, media, reports, groups, networks, media_hosts,
         signing_hosts, signature_scheme, note, expires_at, changed_by, state_since,
         created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, COALESCE($12::text, ''), $13, $14,
            $15, $15, $15)
    ON CONFLICT (pattern, source) DO UPDATE
    SET state = excluded.state,
        public_feed = COALESCE($4, known.public_feed),
        media = COALESCE($5, known.media),
        reports = COALESCE($6, known.reports),
        groups = COALESCE($7, known.groups),
        networks = COALESCE($8, known.networks),
        media_hosts = COALESCE($9, known.media_hosts),
        signing_hosts = COALESCE($10, known.signing_hosts),
        signature_scheme = COALESCE($11, known.signature_scheme),
        note = COALESCE($12::text, known.note),
        expires_at = CASE WHEN $16 THEN $13 ELSE known.expires_at END,
        changed_by = $14,
        version = known.version + 1,
        state_since = CASE
            WHEN known.state = excluded.state THEN known.state_since
            ELSE excluded.state_since
        END,
        updated_at = $15
    RETURNING {_COLUMNS}
"""


async def put(
    tx: Transaction,
    pattern: str,
    state: PeerState,
    terms: Terms,
    *,
    by: str,
    now: datetime,
    source: Source = "local",
) -> Entry:
    """Make an entry, or change one: terms that are None stay as they are."""
    expires_at = None if terms.expires_at == "never" else terms.expires_at
    rows = await tx.fetch(
        _PUT,
        pattern,
        source,
        state,
        terms.public_feed,
        terms.media,
        terms.reports,
        terms.groups,
        terms.networks,
        terms.media_hosts,
        terms.signing_hosts,
        terms.signature_scheme,
        terms.note,
        expires_at,
        by,
        now,
        terms.expires_at is not None,
    )
    return _entry(rows[0])


def blank(pattern: str, now: datetime) -> Entry:
    """Return an administrator's entry that is not made yet and says nothing."""
    nothing = dict.fromkeys(
        ("public_feed", "media", "reports", "groups", "networks", "media_hosts", "signing_hosts")
    )
    return Entry(
        pattern=pattern,
        source="local",
        state="removed",
        signature_scheme=None,
        note="",
        expires_at=None,
        changed_by="",
        version=0,
        state_since=now,
        created_at=now,
        updated_at=now,
        **nothing,
    )


async def delete(tx: Transaction, patterns: Sequence[str], source: Source) -> int:
    """Delete entries of one source and return how many there were."""
    return await tx.execute(
        "DELETE FROM trust_entries WHERE source = $2 AND pattern = ANY($1::text[])",
        list(patterns),
        source,
    )


def patterns_about(host: str) -> list[str]:
    """Return what an entry may be called that is about this host: itself, then wildcards.

    A wildcard is about hosts at any depth below its name, never about the name itself, and about
    default ports only.
    """
    labels = host.split(".")
    return [host, *(WILDCARD + ".".join(labels[at:]) for at in range(1, len(labels)))]


def _entry(row: Record) -> Entry:
    values = dict(row)
    for name in ("networks", "media_hosts", "signing_hosts"):
        values[name] = None if values[name] is None else tuple(values[name])
    return Entry(**values)
