"""Limits on whole offices, from covered reports to a block, on top of the allowlist."""

from collections.abc import Mapping
from typing import Any

from fedimmp.app import App
from fedimmp.effects.moderation import Staff
from fedimmp.effects.peers import Act, PeerAct, trust_changed
from fedimmp.errors import Invalid, NotFound
from fedimmp.services.moderating import staff_of
from fedimmp.services.peer_terms import check_peer_host
from fedimmp.services.peering import drain_of
from storage import peer_limits, trust, trust_entries
from storage.database import Transaction
from storage.peer_limits import PeerLimit


class Limited(Invalid):
    """The host has a limit already: `existing`."""

    default = "Validation failed: A limit on this domain is there already"

    def __init__(self, existing: PeerLimit) -> None:
        super().__init__()
        self.existing = existing


async def limit(app: App, staff_id: int, host: str, terms: Mapping[str, Any]) -> PeerLimit:
    """Limit an office, also one that is no peer yet; `terms` are columns of the limit.

    Raises Invalid for what is no host and for our own, Limited for one that is limited already.
    """
    name = check_peer_host(app, host)

    async def work(tx: Transaction) -> PeerLimit:
        staff = await staff_of(tx, staff_id)
        await trust_entries.lock(tx)
        made = await peer_limits.insert(tx, name, app.now())
        if made is None:
            existing = await peer_limits.find_by_host(tx, name)
            if existing is None:
                raise Invalid
            raise Limited(existing)
        return await _apply(tx, app, staff, made, terms)

    return await app.db.transact(work)


async def change(app: App, staff_id: int, limit_id: int, terms: Mapping[str, Any]) -> PeerLimit:
    """Change a limit; what is absent stays. Raises NotFound."""

    async def work(tx: Transaction) -> PeerLimit:
        staff = await staff_of(tx, staff_id)
        await trust_entries.lock(tx)
        return await _apply(tx, app, staff, await _get(tx, limit_id), terms)

    return await app.db.transact(work)


async def lift(app: App, staff_id: int, limit_id: int) -> None:
    """Lift a limit; a host that was allowed before it was blocked is so again. Raises NotFound."""

    async def work(tx: Transaction) -> None:
        staff = await staff_of(tx, staff_id)
        await trust_entries.lock(tx)
        known = await _get(tx, limit_id)
        await peer_limits.delete(tx, limit_id)
        await _settle(tx, app, Act("peer.unlimit", known.host, staff.username))

    await app.db.transact(work)


async def _apply(
    tx: Transaction, app: App, staff: Staff, before: PeerLimit, terms: Mapping[str, Any]
) -> PeerLimit:
    changed = await peer_limits.update(tx, before.id, terms)
    if changed is None:
        raise NotFound
    act: PeerAct = "peer.block" if changed.severity == "suspend" else "peer.limit"
    await _settle(tx, app, Act(act, before.host, staff.username, {"terms": dict(terms)}))
    return changed


async def _settle(tx: Transaction, app: App, act: Act) -> None:
    """Let happen what follows from a limit."""
    now = app.now()
    turns = await trust.refresh(tx, [act.target], now, drain=drain_of(app))
    await trust_changed(tx, act, turns, now)


async def _get(tx: Transaction, limit_id: int) -> PeerLimit:
    known = await peer_limits.find(tx, limit_id)
    if known is None:
        raise NotFound
    return known
