"""Whom this office trusts: what administrators and the organisation change about it.

Each change is one transaction: the entry, the standing of every host that it is about, and all
that follows. Two who change the same entry at once do not overwrite each other: who passes the
`version` that they saw is told of a newer one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from fedimmp.app import App
from fedimmp.effects.peers import Act, PeerAct, trust_changed
from fedimmp.errors import Conflict, Invalid, NotFound
from fedimmp.services.peer_terms import check_pattern, check_peer_host, check_terms
from storage import audit, knocks, peer_limits, peers, trust, trust_entries
from storage.database import Connection, Transaction
from storage.peers import Peer
from storage.trust import SHOWN, TALKING, Turn
from storage.trust_entries import (
    WILDCARD,
    Entry,
    PeerState,
    SignatureScheme,
    Terms,
    patterns_about,
)

_ACTS: Final[dict[PeerState, PeerAct]] = {
    "allowed": "peer.add",
    "limited": "peer.limit",
    "draining": "peer.drain",
    "removed": "peer.remove",
    "blocked": "peer.block",
}


def drain_of(app: App) -> timedelta:
    """Return how long an office may drain before it counts as removed."""
    return timedelta(days=app.config.federation.drain_days)


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
    """Allow a host; `change_peer` with the most usual terms."""
    terms = Terms(
        networks=networks,
        media_hosts=media_hosts,
        note=note,
        public_feed=public_feed,
        signature_scheme=signatures,
    )
    return await change_peer(app, host, "allowed", terms, actor=actor)


async def remove_peer(app: App, host: str, *, actor: str) -> Peer:
    """Take a host off the allowlist: from then on nothing comes in from it or goes out to it.

    What it sent stays stored, hidden, for some time, and is there again when the host is added
    again. Raises NotFound for a host that is not on the list.
    """
    return await change_peer(app, host, "removed", actor=actor)


async def change_peer(
    app: App,
    pattern: str,
    state: PeerState | None = None,
    terms: Terms | None = None,
    *,
    actor: str,
    version: int | None = None,
    lift: bool = False,
) -> Peer:
    """Give a host, or all hosts below `*.host`, a state and terms; what is None stays as it was.

    `version` is that of the entry that was looked at, 0 for none; `lift` lifts a block of ours.
    Raises Invalid for what is no host, no private network or our own host; Conflict for another
    version, and for trust in a host that is blocked; NotFound for one that is to be limited,
    drained or removed and not on the list.
    """
    name = check_pattern(app, pattern)
    wanted = check_terms(app, name, terms or Terms())

    async def work(tx: Transaction) -> Peer:
        await trust_entries.lock(tx)
        known = await trust_entries.find(tx, name)
        _check_version(name, known, version)
        before = await _stands(tx, app, name)
        target = _state_wanted(name, state, known, before)
        await _check_unblocked(tx, name, None if lift else known, target, lift=lift)
        put = _timed(app, wanted, known, target)
        act = Act(_ACTS[target], name, actor, _detail(put))
        return await _say(tx, app, act, target, put)

    return await app.db.transact(work)


async def unblock_peer(app: App, pattern: str, *, actor: str, version: int | None = None) -> Peer:
    """Lift the block of a host or wildcard, which is then removed, unless others allow it.

    Raises NotFound when there is no block of our own.
    """
    name = check_pattern(app, pattern)

    async def work(tx: Transaction) -> Peer:
        await trust_entries.lock(tx)
        known = await trust_entries.find(tx, name)
        _check_version(name, known, version)
        if known is None or known.state != "blocked":
            raise NotFound(f"There is no block of {name} to lift.")
        return await _say(tx, app, Act("peer.unblock", name, actor), "removed", Terms())

    return await app.db.transact(work)


async def forget_peer(app: App, pattern: str, *, actor: str, version: int | None = None) -> str:
    """Take back what was said here about a host or wildcard, so that the organisation's word holds.

    Returns its name; raises NotFound when nothing was said.
    """
    name = check_pattern(app, pattern)

    async def work(tx: Transaction) -> None:
        await trust_entries.lock(tx)
        known = await trust_entries.find(tx, name)
        _check_version(name, known, version)
        if known is None:
            raise NotFound(f"Nothing is said here about {name}.")
        # What the entry was about is only known as long as it is there.
        about = [name, *(known.signing_hosts or ())]
        await trust_entries.delete(tx, [name], "local")
        turns = await trust.refresh(tx, about, app.now(), drain=drain_of(app))
        await trust_changed(tx, Act("peer.forget", name, actor), turns, app.now())

    await app.db.transact(work)
    return name


@dataclass(frozen=True, slots=True)
class Member:
    """An office as the organisation's manifest lists it; `note` is what it is called there."""

    host: str
    state: PeerState = "allowed"
    networks: tuple[str, ...] = ()
    media_hosts: tuple[str, ...] = ()
    signing_hosts: tuple[str, ...] = ()
    public_feed: bool = True
    note: str = ""


