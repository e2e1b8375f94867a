"""Works off the inbox: leases actors, applies what they sent in order, many in one transaction.

When such a transaction fails, its activities are applied one by one, so that nobody is held up by
a neighbour. Nothing here asks the network: what must be fetched becomes a job of its own.
"""

import logging
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from activitypub.errors import ProtocolError
from fedimmp import logs
from fedimmp.app import App
from fedimmp.inbound.reading import Ignored, Item, Refused, Understood, understand
from fedimmp.inbound.received import Outcome
from fedimmp.inbound.refreshing import request_refreshes
from storage import accounts, inbox, inbox_hosts, jobs
from storage.database import Transaction
from storage.errors import LeaseLost, Unavailable, Unstorable
from storage.inbox import Lease, Receipt

logger = logging.getLogger(__name__)

ACTORS_AT_ONCE = 50
ACTIVITIES_AT_ONCE = 100
# Longer than the two transactions of a run; a crashed worker's actors wait no longer than this.
LEASE = timedelta(seconds=30)
MOST_ATTEMPTS = 6
_PAUSES = (1, 5, 30, 120, 600)


@dataclass(slots=True)
class _Results:
    done: list[int] = field(default_factory=list)
    gathering: list[int] = field(default_factory=list)
    parked: dict[int, str] = field(default_factory=dict)


async def run_once(app: App) -> int:
    """Process one batch of due activities; returns how many were looked at, 0 when none is due.

    Raises storage's Unavailable; what was leased is then processed again once its lease is over.
    """
    now = app.now()
    held = await app.db.transact(
        lambda tx: inbox.lease(
            tx, now, actors=ACTORS_AT_ONCE, receipts=ACTIVITIES_AT_ONCE, lasting=LEASE
        )
    )
    if not held.actor_uris:
        return 0
    async with app.db.reader() as conn:
        people = await accounts.get_many_by_uri(conn, held.actor_uris)
    items = understand(held.receipts, people)
    try:
        await _apply_together(app, held, items)
    except LeaseLost as error:
        logger.warning("inbox batch abandoned: %s", error)
    except Exception as error:
        if isinstance(error, Unavailable):
            # A loser against a concurrent transaction may win alone; a lost database cannot.
            await app.db.ping()
        logger.info("inbox batch of %d is repeated one by one: %s", len(items), error)
        await _apply_singly(app, held, items)
    await request_refreshes(app, people.values())
    return max(len(held.receipts), 1)


async def _apply_together(app: App, held: Lease, items: Sequence[Item]) -> None:
    now = app.now()
    async with app.db.writer(keep_plans=all(map(_is_post, items))) as tx:
        await _wake_hosts(tx, held.receipts, now)
        results = _Results()
        for group in _rounds(items):
            await _apply_group(tx, app, group, results, now)
        await _finish(tx, results, now)
        await inbox.release(tx, held, now)


async def _finish(tx: Transaction, results: _Results, now: datetime) -> None:
    await inbox.finish(tx, results.done, results.parked, now, gathering=results.gathering)


