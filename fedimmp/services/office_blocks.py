"""Offices that a member wants nothing of, for this member alone."""

from collections.abc import Mapping
from typing import Any, Final

from activitypub.errors import Malformed
from activitypub.uris import check_host
from fedimmp.app import App
from fedimmp.effects import relationships as effects
from fedimmp.effects.notices import relationships_severed
from fedimmp.errors import Invalid
from storage import domain_blocks, jobs, relationships
from storage.database import Transaction
from storage.domain_blocks import DomainBlock, Ties
from storage.ids import new_id
from storage.severances import NewSeverance

MOST_BLOCKED: Final = 1_000
# So many follows end together, within the time of a transaction.
_AT_ONCE: Final = 500


async def block_office(app: App, account_id: int, domain: str) -> None:
    """Let an office and all its people vanish for a member; follows in both directions end.

    Raises Invalid for what is no host, for the member's own office, and for one too many.
    """
    host = _checked(app, domain)

    async def work(tx: Transaction) -> None:
        now = app.now()
        if await domain_blocks.count(tx, account_id) >= MOST_BLOCKED:
            raise Invalid(f"Nobody can block more than {MOST_BLOCKED} offices")
        if not await domain_blocks.insert(tx, DomainBlock(new_id(now), host), account_id, now):
            return
        ties = await domain_blocks.count_ties(tx, account_id, host)
        lost = NewSeverance(account_id, "user_domain_block", host, ties.followers, ties.following)
        await relationships_severed(tx, [lost], now)
        await domain_blocks.forget_notifications(tx, account_id, host)
        await domain_blocks.expel(tx, account_id, [host])
        await _sever(tx, app, account_id, host)

    await app.db.transact(work)


async def unblock_office(app: App, account_id: int, domain: str) -> None:
    """Let an office be seen again; no matter when it is not blocked. Raises Invalid."""
    host = _checked(app, domain)
    async with app.db.writer() as tx:
        await domain_blocks.delete(tx, account_id, host)


async def preview(app: App, account_id: int, domain: str) -> Ties:
    """Return which follows blocking an office would end. Raises Invalid."""
    host = _checked(app, domain)
    async with app.db.reader() as conn:
        return await domain_blocks.count_ties(conn, account_id, host)


async def sever_office(app: App, payload: Mapping[str, Any]) -> None:
    """Job: end what is left of the follows between a member and an office that it blocks."""
    account_id, host = int(payload["account_id"]), str(payload["domain"])
    await app.db.transact(lambda tx: _sever(tx, app, account_id, host))


async def _sever(tx: Transaction, app: App, account_id: int, host: str) -> None:
    """End follows in both directions and tell the office; a job goes on where there are many."""
    now = app.now()
    found = await domain_blocks.list_follows(tx, account_id, host, _AT_ONCE)
    ended = await relationships.delete_follows(tx, [follow.id for follow in found])
    await effects.unfollowed(
        tx, app, [follow for follow in ended if follow.account_id == account_id], now
    )
    await effects.follow_rejected(
        tx, app, [follow for follow in ended if follow.target_id == account_id], now
    )
    if len(found) == _AT_ONCE:
        payload = {"account_id": account_id, "domain": host}
        await jobs.enqueue(tx, "sever_office", payload, key=f"{account_id} {host}")


def _checked(app: App, domain: str) -> str:
    """Return a host as handles have it; a whole handle or address names its host."""
    text = domain.strip().lower().removeprefix("https://").removeprefix("http://")
    try:
        host = check_host(text.rstrip("/").rpartition("@")[2])
    except Malformed as error:
        raise Invalid("Validation failed: Domain is not the name of an office") from error
    if host == app.uris.host:
        raise Invalid("Validation failed: Nobody can block their own office")
    return host
