"""What follows from the entries about a host: the rows of `peers`, on which all access depends.

A block wins over everything. Else an administrator's entry comes before the organisation's, and
the one that names the host before one that lists it as signing host, and that before a wildcard;
of wildcards the longest. What an entry does not say is taken from the next.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from storage import trust_entries
from storage.database import Connection, Transaction
from storage.fragments import peer_talks
from storage.trust_entries import (
    WILDCARD,
    Entry,
    PeerState,
    SignatureScheme,
    Terms,
    patterns_about,
)

# What it takes for a host that is draining to count as removed, unless the office says otherwise.
DRAIN = timedelta(days=30)
TALKING: frozenset[PeerState] = frozenset({"allowed", "limited"})
SHOWN: frozenset[PeerState] = TALKING | {"draining"}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a host stands, by all entries about it; `pattern` and `source` name the one that decides.

    `expires_at` is when it will count as removed by itself.
    """

    pattern: str
    source: str
    state: PeerState
    public_feed: bool = True
    media: bool = True
    reports: bool = True
    groups: bool = True
    networks: tuple[str, ...] = ()
    media_hosts: tuple[str, ...] = ()
    signing_hosts: tuple[str, ...] = ()
    signature_scheme: SignatureScheme = "auto"
    note: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """What staff limits of a host beside its entries."""

    severity: str
    reject_media: bool
    reject_reports: bool


@dataclass(frozen=True, slots=True)
class Turn:
    """How the standing of a host changed; `before` is None for one that had no row."""

    host: str
    before: PeerState | None
    after: PeerState

    @property
    def opened(self) -> bool:
        """Whether traffic flows from now on."""
        return self.after in TALKING and self.before not in TALKING

    @property
    def ended(self) -> bool:
        """Whether what was read here is hidden from now on."""
        return self.before in SHOWN and self.after not in SHOWN

    @property
    def changed(self) -> bool:
        """Whether the state is another one."""
        return self.before != self.after


def resolve(
    host: str, entries: Sequence[Entry], limit: Limit | None, now: datetime, drain: timedelta
) -> Standing | None:
    """Return how a host stands by the entries about it, None when there is nothing about it."""
    about = sorted(
        (each for each in entries if _is_about(each, host)), key=lambda each: _rank(each, host)
    )
    block = next((each for each in about if each.state == "blocked"), None)
    if not about:
        if limit is None or limit.severity != "suspend":
            return None
        return Standing(host, "local", "blocked")
    deciding = block or about[0]
    said: dict[str, Any] = {}
    for name in _SAID:
        found = next((v for each in about if (v := getattr(each, name)) is not None), None)
        if found is not None:
            said[name] = found
    if deciding.pattern != host:
        # Whose signing host it is, is another host's matter.
        said.pop("signing_hosts", None)
    state, expires_at = _state(deciding, now, drain)
    if limit is not None:
        state = _limited(state, limit)
        said["media"] = said.get("media", True) and not limit.reject_media
        said["reports"] = said.get("reports", True) and not limit.reject_reports
    note = next((each.note for each in about if each.note), "")
    return Standing(
        deciding.pattern, deciding.source, state, note=note, expires_at=expires_at, **said
    )


_SAID = (
    "public_feed",
    "media",
    "reports",
    "groups",
    "networks",
    "media_hosts",
    "signing_hosts",
    "signature_scheme",
)


def _is_about(entry: Entry, host: str) -> bool:
    return entry.pattern in patterns_about(host) or host in (entry.signing_hosts or ())


def _rank(entry: Entry, host: str) -> tuple[bool, int, int]:
    """Sort the entry first that counts most."""
    nearness = 0 if entry.pattern == host else 1 if host in (entry.signing_hosts or ()) else 2
    return entry.source != "local", nearness, -len(entry.pattern)


def _state(entry: Entry, now: datetime, drain: timedelta) -> tuple[PeerState, datetime | None]:
    """Return the state of an entry at this moment, and when it ends by itself."""
    ends = [] if entry.expires_at is None else [entry.expires_at]
    if entry.state == "draining":
        ends.append(entry.state_since + drain)
    if entry.state not in SHOWN or not ends:
        return entry.state, None
    end = min(ends)
    return ("removed", None) if end <= now else (entry.state, end)