async def apply_members(
    tx: Transaction, app: App, members: Sequence[Member], *, actor: str
) -> list[Turn]:
    """Let the organisation's entries be these and no others; return how hosts stand differently.

    Our own host is left out, and what administrators said here stays above. Hosts and networks are
    checked as those of administrators: raises Invalid, and nothing is changed.
    """
    await trust_entries.lock(tx)
    now = app.now()
    known = {entry.pattern: entry for entry in await trust_entries.list_all(tx, "manifest")}
    wanted = {}
    for member in members:
        if member.host not in app.uris.own_hosts:
            name = check_pattern(app, member.host)
            wanted[name] = (member.state, check_terms(app, name, _terms_of(member)))
    changed = [
        name for name, (state, terms) in wanted.items() if not _says(known.get(name), state, terms)
    ]
    gone = [name for name in known if name not in wanted]
    about = [*changed, *gone]
    for name in about:
        about += known[name].signing_hosts or () if name in known else ()
    for name in changed:
        state, terms = wanted[name]
        await trust_entries.put(tx, name, state, terms, by=actor, now=now, source="manifest")
    await trust_entries.delete(tx, gone, "manifest")
    if not about:
        return []
    turns = await trust.refresh(tx, about, now, drain=drain_of(app))
    await trust_changed(tx, Act("peer.manifest", "*", actor), turns, now)
    return [turn for turn in turns if turn.changed]


async def end_expired(tx: Transaction, app: App, limit: int) -> int:
    """Let hosts go whose time is over; returns how many there were.

    They are refused from that moment on as it is: this is what follows from it.
    """
    now = app.now()
    hosts = await peers.list_ending(tx, now, limit)
    if hosts:
        await trust_entries.lock(tx)
        turns = await trust.refresh(tx, hosts, now, drain=drain_of(app))
        await trust_changed(tx, Act("peer.expire", " ".join(hosts[:5]), "clock"), turns, now)
    return len(hosts)


async def ignore_knocks(app: App, host: str, *, actor: str) -> str:
    """Show the knocks of a host no more; it stays refused.

    Returns its name; raises NotFound if it never knocked.
    """
    name = check_peer_host(app, host)

    async def work(tx: Transaction) -> None:
        if not await knocks.ignore(tx, name, app.now()):
            raise NotFound(f"{name} never knocked.")
        await audit.append(tx, actor=actor, action="peer.ignore", target=name, now=app.now())

    await app.db.transact(work)
    return name


async def find_peer(conn: Connection, app: App, pattern: str) -> Peer | None:
    """Return what is known of a host, or of a wildcard as if it were one."""
    return await _find(conn, app, check_pattern(app, pattern))


async def _find(conn: Connection, app: App, name: str) -> Peer | None:
    if not name.startswith(WILDCARD):
        return await peers.find(conn, name)
    both = (await trust_entries.find(conn, name, source) for source in ("local", "manifest"))
    entries = [entry async for entry in both if entry is not None]
    return wildcard_peer(app, entries) if entries else None


def wildcard_peer(app: App, entries: Sequence[Entry]) -> Peer:
    """Return the entries of one wildcard as if it were a host."""
    name = entries[0].pattern
    found = trust.resolve(name, entries, None, app.now(), drain_of(app))
    own = next((entry for entry in entries if entry.source == "local"), None)
    if found is None:
        raise ValueError(f"no entry is about {name}")
    said = {slot: getattr(found, slot) for slot in trust.Standing.__slots__}
    return Peer(
        host=name,
        shared_inbox_url=None,
        software=None,
        software_version=None,
        software_read_at=None,
        refused_at=None,
        refused_reason=None,
        purged_at=None,
        state_since=entries[0].state_since,
        created_at=entries[0].created_at,
        updated_at=entries[0].updated_at,
        version=0 if own is None else own.version,
        changed_by=None if own is None else own.changed_by,
        **said,
    )


