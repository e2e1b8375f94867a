"""The other offices as administrators see them: who is trusted, who knocks, what goes wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from fedimmp.app import App
from fedimmp.errors import NotFound
from fedimmp.render.hosts import resembling
from fedimmp.services.peer_terms import check_pattern
from fedimmp.services.peering import find_peer, wildcard_peer
from storage import inbox_hosts, inbox_review, knocks, peers, trust, trust_entries
from storage.inbox_hosts import HostState
from storage.inbox_review import KeptReceipt
from storage.knocks import Knock
from storage.peers import Peer
from storage.trust_entries import Entry

_REFUSED_SHOWN: Final = 20
_CLAIMS_SHOWN: Final = 100
FindingKind = Literal["refuses_deliveries", "refuses_fetches", "ends", "signing_host"]


async def list_peers(app: App) -> list[Peer]:
    """Return all hosts that were named or met, and the wildcards as if they were hosts, by name."""
    async with app.db.reader() as conn:
        found = await peers.list_all(conn)
        wildcards = await trust_entries.list_wildcards(conn)
    by_name: dict[str, list[Entry]] = {}
    for entry in wildcards:
        by_name.setdefault(entry.pattern, []).append(entry)
    found += [wildcard_peer(app, entries) for entries in by_name.values()]
    return sorted(found, key=lambda peer: peer.host)


async def delivery_states(app: App) -> dict[str, HostState]:
    """Return how each host that we ever addressed takes what we send."""
    async with app.db.reader() as conn:
        return {state.host: state for state in await inbox_hosts.list_hosts(conn)}


async def refused_activities(app: App, host: str) -> list[KeptReceipt]:
    """Return the newest activities of a host that were parked or buried, with the reasons."""
    async with app.db.reader() as conn:
        return await inbox_review.list_receipts(conn, limit=_REFUSED_SHOWN, host=host)


async def list_knocks(app: App, limit: int, *, ignored: bool = False) -> list[Knock]:
    """Return the hosts that were refused lately because they are not on the list."""
    async with app.db.reader() as conn:
        return await knocks.list_latest(conn, limit, ignored=ignored)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about another office that somebody should look at, and what to do about it."""

    host: str
    kind: FindingKind
    sentence: str
    cure: str


async def findings(app: App, host: str | None = None) -> list[Finding]:
    """Return what goes wrong between us and one host, or all hosts, in plain words.

    What a stranger says is told as what it is: a claim.
    """
    async with app.db.reader() as conn:
        found = await peers.list_all(conn)
        states = {state.host: state for state in await inbox_hosts.list_hosts(conn)}
        names = [peer.host for peer in found]
        claims = await knocks.list_of_actors(conn, names, _CLAIMS_SHOWN)
    told = [
        finding
        for peer in found
        if peer.state in trust.SHOWN
        for finding in _about(app, peer, states.get(peer.host))
    ]
    trusted = {peer.host for peer in found if peer.state in trust.TALKING}
    told += [_claim(each) for each in claims if each.actor_host in trusted]
    name = None if host is None else check_pattern(app, host)
    return [finding for finding in told if name is None or finding.host == name]


def _about(app: App, peer: Peer, state: HostState | None) -> Iterator[Finding]:
    line = f"fedimmp peer add {app.uris.host}"
    if state is not None and state.refused and peer.state in trust.TALKING:
        said = f": {state.last_error}" if state.last_error else ""
        yield Finding(
            peer.host,
            "refuses_deliveries",
            f"{peer.host} refuses what this office sends{said}",
            f"Ask its administrators to run `{line}` there.",
        )
    if peer.refused_at is not None and peer.state in trust.TALKING:
        yield Finding(
            peer.host,
            "refuses_fetches",
            f"{peer.host} refused to answer this office at {peer.refused_at:%Y-%m-%d %H:%M} UTC:"
            f" {peer.refused_reason}",
            f"Ask its administrators to run `{line}` there.",
        )
    if peer.expires_at is not None:
        ends = f"{peer.expires_at:%Y-%m-%d %H:%M} UTC"
        yield Finding(
            peer.host,
            "ends",
            f"{peer.host} counts as removed from {ends} on",
            f"To keep it: `fedimmp peer add {peer.host} --expires never`.",
        )


def _claim(knock: Knock) -> Finding:
    """Return what a stranger in the name of a peer means, which may be a lie."""
    host = knock.actor_host or knock.host
    return Finding(
        host,
        "signing_host",
        f"{knock.host} signed a request in the name of somebody at {host} and is not on the list",
        f"Anybody can claim that. If the administrators of {host} say that the host is theirs:"
        f" `fedimmp peer add {host} --signing-host {knock.host}`.",
    )


async def look_alikes(app: App, hosts: Sequence[str]) -> dict[str, str]:
    """Return those of some hosts that could be taken for one that is trusted, or for us: for whom.

    Such a name may be chance, or an attempt.
    """
    async with app.db.reader() as conn:
        trusted = sorted(await peers.allowed_hosts(conn))
    known = [app.uris.host, *trusted]
    found = ((host, resembling(host, known)) for host in hosts)
    return {host: other for host, other in found if other is not None}


async def get_peer(app: App, pattern: str) -> Peer:
    """Return a host or wildcard in any state; raises NotFound."""
    async with app.db.reader() as conn:
        found = await find_peer(conn, app, pattern)
    if found is None:
        raise NotFound(f"{check_pattern(app, pattern)} is not on the list of peers.")
    return found