def _limited(state: PeerState, limit: Limit) -> PeerState:
    if limit.severity == "suspend":
        return "blocked"
    return "limited" if limit.severity == "silence" and state == "allowed" else state


async def state_of(conn: Connection, host: str, now: datetime) -> PeerState | None:
    """Return how a host stands at this moment, met or not; None for one that nobody named."""
    state: PeerState | None = await conn.fetchval(
        """
        SELECT CASE WHEN expires_at <= now() THEN 'removed' ELSE state END
        FROM peers
        WHERE host = $1
        """,
        host,
    )
    if state is not None:
        return state
    entries = await trust_entries.list_about(conn, [host])
    found = resolve(host, entries, None, now, DRAIN)
    return None if found is None else found.state


async def allowed_among(conn: Connection, hosts: Sequence[str], now: datetime) -> frozenset[str]:
    """Return those of some hosts that traffic flows to and from at this moment, met or not."""
    rows = await conn.fetch(
        f"SELECT host, {peer_talks('peers')} AS talks FROM peers WHERE host = ANY($1::text[])",
        list(hosts),
    )
    known = {row["host"]: row["talks"] for row in rows}
    unmet = [host for host in hosts if host not in known]
    near = _Index(await trust_entries.list_about(conn, unmet) if unmet else [])
    found = {host: resolve(host, near.about(host), None, now, DRAIN) for host in unmet}
    allowed = {host for host, each in found.items() if each is not None and each.state in TALKING}
    return frozenset(allowed | {host for host, talks in known.items() if talks})


async def is_allowed(conn: Connection, host: str, now: datetime) -> bool:
    """Tell whether traffic flows to and from a host at this moment, met or not."""
    return await state_of(conn, host, now) in TALKING


async def meet(tx: Transaction, host: str, now: datetime, *, drain: timedelta = DRAIN) -> None:
    """Give a host below a wildcard its row, when somebody of it is stored for the first time."""
    if await tx.fetchval("SELECT EXISTS (SELECT FROM peers WHERE host = $1)", host):
        return
    await trust_entries.lock(tx, alone=False)
    await refresh(tx, [host], now, drain=drain)


async def establish(
    tx: Transaction,
    pattern: str,
    state: PeerState,
    terms: Terms,
    *,
    by: str,
    now: datetime,
    drain: timedelta = DRAIN,
) -> list[Turn]:
    """Make or change an administrator's entry and all that follows; return what changed by it."""
    await trust_entries.put(tx, pattern, state, terms, by=by, now=now)
    return await refresh(tx, [pattern], now, drain=drain)


async def foresee(
    conn: Connection,
    pattern: str,
    state: PeerState,
    now: datetime,
    *,
    drain: timedelta = DRAIN,
) -> list[Turn]:
    """Return how hosts would stand differently, or as before, if an entry said this."""
    hosts = await _concerned(conn, [pattern])
    rows = await conn.fetch("SELECT host, state FROM peers WHERE host = ANY($1::text[])", hosts)
    known = {row["host"]: row["state"] for row in rows}
    said = await trust_entries.list_about(conn, hosts)
    own = await trust_entries.find(conn, pattern) or trust_entries.blank(pattern, now)
    others = [each for each in said if (each.pattern, each.source) != (pattern, "local")]
    near = _Index([*others, replace(own, state=state, state_since=now)])
    limits = await _limits(conn, hosts)
    found = {host: resolve(host, near.about(host), limits.get(host), now, drain) for host in hosts}
    return [
        Turn(host, known.get(host), standing.state)
        for host, standing in found.items()
        if standing is not None
    ]


async def refresh(
    tx: Transaction, patterns: Sequence[str], now: datetime, *, drain: timedelta = DRAIN
) -> list[Turn]:
    """Bring the rows of all hosts that these patterns are about up to date; return what changed.

    What was learnt about a host (shared inbox, software) is kept. Locks the rows in the order of
    their hosts.
    """
    hosts = await _concerned(tx, patterns)
    known = await _lock_states(tx, hosts)
    entries = await trust_entries.list_about(tx, hosts)
    limits = await _limits(tx, hosts)
    near = _Index(entries)
    rows, turns = [], []
    for host in hosts:
        found = resolve(host, near.about(host), limits.get(host), now, drain)
        before = known.get(host)
        if found is None and before is None:
            continue
        standing = found or Standing(host, "local", "removed")
        rows.append(_row(host, standing))
        turns.append(Turn(host, before, standing.state))
    await tx.execute(_UPSERT, rows, now)
    return turns


