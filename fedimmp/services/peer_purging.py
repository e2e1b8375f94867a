"""What offices sent that are out for long is purged, in batches; till then it is only hidden.

An office that comes back meanwhile keeps what is not gone yet: each batch looks first.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from fedimmp.app import App
from fedimmp.effects.statuses import statuses_deleted
from storage import audit, events, interactions, jobs, peer_holdings, removals, severed_follows
from storage.database import Transaction
from storage.events import NewEvent

# A batch is a transaction of its own, and readers wait for none.
_AT_ONCE: Final = 100
_ROWS_AT_ONCE: Final = 1_000
_HOSTS_AT_ONCE: Final = 100


async def plan_purges(tx: Transaction, app: App, now: datetime) -> int:
    """Have what was sent by offices that are out for long enough purged, each by a job."""
    for host in await peer_holdings.list_due(tx, _before(app, now), _HOSTS_AT_ONCE):
        await jobs.enqueue(tx, "purge_peer", {"host": host}, key=host)
    return 0


async def purge(app: App, payload: Mapping[str, Any]) -> None:
    """Job: purge what an office sent, as long as it is out; may run twice."""
    host = str(payload["host"])
    steps: Sequence[Callable[[Transaction], Awaitable[int]]] = (
        lambda tx: _remove_statuses(tx, app, host),
        lambda tx: _remove_favourites(tx, host),
        lambda tx: _remove_files(tx, app, host),
        lambda tx: peer_holdings.delete_traces(tx, host, _ROWS_AT_ONCE),
        lambda tx: _clear_people(tx, host),
    )
    for step in steps:
        while gone := await app.db.transact(partial(_while_out, app=app, host=host, step=step)):
            if gone < 0:
                return
    await app.db.transact(lambda tx: _end(tx, app, host))


async def _while_out(
    tx: Transaction, *, app: App, host: str, step: Callable[[Transaction], Awaitable[int]]
) -> int:
    """Take a step; -1 when the office is back."""
    if not await peer_holdings.hold_out(tx, host, _before(app, app.now())):
        return -1
    return await step(tx)


async def _end(tx: Transaction, app: App, host: str) -> None:
    now = app.now()
    if not await peer_holdings.hold_out(tx, host, _before(app, now)):
        return
    await severed_follows.forget(tx, [host])
    await peer_holdings.set_purged(tx, host, now)
    await audit.append(tx, actor="clock", action="peer.purge", target=host, now=now)


async def _remove_statuses(tx: Transaction, app: App, host: str) -> int:
    now = app.now()
    ids = await peer_holdings.list_statuses(tx, host, _AT_ONCE)
    removed = await removals.delete(tx, ids, now)
    await peer_holdings.unearth(tx, [each.status.uri for each in removed if each.requested])
    await statuses_deleted(tx, app, removed, now, author_gone=True)
    return len(ids)


async def _remove_favourites(tx: Transaction, host: str) -> int:
    pairs = await peer_holdings.list_favourites(tx, host, _AT_ONCE)
    return len(await interactions.delete_favourites(tx, pairs))


async def _remove_files(tx: Transaction, app: App, host: str) -> int:
    files = await peer_holdings.detach_files(tx, host, app.now(), _AT_ONCE)
    if files:
        await jobs.enqueue(tx, "discard_media", {"media_ids": files})
    return len(files)


async def _clear_people(tx: Transaction, host: str) -> int:
    cleared = await peer_holdings.clear_people(tx, host, _ROWS_AT_ONCE)
    changed = [NewEvent("account.changed", subject_id=account_id) for account_id in cleared]
    await events.append_many(tx, changed)
    return len(cleared)


def _before(app: App, now: datetime) -> datetime:
    return now - timedelta(days=app.config.federation.purge_days)
