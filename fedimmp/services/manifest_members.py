"""Whom the manifest makes this office talk to, and whether the keys that they show are theirs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from activitypub.errors import Malformed
from activitypub.manifest.content import Manifest, Member, check_network
from fedimmp.app import App
from fedimmp.effects.organisation import ACTOR
from fedimmp.effects.peers import Act, trust_changed
from fedimmp.errors import Conflict, Invalid
from fedimmp.services import peering
from fedimmp.services.peering import drain_of
from storage import jobs, organisation, trust, trust_entries
from storage.database import Connection, Transaction
from storage.organisation import OrganisationMember
from storage.trust_entries import PeerState, Terms

# Of the offices, this part may go at once without anybody's confirmation.
_SHARE: Final = 5
_STATES: Final[dict[str, PeerState]] = {
    "active": "allowed",
    "draining": "draining",
    "removed": "removed",
}


@dataclass(frozen=True, slots=True)
class Removals:
    """Which offices a manifest takes away, those among them whose removal nobody has confirmed."""

    hosts: tuple[str, ...]
    unconfirmed: tuple[str, ...]
    of: int

    @property
    def need_confirmation(self) -> bool:
        """Whether they are more than a fifth of all."""
        return len(self.unconfirmed) * _SHARE > self.of


def removals_between(before: Sequence[OrganisationMember | Member], manifest: Manifest) -> Removals:
    """Return which offices a manifest takes away: who drains can say nothing more either."""
    talking = [each.host for each in before if each.state == "active"]
    still = {each.host for each in manifest.members if each.state == "active"}
    gone = tuple(host for host in talking if host not in still)
    unconfirmed = tuple(host for host in gone if host not in manifest.confirmed_removals)
    return Removals(gone, unconfirmed, len(talking))


async def removals(conn: Connection, manifest: Manifest) -> Removals:
    """Return which of the present offices a manifest takes away."""
    return removals_between(await organisation.list_members(conn), manifest)


async def replace(tx: Transaction, app: App, members: Sequence[Member]) -> None:
    """Let these be the offices of the organisation, with all that follows."""
    await organisation.replace_members(tx, [_stored(each) for each in members])
    await apply(tx, app)
    for each in members:
        if each.state == "active" and each.host not in app.uris.own_hosts:
            await jobs.enqueue(
                tx, "check_member_key", {"host": each.host}, key=each.host, host=each.host
            )


async def apply(tx: Transaction, app: App) -> None:
    """Let the organisation's entries of trust be what its members and their keys make of them."""
    members = await organisation.list_members(tx)
    await peering.apply_members(tx, app, [_entry(each) for each in members], actor=ACTOR)


async def allow_source(
    tx: Transaction, app: App, host: str, networks: Sequence[str] | None, *, actor: str
) -> None:
    """Allow the office that publishes: it has to be asked before a list can name it.

    Raises Conflict for a host that is blocked, Invalid for networks that are none.
    """
    await trust_entries.lock(tx)
    now = app.now()
    if await trust.state_of(tx, host, now) == "blocked":
        raise Conflict(f"{host} is blocked: a block wins over the allowlist.")
    try:
        checked = None if networks is None else [check_network(each) for each in networks]
    except Malformed as error:
        raise Invalid(str(error)) from error
    await trust_entries.put(tx, host, "allowed", Terms(networks=checked), by=actor, now=now)
    turns = await trust.refresh(tx, [host], now, drain=drain_of(app))
    await trust_changed(tx, Act("peer.add", host, actor), turns, now)


def _stored(member: Member) -> OrganisationMember:
    return OrganisationMember(
        host=member.host,
        state=member.state,
        keys=member.keys,
        scope=member.scope,
        office=member.office,
        time_zone=member.time_zone,
        contact=member.contact,
        networks=member.networks,
    )


def _entry(member: OrganisationMember) -> peering.Member:
    state = _STATES[member.state]
    if member.foreign_key is not None and state == "allowed":
        # Perhaps somebody else answers under this name: until it is settled nothing passes.
        state = "draining"
    return peering.Member(member.host, state, networks=member.networks, note=member.office)