class _Index:
    """Finds the entries about a host among many."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries: dict[str, list[Entry]] = {}
        for entry in entries:
            for name in (entry.pattern, *(entry.signing_hosts or ())):
                self._entries.setdefault(name, []).append(entry)

    def about(self, host: str) -> list[Entry]:
        """Return the entries about a host, each once."""
        found = (self._entries.get(name, ()) for name in patterns_about(host))
        return list({(each.pattern, each.source): each for some in found for each in some}.values())


async def _concerned(conn: Connection, patterns: Sequence[str]) -> list[str]:
    """Return the hosts that patterns are or were about; below a wildcard, those that were met."""
    rows = await conn.fetch(
        """
        SELECT unnest($1::text[]) AS host
        UNION
        SELECT unnest(signing_hosts) FROM trust_entries WHERE pattern = ANY($3::text[])
        UNION
        SELECT host FROM peers WHERE pattern = ANY($3::text[])
        UNION
        SELECT peers.host
        FROM unnest($2::text[]) AS suffix
        JOIN peers ON right(peers.host, length(suffix)) = suffix
        ORDER BY host
        """,
        [each for each in patterns if not each.startswith(WILDCARD)],
        [each[1:] for each in patterns if each.startswith(WILDCARD)],
        list(patterns),
    )
    return [row["host"] for row in rows]


async def _lock_states(tx: Transaction, hosts: Sequence[str]) -> dict[str, PeerState]:
    rows = await tx.fetch(
        "SELECT host, state FROM peers WHERE host = ANY($1::text[]) ORDER BY host FOR UPDATE",
        list(hosts),
    )
    return {row["host"]: row["state"] for row in rows}


async def _limits(conn: Connection, hosts: Sequence[str]) -> dict[str, Limit]:
    rows = await conn.fetch(
        """
        SELECT host, severity, reject_media, reject_reports
        FROM domain_blocks
        WHERE host = ANY($1::text[])
        """,
        list(hosts),
    )
    return {
        row["host"]: Limit(row["severity"], row["reject_media"], row["reject_reports"])
        for row in rows
    }


def _row(host: str, standing: Standing) -> dict[str, Any]:
    return {
        "host": host,
        "pattern": standing.pattern,
        "source": standing.source,
        "state": standing.state,
        "public_feed": standing.public_feed,
        "media": standing.media,
        "reports": standing.reports,
        "groups": standing.groups,
        "networks": list(standing.networks),
        "media_hosts": list(standing.media_hosts),
        "signing_hosts": list(standing.signing_hosts),
        "signature_scheme": standing.signature_scheme,
        "note": standing.note,
        "expires_at": standing.expires_at,
    }


_UPSERT = """
    INSERT INTO peers AS known
        (host, pattern, source, state, public_feed, media, reports, groups, networks, media_hosts,
         signing_hosts, signature_scheme, note, expires_at, state_since, created_at, updated_at)
    SELECT said.*, $2, $2, $2
    FROM jsonb_to_recordset($1::jsonb) AS said (
        host text, pattern text, source text, state text, public_feed boolean, media boolean,
        reports boolean, groups boolean, networks text[], media_hosts text[], signing_hosts text[],
        signature_scheme text, note text, expires_at timestamptz)
    ON CONFLICT (host) DO UPDATE
    SET pattern = excluded.pattern,
        source = excluded.source,
        state = excluded.state,
        public_feed = excluded.public_feed,
        media = excluded.media,
        reports = excluded.reports,
        groups = excluded.groups,
        networks = excluded.networks,
        media_hosts = excluded.media_hosts,
        signing_hosts = excluded.signing_hosts,
        signature_scheme = excluded.signature_scheme,
        note = excluded.note,
        expires_at = excluded.expires_at,
        state_since = CASE
            WHEN known.state = excluded.state THEN known.state_since
            ELSE excluded.state_since
        END,
        -- What was purged may be there again once it was allowed.
        purged_at = CASE
            WHEN excluded.state IN ('removed', 'blocked') THEN known.purged_at
        END,
        updated_at = excluded.updated_at
"""