async def _say(tx: Transaction, app: App, act: Act, state: PeerState, terms: Terms) -> Peer:
    """Change the entry that an act is about with all that follows; return how it stands now."""
    now = app.now()
    turns = await trust.establish(
        tx, act.target, state, terms, by=act.actor, now=now, drain=drain_of(app)
    )
    await trust_changed(tx, act, turns, now)
    peer = await _find(tx, app, act.target)
    if peer is None:
        raise NotFound
    return peer


def _check_version(name: str, known: Entry | None, version: int | None) -> None:
    current = 0 if known is None else known.version
    if version is not None and version != current:
        by = "somebody" if known is None else known.changed_by
        raise Conflict(f"{name} was changed by {by} meanwhile. Look at it again.")


async def _stands(conn: Connection, app: App, name: str) -> PeerState | None:
    """Return how a host stands, met or not, or a wildcard by its own entries."""
    if not name.startswith(WILDCARD):
        return await trust.state_of(conn, name, app.now())
    found = await _find(conn, app, name)
    return None if found is None else found.state


def _state_wanted(
    name: str, state: PeerState | None, known: Entry | None, before: PeerState | None
) -> PeerState:
    """Return the state that the entry gets; only who is on the list can be taken off."""
    if state in ("allowed", "blocked"):
        return state
    if state is None and known is not None:
        return known.state
    if before not in SHOWN:
        raise NotFound(f"{name} is not on the allowlist.")
    if state == "draining" and before not in TALKING:
        raise Conflict(f"{name} is {before} already.")
    # Terms alone of whom the organisation lists: it stays as it is.
    return state or before


async def _check_unblocked(
    tx: Transaction, name: str, known: Entry | None, target: PeerState, *, lift: bool
) -> None:
    """Raise Conflict where a block stands above trust."""
    if target == "blocked":
        return
    if known is not None and known.state == "blocked":
        raise Conflict(f"{name} is blocked: a block wins over the allowlist.")
    if target in SHOWN and not name.startswith(WILDCARD):
        for each in await trust_entries.list_about(tx, [name]):
            is_own = each.pattern == name and each.source == "local"
            if each.state == "blocked" and not (lift and is_own) and _is_about(each, name):
                raise Conflict(f"{name} is blocked by {each.pattern}: a block wins.")
        limit = await peer_limits.find_by_host(tx, name)
        if limit is not None and limit.severity == "suspend":
            raise Conflict(f"{name} is blocked: a block wins over the allowlist.")


def _is_about(entry: Entry, name: str) -> bool:
    return entry.pattern in patterns_about(name) or name in (entry.signing_hosts or ())


def _timed(app: App, terms: Terms, known: Entry | None, target: PeerState) -> Terms:
    """Return the terms with an expiry that makes sense in this state."""
    if target not in SHOWN:
        if terms.expires_at not in (None, "never"):
            raise Invalid("Only what is trusted can expire.")
        return replace(terms, expires_at="never")
    if isinstance(terms.expires_at, str):
        return terms
    if terms.expires_at is not None:
        if terms.expires_at <= app.now():
            raise Invalid("The time of expiry has passed already.")
        return terms
    expired = known is not None and known.expires_at is not None and known.expires_at <= app.now()
    return replace(terms, expires_at="never") if expired else terms


def _detail(terms: Terms) -> dict[str, object]:
    """Return what was said in so many words, for the record."""
    said = {name: getattr(terms, name) for name in Terms.__slots__}
    if isinstance(terms.expires_at, datetime):
        said["expires_at"] = terms.expires_at.isoformat()
    return {name: value for name, value in said.items() if value is not None}


def _terms_of(member: Member) -> Terms:
    return Terms(
        networks=member.networks,
        media_hosts=member.media_hosts,
        signing_hosts=member.signing_hosts,
        public_feed=member.public_feed,
        note=member.note,
    )


def _says(entry: Entry | None, state: PeerState, terms: Terms) -> bool:
    """Tell whether an entry says this already."""
    return entry is not None and (
        entry.state,
        list(entry.networks or ()),
        list(entry.media_hosts or ()),
        list(entry.signing_hosts or ()),
        entry.public_feed,
        entry.note,
    ) == (
        state,
        list(terms.networks or ()),
        list(terms.media_hosts or ()),
        list(terms.signing_hosts or ()),
        terms.public_feed,
        terms.note,
    )
