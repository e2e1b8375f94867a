"""The allowlist as the network client asks for it, kept for at most a second.

A change of the table is therefore obeyed by every process within that second, also where its
event was lost. Requests from other instances are never judged by this copy: their receipt joins
the table itself.
"""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_network

from activitypub.policy import Trust
from storage import peers, trust, trust_entries
from storage.database import Connection, Database
from storage.trust_entries import Entry, PeerState, patterns_about

_FRESH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Allowlist:
    """Hosts that may be talked to, others that are on record, and what is said of hosts below some.

    Who is on record is never judged by a wildcard: its row has been.
    """

    hosts: dict[str, Trust]
    others: dict[str, PeerState]
    wildcards: list[Entry]
    read_at: float

    def trust(self, host: str) -> Trust | None:
        """Return the terms of a host, None for a stranger."""
        found = self.hosts.get(host)
        if found is not None or not self.wildcards or host in self.others:
            return found
        standing = trust.resolve(host, self.wildcards, None, datetime.now(UTC), trust.DRAIN)
        if standing is None or standing.state not in trust.SHOWN:
            return None
        return Trust(host, _networks(standing.networks), standing.signature_scheme)


class PeerPolicy:
    """Answers the client's question whether a host may be talked to."""

    def __init__(self, db: Database, own_hosts: Collection[str]) -> None:
        self._db = db
        self._own_hosts = own_hosts
        self._allowlist: _Allowlist | None = None
        self._reading = asyncio.Lock()

    async def trust(self, host: str) -> Trust | None:
        """Return the terms of an allowed peer or of one of its media hosts, else None.

        Our own hosts are never trusted, even if a row says so.
        """
        if host in self._own_hosts:
            return None
        asked_at = time.monotonic()
        known = self._allowlist
        if known is not None and known.read_at >= asked_at - _FRESH_SECONDS:
            remembered = known.trust(host)
            if remembered is not None:
                return remembered
        # A "no" is never repeated from memory: a peer that was just added is talked to at once, and
        # an attempt that was refused would wait out its pause.
        for oldest in (asked_at - _FRESH_SECONDS, asked_at):
            if (found := (await self._read_since(oldest)).trust(host)) is not None:
                return found
        return None

    async def _read_since(self, oldest: float) -> _Allowlist:
        """Return the list as it was at that moment or later; questions at once share a query."""
        async with self._reading:
            known = self._allowlist
            if known is not None and known.read_at >= oldest:
                return known
            started = time.monotonic()
            async with self._db.reader() as conn:
                self._allowlist = await _read(conn, started)
            return self._allowlist


async def _read(conn: Connection, read_at: float) -> _Allowlist:
    shown, others = await peers.list_reachable(conn)
    wildcards = await trust_entries.list_wildcards(conn)
    hosts: dict[str, Trust] = {}
    own: dict[str, Trust] = {}
    for peer in shown:
        networks = _networks(peer.networks)
        own[peer.host] = Trust(peer.host, networks, peer.signature_scheme)
        hosts |= {host: Trust(host, networks) for host in peer.media_hosts}
    for entry in wildcards:
        if entry.state in trust.SHOWN and entry.media is not False:
            networks = _networks(entry.networks or ())
            hosts |= {host: Trust(host, networks) for host in entry.media_hosts or ()}
    hosts = {host: each for host, each in hosts.items() if not _is_blocked(host, others, wildcards)}
    # A peer's own terms win where it also serves the media of another one.
    return _Allowlist(hosts | own, others, wildcards, read_at)


def _is_blocked(host: str, others: Mapping[str, PeerState], wildcards: Sequence[Entry]) -> bool:
    """Tell whether a block stands above what another one says of its media host."""
    about = patterns_about(host)
    return others.get(host) == "blocked" or any(
        each.state == "blocked" and each.pattern in about for each in wildcards
    )


def _networks(texts: Sequence[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(text) for text in texts)
