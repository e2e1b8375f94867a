"""Tidying up: rows that nobody will ask for any more. Every worker does it, which costs nothing."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fedimmp.app import App
from fedimmp.services import (
    file_keeping,
    media,
    organising,
    peer_purging,
    peering,
    stamping_manifest,
)
from fedimmp.workers.pool import BackOff, rest
from storage import (
    async_refreshes,
    backlog,
    events,
    idempotency,
    inbox,
    inbox_review,
    jobs,
    knocks,
    oauth,
    outbox,
    registrations,
    relationships,
    removals,
    search_words,
    sessions,
    sign_in,
    statistics,
    timelines,
    trends,
)
from storage.database import Transaction

logger = logging.getLogger(__name__)

_EVENTS_KEPT: Final = timedelta(hours=1)
# As long as a peer may repeat itself: an activity that is forgotten would be new again.
_RECEIPTS_KEPT: Final = timedelta(days=30)
_SENT_KEPT: Final = timedelta(days=30)
_DEAD_KEPT: Final = timedelta(days=90)
# A liar may send what is refused, and delete what never was, without end.
_REFUSED_PER_HOST: Final = 10_000
_TOMBSTONES_PER_HOST: Final = 100_000
# What goes at once, well within the time of a transaction, and how often before others do.
_SWEEP: Final = 10_000
_MOST_SWEEPS: Final = 200
_POSTS_READ: Final = 2_000
_KNOCKING_HOSTS: Final = 1_000
_KNOCKS_KEPT: Final = timedelta(days=90)
_CODES_KEPT: Final = timedelta(days=1)
_FAILURES_KEPT: Final = timedelta(days=1)
# A year and what is compared with it.
_PRESENCE_KEPT: Final = timedelta(days=2 * 366)


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to tidy up now and then; it returns how many rows went."""

    name: str
    every: timedelta
    work: Callable[[Transaction, App, datetime], Awaitable[int]]


def _forget_presence(tx: Transaction, _app: App, now: datetime) -> Awaitable[int]:
    return statistics.forget_presence(tx, (now - _PRESENCE_KEPT).date())


def _give_up(tx: Transaction, app: App, now: datetime) -> Awaitable[int]:
    return backlog.give_up(tx, now - timedelta(days=app.config.delivery.give_up_days), now)


def _trim_waiting(tx: Transaction, app: App, now: datetime) -> Awaitable[int]:
    return backlog.trim_waiting(tx, app.config.delivery.backlog_per_host, now)


def _trim_ended(tx: Transaction, app: App, _now: datetime) -> Awaitable[int]:
    return backlog.trim_ended(tx, app.config.delivery.backlog_per_host)


def _forget_refused(tx: Transaction, _app: App, now: datetime) -> Awaitable[int]:
    return inbox_review.prune_refused(tx, now - _DEAD_KEPT)


def _trim_refused(tx: Transaction, _app: App, _now: datetime) -> Awaitable[int]:
    return inbox_review.trim_refused(tx, _REFUSED_PER_HOST, limit=_SWEEP)


def _trim_tombstones(tx: Transaction, _app: App, _now: datetime) -> Awaitable[int]:
    return removals.trim_tombstones(tx, _TOMBSTONES_PER_HOST, limit=_SWEEP)


def _forget_buried(tx: Transaction, _app: App, now: datetime) -> Awaitable[int]:
    return jobs.prune_buried(tx, now - _DEAD_KEPT, limit=_SWEEP)


def _trim_knocks(tx: Transaction, _app: App, now: datetime) -> Awaitable[int]:
    return knocks.trim(tx, _KNOCKING_HOSTS, now - _KNOCKS_KEPT)


def _forget_unconfirmed(tx: Transaction, app: App, now: datetime) -> Awaitable[int]:
    before = now - timedelta(days=app.config.registration.unconfirmed_days)
    return registrations.delete_unconfirmed(tx, before, limit=_SWEEP)


async def _count_tags(tx: Transaction, _app: App, now: datetime) -> int:
    await trends.count_tags(tx, now)
    return 0


async def _weigh_statuses(tx: Transaction, app: App, now: datetime) -> int:
    if app.config.posts.trends:
        await trends.weigh_statuses(tx, now)
    return 0


async def _read_words(tx: Transaction, _app: App, _now: datetime) -> int:
    # As long as posts are left it counts as much, so that it is done again.
    return _SWEEP if await search_words.read_backlog(tx, _POSTS_READ) else 0


