"""The allowlist as the network client asks for it, kept for at most a second.

A change of the table is therefore obeyed by every process within that second, also where its
event was lost. Requests from other instances are never judged by this copy: their receipt joins
the table itself.
"""

import asyncio
import time
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import ip_network

from activitypub.policy import Trust
from storage import peers
from storage.database import Database

_FRESH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Allowlist:
    hosts: dict[str, Trust]
    read_at: float


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
        if known is not None and known.read_at >= asked_at - _FRESH_SECONDS and host in known.hosts:
            return known.hosts[host]
        # A "no" is never repeated from memory: a peer that was just added is talked to at once, and
        # an attempt that was refused would wait out its pause.
        for oldest in (asked_at - _FRESH_SECONDS, asked_at):
            if (trust := (await self._read_since(oldest)).hosts.get(host)) is not None:
                return trust
        return None

    async def _read_since(self, oldest: float) -> _Allowlist:
        """Return the list as it was at that moment or later; questions at once share a query."""
        async with self._reading:
            known = self._allowlist
            if known is not None and known.read_at >= oldest:
                return known
            started = time.monotonic()
            async with self._db.reader() as conn:
                allowed = await peers.list_allowed(conn)
            self._allowlist = _read(allowed, started)
            return self._allowlist


def _read(allowed: list[peers.Peer], read_at: float) -> _Allowlist:
    hosts: dict[str, Trust] = {}
    own: dict[str, Trust] = {}
    for peer in allowed:
        networks = tuple(ip_network(text) for text in peer.networks)
        own[peer.host] = Trust(peer.host, networks, peer.signature_scheme)
        hosts |= {host: Trust(host, networks) for host in peer.media_hosts}
    # A peer's own terms win where it also serves the media of another one.
    return _Allowlist(hosts | own, read_at)
