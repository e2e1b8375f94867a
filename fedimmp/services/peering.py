"""Who may federate with this instance: changes of the allowlist."""

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from ipaddress import ip_network

from activitypub.errors import Malformed, ProtocolError
from activitypub.network import is_private
from activitypub.nodeinfo import Software
from activitypub.uris import check_host, host_of, is_loopback_name
from fedimmp.app import App
from fedimmp.effects.peers import peers_changed
from fedimmp.errors import Conflict, Invalid, NotFound
from fedimmp.remote.trust import instance_key
from storage import inbox_hosts, inbox_review, jobs, knocks, peers
from storage.database import Connection, Transaction
from storage.inbox_hosts import HostState
from storage.inbox_review import KeptReceipt
from storage.knocks import Knock
from storage.peers import Peer, PeerTerms, SignatureScheme

logger = logging.getLogger(__name__)

_MAX_NOTE = 1000
_REFUSED_SHOWN = 20
# How often a peer is asked what it runs, and how soon again where it did not say.
_NODEINFO_EVERY = timedelta(days=7)
_NODEINFO_PAUSE = timedelta(days=1)


async def add_peer(
    app: App,
    host: str,
    *,
    networks: Sequence[str] | None = None,
    media_hosts: Sequence[str] | None = None,
    note: str | None = None,
    public_feed: bool | None = None,
    signatures: SignatureScheme | None = None,
    actor: str,
) -> Peer:
    """Allow a host, or change the terms of one that is known; None leaves a term as it was.

    `networks` are the private CIDR ranges in which it may lie, `signatures` the scheme in which
    requests to it are signed. Raises Invalid for what is no host or no such range, and for our own
    host; Conflict for a blocked host.
    """
    name = check_peer_host(app, host)
    terms = PeerTerms(
        networks=None if networks is None else [_check_network(text) for text in networks],
        media_hosts=(
            None if media_hosts is None else [check_peer_host(app, text) for text in media_hosts]
        ),
        note=None if note is None else _check_note(note),
        public_feed=public_feed,
        signature_scheme=signatures,
    )
    now = app.now()
    async with app.db.writer() as tx:
        peer = await peers.upsert(tx, name, terms, now)
        if peer is None:
            raise Conflict(f"{name} is blocked: a block wins over the allowlist.")
        detail: dict[str, object] = {
            "networks": list(peer.networks),
            "media_hosts": list(peer.media_hosts),
            "public_feed": peer.public_feed,
            "signatures": peer.signature_scheme,
        }
        await peers_changed(tx, "peer.add", name, actor=actor, detail=detail, now=now)
    return peer


async def remove_peer(app: App, host: str, *, actor: str) -> Peer:
    """Take a host off the allowlist: from then on nothing comes in from it or goes out to it.

    What it sent stays stored, hidden, and is there again when the host is added again. Raises
    NotFound for a host that is not on the list.
    """
    name = check_peer_host(app, host)
    now = app.now()
    async with app.db.writer() as tx:
        known = await peers.find(tx, name)
        if known is None or known.state != "allowed":
            raise NotFound(f"{name} is not on the allowlist.")
        await peers.set_state(tx, name, "removed", now)
        await peers_changed(tx, "peer.remove", name, actor=actor, now=now)
        return await _get(tx, name)


async def read_nodeinfo(app: App, payload: Mapping[str, str]) -> None:
    """Job: ask a peer what software it runs, and have it asked again, as long as it is a peer."""
    host = payload["host"]
    software = await _ask_software(app, host)
    now = app.now()

    async def work(tx: Transaction) -> None:
        if not await peers.is_allowed(tx, host):
            return
        if software is not None:
            await peers.set_software(tx, host, software.name, software.version, now)
        due_at = now + (_NODEINFO_PAUSE if software is None else _NODEINFO_EVERY)
        await jobs.enqueue(tx, "read_nodeinfo", {"host": host}, key=host, due_at=due_at, host=host)

    await app.db.transact(work)


async def _ask_software(app: App, host: str) -> Software | None:
    async with app.db.reader() as conn:
        if not await peers.is_allowed(conn, host):
            return None
    try:
        return await app.client.nodeinfo(host, await instance_key(app))
    except ProtocolError as error:
        logger.info("%s does not say what it runs: %s", host, error)
        return None


async def list_peers(app: App) -> list[Peer]:
    """Return all entries, by host."""
    async with app.db.reader() as conn:
        return await peers.list_all(conn)


async def delivery_states(app: App) -> dict[str, HostState]:
    """Return how each host that we ever addressed takes what we send."""
    async with app.db.reader() as conn:
        return {state.host: state for state in await inbox_hosts.list_hosts(conn)}


async def refused_activities(app: App, host: str) -> list[KeptReceipt]:
    """Return the newest activities of a host that were parked or buried, with the reasons."""
    async with app.db.reader() as conn:
        return await inbox_review.list_receipts(conn, limit=_REFUSED_SHOWN, host=host)


async def list_knocks(app: App, limit: int) -> list[Knock]:
    """Return the hosts that were refused lately because they are not on the list."""
    async with app.db.reader() as conn:
        return await knocks.list_latest(conn, limit)


async def get_peer(app: App, host: str) -> Peer:
    """Return the entry of a host in any state; raises NotFound."""
    name = check_peer_host(app, host)
    async with app.db.reader() as conn:
        return await _get(conn, name)


def check_peer_host(app: App, host: str) -> str:
    """Return a host as it is stored: lower-case A-labels, default port stripped; raises Invalid."""
    text = host.strip().lower()
    try:
        name = check_host(text)
        if not app.uris.is_secure and is_loopback_name(name):
            # Towards loopback peers this instance speaks http, whose default port is another.
            name = host_of(f"http://{text}/")
    except Malformed as error:
        raise Invalid(f"{host.strip()!r} is not a host name such as porto.example.") from error
    if name in app.uris.own_hosts:
        raise Invalid(f"{name} is this instance itself.")
    return name


def _check_network(text: str) -> str:
    try:
        network = ip_network(text.strip())
    except ValueError as error:
        raise Invalid(f"{text!r} is not a network such as 10.20.0.0/16.") from error
    if "%" in text:
        raise Invalid(f"{text!r} names an interface, which a network does not.")
    if not is_private(network):
        raise Invalid(f"{network} is no part of a private range such as 10.0.0.0/8.")
    return str(network)


def _check_note(note: str) -> str:
    if len(note) > _MAX_NOTE or not all(char.isprintable() or char == "\n" for char in note):
        raise Invalid(f"A note has at most {_MAX_NOTE} printable characters.")
    return note


async def _get(conn: Connection, host: str) -> Peer:
    peer = await peers.find(conn, host)
    if peer is None:
        raise NotFound(f"{host} is not on the list of peers.")
    return peer
