"""What a process remembers between requests, bounded, and never the only judge.

Parsed keys save work; recent failures keep a stranger from making us fetch again and again; the
batch lets requests that arrive together share one commit.
"""

import asyncio
import os
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Generic, TypeVar

from activitypub.signatures.keys import VerifyKey
from fedimmp.errors import Refusal
from storage.account_keys import PublicKey
from storage.filters import Filter
from storage.oauth import Caller

K = TypeVar("K")
V = TypeVar("V")
Item = TypeVar("Item")
Result = TypeVar("Result")


class Recent(Generic[K, V]):
    """A bounded map whose entries vanish after some seconds, the least recently used first."""

    def __init__(self, *, seconds: float, capacity: int) -> None:
        self._seconds = seconds
        self._capacity = capacity
        self._entries: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def get(self, key: K) -> V | None:
        """Return the value unless it is too old."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if time.monotonic() > entry[0]:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return entry[1]

    def put(self, key: K, value: V, *, seconds: float | None = None) -> None:
        """Remember a value from now on, for the usual time or another."""
        lasting = self._seconds if seconds is None else seconds
        self._entries[key] = (time.monotonic() + lasting, value)
        self._entries.move_to_end(key)
        if len(self._entries) > self._capacity:
            self._entries.popitem(last=False)

    def forget(self, key: K) -> None:
        """Drop a value if it is there."""
        self._entries.pop(key, None)

    def keys(self) -> list[K]:
        """Return the keys of the values that are not too old."""
        now = time.monotonic()
        return [key for key, (until, _) in self._entries.items() if until >= now]

    def __len__(self) -> int:
        return len(self._entries)


class Tally(Generic[K]):
    """Counts what each key does within a window, bounded; the window begins with its first deed."""

    def __init__(self, *, most: int, seconds: float, capacity: int) -> None:
        self._most = most
        self._seconds = seconds
        self._capacity = capacity
        self._counts: OrderedDict[K, tuple[float, int]] = OrderedDict()

    def spend(self, key: K) -> bool:
        """Count one more deed of a key; False when it has done as much as it may."""
        now = time.monotonic()
        ends_at, count = self._counts.get(key, (0.0, 0))
        if now > ends_at:
            ends_at, count = now + self._seconds, 0
        if count >= self._most:
            return False
        self._counts[key] = (ends_at, count + 1)
        self._counts.move_to_end(key)
        if len(self._counts) > self._capacity:
            self._counts.popitem(last=False)
        return True

    def refund(self, key: K) -> None:
        """Take back the count of a deed that turned out well."""
        ends_at, count = self._counts.get(key, (0.0, 0))
        if count > 0:
            self._counts[key] = (ends_at, count - 1)


class Knocks:
    """Counts the knocks of refused hosts, bounded, and says when there is something to write down.

    A host is written down when it has knocked twice as often as was written, or a minute has gone
    by; so many writes are made in a minute and no more, whoever knocks. What is forgotten for want
    of room was never written.
    """

    def __init__(self, *, seconds: float, most_writes: int, capacity: int) -> None:
        self._seconds = seconds
        self._capacity = capacity
        self._hosts: OrderedDict[str, _Knocker] = OrderedDict()
        self._writes: Tally[None] = Tally(most=most_writes, seconds=seconds, capacity=1)

    def count(self, host: str) -> tuple[int, bool]:
        """Count a knock; return how many are to be written down now, and whether it is news."""
        now = time.monotonic()
        known = self._hosts.get(host)
        knocker = known or _Knocker()
        self._hosts[host] = knocker
        self._hosts.move_to_end(host)
        if len(self._hosts) > self._capacity:
            self._hosts.popitem(last=False)
        knocker.waiting += 1
        is_due = knocker.waiting >= knocker.written or now >= knocker.due_at
        if not is_due or not self._writes.spend(None):
            return 0, known is None
        waiting, knocker.waiting = knocker.waiting, 0
        knocker.written += waiting
        knocker.due_at = now + self._seconds
        return waiting, known is None

    def __len__(self) -> int:
        return len(self._hosts)


@dataclass(slots=True)
class _Knocker:
    waiting: int = 0
    written: int = 0
    due_at: float = 0.0


class Locks(Generic[K]):
    """One lock per key, kept only while somebody holds or awaits it."""

    def __init__(self) -> None:
        self._locks: dict[K, tuple[asyncio.Lock, int]] = {}

    async def acquire(self, key: K) -> None:
        """Wait until nobody else works on this key."""
        lock, waiting = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = (lock, waiting + 1)
        try:
            await lock.acquire()
        except BaseException:
            self._leave(key)
            raise

    def release(self, key: K) -> None:
        """Let the next one in."""
        self._locks[key][0].release()
        self._leave(key)

    def _leave(self, key: K) -> None:
        lock, waiting = self._locks[key]
        if waiting == 1:
            del self._locks[key]
        else:
            self._locks[key] = (lock, waiting - 1)


class Places(Generic[K]):
    """Bounds what goes on at once: so much in all, and so much for each key.

    Who waits for a place of its key takes none of the others away.
    """

    def __init__(self, *, total: int, each: int) -> None:
        self._total = asyncio.Semaphore(total)
        self._each = each
        self._keys: dict[K, tuple[asyncio.Semaphore, int]] = {}

    @asynccontextmanager
    async def taken(self, key: K) -> AsyncIterator[None]:
        """Wait for a place, and hold it."""
        places, users = self._keys.get(key, (asyncio.Semaphore(self._each), 0))
        self._keys[key] = (places, users + 1)
        try:
            async with places, self._total:
                yield
        finally:
            places, users = self._keys[key]
            if users == 1:
                del self._keys[key]
            else:
                self._keys[key] = (places, users - 1)


class Pauses(Generic[K]):
    """Leaves alone for a while what failed: `waits` are seconds, the last one repeats; bounded."""

    def __init__(
        self,
        *,
        waits: Sequence[float],
        capacity: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._waits = tuple(waits)
        self._capacity = capacity
        self._clock = clock
        self._failures: OrderedDict[K, tuple[float, int]] = OrderedDict()

    def holds(self, key: K) -> bool:
        """Tell whether a key is to be left alone now."""
        return self._clock() < self._failures.get(key, (0.0, 0))[0]

    def failed(self, key: K) -> None:
        """Note a failure, after which the pause is longer than after the one before."""
        count = self._failures.get(key, (0.0, 0))[1]
        pause = self._waits[min(count, len(self._waits) - 1)]
        self._failures[key] = (self._clock() + pause, count + 1)
        self._failures.move_to_end(key)
        if len(self._failures) > self._capacity:
            self._failures.popitem(last=False)

    def worked(self, key: K) -> None:
        """Forget what failed before."""
        self._failures.pop(key, None)


class Batch(Generic[Item, Result]):
    """Collects what concurrent callers submit, and has each batch worked off when the last one is.

    No timer: a batch waits only while each turn of the event loop brings more, so a lonely caller
    waits for one turn, and under load the batches grow by themselves.
    """

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._task: asyncio.Task[None] | None = None

    async def submit(
        self, item: Item, work: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]]
    ) -> Result:
        """Return the result of this item; raises what the work raised for its batch.

        A batch that fails is repeated item by item, so that nobody fails for a neighbour. All
        callers of one batch pass the same work.
        """
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None:
            self._task = asyncio.create_task(self._run(work), name="batch")
        return await future

    async def _run(self, work: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]]) -> None:
        try:
            while self._waiting:
                await self._gather()
                batch = self._waiting[: self._most]
                del self._waiting[: self._most]
                await _work_off(batch, work)
        finally:
            self._task = None
            for _item, future in self._waiting:
                future.cancel()
            self._waiting.clear()

    async def _gather(self) -> None:
        seen = 0
        while seen < len(self._waiting) < self._most:
            seen = len(self._waiting)
            await asyncio.sleep(0)


async def _work_off(
    batch: list[tuple[Item, asyncio.Future[Result]]],
    work: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
) -> None:
    try:
        results = await work([item for item, _future in batch])
    except Exception as error:
        if len(batch) == 1:
            _fail(batch[0][1], error)
            return
        for single in batch:
            await _work_off([single], work)
        return
    for (_item, future), result in zip(batch, results, strict=True):
        # Whoever submitted may have gone away meanwhile.
        if not future.done():
            future.set_result(result)


def _fail(future: "asyncio.Future[Result]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


@dataclass(frozen=True, slots=True)
class InboxMemory:
    """What one App's process remembers of its peers' requests.

    keys        key id -> key of somebody who was welcome when it was read. Those who store an
                activity ask the row again in the statement that stores it; all others read it first
    parsed      PEM -> key, made stale by nothing
    failed      key id -> the refusal and its sentence, where a key could not be had lately
    refetched   actors whose keys were fetched again lately, after a signature had not verified
    fruitless   how often a host was asked in vain for keys that nobody knows
    backlogs    hosts, and whether too much of what they sent still waits
    knocks      refused hosts, and how often they came
    """

    keys: Recent[str, PublicKey] = field(
        default_factory=lambda: Recent(seconds=3_600, capacity=5_000)
    )
    parsed: Recent[str, VerifyKey] = field(
        default_factory=lambda: Recent(seconds=86_400, capacity=5_000)
    )
    failed: Recent[str, tuple[type[Refusal], str]] = field(
        default_factory=lambda: Recent(seconds=60, capacity=5_000)
    )
    refetched: Recent[str, bool] = field(
        default_factory=lambda: Recent(seconds=300, capacity=5_000)
    )
    fruitless: Tally[str] = field(
        default_factory=lambda: Tally(most=100, seconds=60, capacity=1_000)
    )
    backlogs: Recent[str, bool] = field(default_factory=lambda: Recent(seconds=5, capacity=1_000))
    knocks: Knocks = field(
        default_factory=lambda: Knocks(seconds=60, most_writes=60, capacity=1_000)
    )
    fetching: Locks[str] = field(default_factory=Locks)
    receipts: Batch[Any, Any] = field(default_factory=lambda: Batch(most=64))


@dataclass(frozen=True, slots=True)
class PeopleMemory:
    """What one App's process remembers of how often people of other offices are looked at.

    refreshed  accounts that were to be fetched anew lately, whatever came of it
    updates    how often an actor described itself anew
    moves      how often an actor asked to be moved, with a fetch each time
    errands    how often an office sent us to itself or another one, with some fetches each time
    """

    refreshed: Recent[int, bool] = field(
        default_factory=lambda: Recent(seconds=3_600, capacity=20_000)
    )
    updates: Tally[int] = field(
        default_factory=lambda: Tally(most=20, seconds=600, capacity=20_000)
    )
    moves: Tally[int] = field(default_factory=lambda: Tally(most=5, seconds=3_600, capacity=5_000))
    errands: Tally[str] = field(
        default_factory=lambda: Tally(most=1_000, seconds=600, capacity=1_000)
    )


@dataclass(frozen=True, slots=True)
class FollowersMemory:
    """What one App's process remembers of the followers that others compare with ours.

    compared  how often somebody's digest was compared
    asked     accounts whose list of followers was to be read lately
    hosts     how many lists of one host were to be read
    """

    compared: Tally[int] = field(
        default_factory=lambda: Tally(most=20, seconds=600, capacity=20_000)
    )
    asked: Recent[int, bool] = field(default_factory=lambda: Recent(seconds=3_600, capacity=20_000))
    hosts: Tally[str] = field(
        default_factory=lambda: Tally(most=100, seconds=3_600, capacity=1_000)
    )


@dataclass(frozen=True, slots=True)
class MediaMemory:
    """What one App's process remembers of the files that it fetches from peers.

    fetching  held by whoever fetches a file, by its key, so that it is fetched once
    places    how many are fetched at once, in all and from one host
    decoding  how many pictures are made at once, uploads included
    converting  held by whoever makes a film anew while an app waits for it
    files     keys of files that could not be had: not each look asks again
    hosts     hosts that do not answer: not each of their files waits for that again
    read      files whose reading was noted, and on which day
    """

    fetching: Locks[str] = field(default_factory=Locks)
    places: Places[str] = field(default_factory=lambda: Places(total=32, each=4))
    decoding: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(max(2, os.cpu_count() or 2))
    )
    converting: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    files: Pauses[str] = field(
        default_factory=lambda: Pauses(waits=(60, 300, 1_800, 21_600), capacity=10_000)
    )
    hosts: Pauses[str] = field(
        default_factory=lambda: Pauses(waits=(0, 0, 30, 60, 300), capacity=1_000)
    )
    read: Recent[int, date] = field(default_factory=lambda: Recent(seconds=86_400, capacity=50_000))


@dataclass(frozen=True, slots=True)
class Sought:
    """A filter ready to be looked for; `needles` are its keywords, folded, in their order."""

    filter: Filter
    needles: tuple[str, ...]


@dataclass(slots=True)
class FilterMemory:
    """What one App's process remembers of members' filters; none at all is remembered, too.

    Made stale by `filters.changed` of the stream log. What was read before such an event is not
    put in after it, which `turn` tells.
    """

    kept: Recent[int, tuple[Sought, ...]] = field(
        default_factory=lambda: Recent(seconds=600, capacity=20_000)
    )
    turn: int = 0

    def put(self, account_id: int, kept: tuple[Sought, ...], turn: int) -> None:
        """Remember what was read since `turn`, unless somebody's filters changed meanwhile."""
        if turn == self.turn:
            self.kept.put(account_id, kept)

    def forget(self, account_id: int) -> None:
        """Drop a member's filters, which have changed."""
        self.turn += 1
        self.kept.forget(account_id)


