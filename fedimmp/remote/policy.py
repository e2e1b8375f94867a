"""The allowlist as the network client asks for it, kept for at most a second.

A change of the table is therefore obeyed by every process within that second, also where its
event was lost. Requests from other instances are never judged by this copy: their receipt joins
the table itself.
"""

import asyncio
import time
from dataclasses import dataclass
from ipaddress import ip_network

from activitypub.policy import Trust
from storage import peers
from storage.database import Database

_FRESH_SECONDS = 1.0
# A "no" is repeated for less long: a peer that was just added is talked to at once, and an attempt
# that was refused would wait out its pause. Many questions in a row still cost one query.
_FRESH_REFUSAL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class _Allowlist:
    hosts: dict[str, Trust]
    read_at: float


class PeerPolicy:
    """Answers the client's question whether a host may be talked to."""

    def __init__(self, db: Database, own_host: str) -> None:
        self._db = db
        self._own_host = own_host
        self._allowlist: _Allowlist | None = None
        self._reading = asyncio.Lock()

    async def trust(self, host: str) -> Trust | None:
        """Return the terms of an allowed peer or of one of its media hosts, else None.

        Our own host is never trusted, even if a row says so.
        """
        if host == self._own_host:
            return None
        for seconds in (_FRESH_SECONDS, _FRESH_REFUSAL_SECONDS):
            if (trust := (await self._fresh(seconds)).hosts.get(host)) is not None:
                return trust
        return None

    async def _fresh(self, seconds: float) -> _Allowlist:
        async with self._reading:
            known = self._allowlist
            if known is not None and time.monotonic() - known.read_at < seconds:
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
        own[peer.host] = Trust(peer.host, networks)
        hosts |= {host: Trust(host, networks) for host in peer.media_hosts}
    # A peer's own terms win where it also serves the media of another one.
    return _Allowlist(hosts | own, read_at)