_MINUTE: Final = timedelta(minutes=1)
_TEN_MINUTES: Final = timedelta(minutes=10)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)

CHORES: Final = (
    Chore("stream events", _MINUTE, lambda tx, _, now: events.prune(tx, now - _EVENTS_KEPT)),
    Chore("idempotency keys", _MINUTE, lambda tx, _, now: idempotency.prune(tx, now)),
    Chore("looks at threads", _HOUR, lambda tx, _, now: async_refreshes.prune(tx, now)),
    Chore("sessions", _HOUR, lambda tx, _, now: sessions.delete_expired(tx, now)),
    Chore("codes", _HOUR, lambda tx, _, now: oauth.delete_expired_codes(tx, now - _CODES_KEPT)),
    Chore("links", _HOUR, lambda tx, _, now: registrations.delete_expired_links(tx, now)),
    Chore("unconfirmed sign-ups", _HOUR, _forget_unconfirmed),
    Chore("failures", _HOUR, lambda tx, _, now: sign_in.delete_stale(tx, now - _FAILURES_KEPT)),
    Chore("received activities", _HOUR, lambda tx, _, now: inbox.prune(tx, now - _RECEIPTS_KEPT)),
    Chore("uploads", _HOUR, lambda tx, _, now: media.discard_abandoned(tx, now)),
    Chore("files long unseen", _HOUR, file_keeping.drop_unread),
    Chore("surplus files", _TEN_MINUTES, file_keeping.drop_surplus),
    Chore("stray files", file_keeping.SWEEP_EVERY, file_keeping.plan_sweep),
    Chore("refused activities", _HOUR, _forget_refused),
    Chore("surplus refused activities", _TEN_MINUTES, _trim_refused),
    Chore("buried jobs", _HOUR, _forget_buried),
    Chore("surplus tombstones", _TEN_MINUTES, _trim_tombstones),
    Chore("late deliveries", _HOUR, _give_up),
    Chore("surplus deliveries", _TEN_MINUTES, _trim_waiting),
    Chore("surplus dead deliveries", _TEN_MINUTES, _trim_ended),
    Chore("dead deliveries", _HOUR, lambda tx, _, now: backlog.prune(tx, now - _DEAD_KEPT)),
    Chore("sent activities", _HOUR, lambda tx, _, now: outbox.prune(tx, now - _SENT_KEPT)),
    Chore("ended mutes", _HOUR, lambda tx, _, now: relationships.prune_mutes(tx, now - _DAY)),
    Chore("hashtags in use", _TEN_MINUTES, _count_tags),
    Chore("trending posts", _TEN_MINUTES, _weigh_statuses),
    Chore("words of older posts", _MINUTE, _read_words),
    Chore("knocks", _HOUR, _trim_knocks),
    Chore("offices long removed", _HOUR, peer_purging.plan_purges),
    Chore("trust that ends", _MINUTE, lambda tx, app, _now: peering.end_expired(tx, app, _SWEEP)),
    Chore("the manifest's age", _TEN_MINUTES, organising.watch),
    Chore("the manifest's stamp", _TEN_MINUTES, stamping_manifest.restamp),
    Chore("days of presence", _HOUR, _forget_presence),
    Chore("home timelines", _HOUR, lambda tx, _app, _now: timelines.prune_home(tx)),
)


async def run(app: App, stopping: asyncio.Event) -> None:
    """Do each chore in its rhythm until `stopping` is set, each for the first time after a minute.

    A chore that fails is done again in a minute.
    """
    back_off = BackOff("chores")
    done_at: dict[str, datetime] = {}
    while not stopping.is_set():
        await rest(stopping, _MINUTE.total_seconds())
        for chore in CHORES:
            if stopping.is_set():
                return
            now = app.now()
            last = done_at.get(chore.name)
            if last is not None and now - last < chore.every:
                continue
            try:
                await do(app, chore)
                back_off.worked()
            except Exception as error:
                back_off.failed(error)
                continue
            done_at[chore.name] = now


async def do(app: App, chore: Chore) -> None:
    """Do one chore in transactions of its own, until less goes than can go at once."""
    gone = 0
    for _ in range(_MOST_SWEEPS):
        async with app.db.writer() as tx:
            swept = await chore.work(tx, app, app.now())
        gone += swept
        if swept < _SWEEP:
            break
    if gone:
        logger.debug("%s: %d rows are gone", chore.name, gone)