class BarredNetworks:
    """From where nobody may come, as the database had it just now; None before the first look."""

    def __init__(
        self, *, seconds: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._until = 0.0
        self.networks: tuple[IPv4Network | IPv6Network, ...] | None = None

    def claim(self) -> bool:
        """Tell whether it is time to look again; others go on with what is known meanwhile."""
        now = self._clock()
        if self.networks is not None and now < self._until:
            return False
        self._until = now + self._seconds
        return True


@dataclass(frozen=True, slots=True)
class RememberedCaller:
    """Who stood behind a token on a day. Its standing is asked about again in each call."""

    caller: Caller
    day: date


class Renderings(Generic[K, V]):
    """A map bounded by the bytes of its values, from which the least recently used go first.

    Its keys name the version of what was rendered, so nothing in it is ever stale.
    """

    def __init__(self, *, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self.bytes = 0

    def get(self, key: K) -> V | None:
        """Return what was kept under the key."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: K, value: V, size: int) -> None:
        """Keep a value of so many bytes, unless it alone has no room."""
        size += _ENTRY_BYTES
        if size > self._most_bytes:
            return
        before = self._entries.pop(key, None)
        self.bytes += size - (before[1] if before else 0)
        self._entries[key] = (value, size)
        while self.bytes > self._most_bytes:
            self.bytes -= self._entries.popitem(last=False)[1][1]


# What the key and the entry itself take, roughly.
_ENTRY_BYTES = 600