def _rounds(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Yield groups that keep each actor's order: new posts of all actors together, else one each.

    A group is either posts only, which are stored set-wise, or holds at most one of each actor.
    """
    waiting: dict[str, deque[Item]] = {}
    for item in items:
        waiting.setdefault(item.receipt.actor_uri, deque()).append(item)
    while waiting:
        group: list[Item] = []
        for queue in waiting.values():
            while queue and _is_post(queue[0]):
                group.append(queue.popleft())
        if not group:
            group = [queue.popleft() for queue in waiting.values()]
        waiting = {actor: queue for actor, queue in waiting.items() if queue}
        yield group


def _is_post(item: Item) -> bool:
    return isinstance(item, Understood) and item.handler.apply_many is not None


async def _apply_group(
    tx: Transaction, app: App, group: Sequence[Item], results: _Results, now: datetime
) -> None:
    posts = [each for each in group if isinstance(each, Understood) and _is_post(each)]
    if posts and posts[0].handler.apply_many is not None:
        together = [(each.received, each.value) for each in posts]
        await posts[0].handler.apply_many(tx, app, together, now)
        results.done += [each.receipt.id for each in posts]
        return
    for item in group:
        await _apply_item(tx, app, item, results, now)


async def _apply_item(
    tx: Transaction, app: App, item: Item, results: _Results, now: datetime
) -> None:
    match item:
        case Refused(receipt, reason):
            results.parked[receipt.id] = reason
        case Ignored(receipt):
            results.done.append(receipt.id)
        case Understood(receipt, received, handler, value):
            try:
                with logs.bind(activity=receipt.activity_uri):
                    async with tx.savepoint():
                        outcome = await handler.apply(tx, app, received, value, now)
            except ProtocolError as error:
                results.parked[receipt.id] = str(error)
                return
            if outcome is Outcome.GATHER:
                payload = {"receipt_id": receipt.id}
                await jobs.enqueue(
                    tx, "gather_activity", payload, key=str(receipt.id), host=receipt.host
                )
                results.gathering.append(receipt.id)
            else:
                results.done.append(receipt.id)


async def _wake_hosts(tx: Transaction, receipts: Sequence[Receipt], now: datetime) -> None:
    """Try those who talk to us again: they may be able to listen, too.

    Comes first in a transaction. Answers that are enqueued lock lanes, and a host is locked before
    its lanes everywhere.
    """
    await inbox_hosts.wake_hosts(tx, sorted({receipt.host for receipt in receipts}), now)


async def _apply_singly(app: App, held: Lease, items: Sequence[Item]) -> None:
    """Apply each activity in a transaction of its own; a failing one stops its actor only."""
    queues: dict[str, list[Item]] = {actor: [] for actor in held.actor_uris}
    for item in items:
        queues[item.receipt.actor_uri].append(item)
    going_on = []
    for actor, queue in queues.items():
        if await _apply_queue(app, held, queue):
            going_on.append(actor)
    now = app.now()
    rest = replace(held, actor_uris=tuple(going_on))
    await app.db.transact(lambda tx: inbox.release(tx, rest, now))


async def _apply_queue(app: App, held: Lease, queue: Sequence[Item]) -> bool:
    for item in queue:
        try:
            await _apply_alone(app, held, item)
        except (LeaseLost, Unavailable):
            raise
        except Exception as error:
            if not await _fail(app, held, item.receipt, error):
                return False
    return True


async def _apply_alone(app: App, held: Lease, item: Item) -> None:
    now = app.now()

    async def work(tx: Transaction) -> None:
        await _wake_hosts(tx, [item.receipt], now)
        results = _Results()
        await _apply_item(tx, app, item, results, now)
        await _finish(tx, results, now)
        await inbox.check_held(tx, held, item.receipt.actor_uri)

    try:
        await app.db.transact(work)
    except Unstorable as error:
        reason = str(error)
        await app.db.transact(lambda tx: inbox.finish(tx, [], {item.receipt.id: reason}, now))


async def _fail(app: App, held: Lease, receipt: Receipt, error: Exception) -> bool:
    """Count a failure that is our own; True when the actor goes on without the activity."""
    now = app.now()
    with logs.bind(activity=receipt.activity_uri):
        logger.error("an activity of %s failed", receipt.actor_uri, exc_info=error)
    pause = _PAUSES[min(receipt.attempts, len(_PAUSES) - 1)]

    async def work(tx: Transaction) -> bool:
        reason = f"{type(error).__name__}: {error}"[:500]
        buried = await inbox.fail(tx, receipt.id, reason, now, most_attempts=MOST_ATTEMPTS)
        if not buried:
            due_at = now + timedelta(seconds=pause)
            await inbox.postpone(tx, held, receipt.actor_uri, due_at)
        return buried

    return await app.db.transact(work)
