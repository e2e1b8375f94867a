"""Batches, recent values and locks per key."""

import asyncio
from collections.abc import Sequence

import pytest

from fedimmp.memory import Batch, Locks, Pauses, Places, Recent, Tally


async def test_lonely_caller_does_not_wait_and_a_crowd_shares() -> None:
    batches: list[list[int]] = []
    go = asyncio.Event()

    async def work(items: Sequence[int]) -> list[int]:
        batches.append(list(items))
        await go.wait()
        return [item * 2 for item in items]

    batch: Batch[int, int] = Batch(most=3)
    first = asyncio.create_task(batch.submit(1, work))
    while not batches:
        await asyncio.sleep(0)
    others = [asyncio.create_task(batch.submit(number, work)) for number in range(2, 7)]
    await asyncio.sleep(0)
    go.set()

    assert await asyncio.gather(first, *others) == [2, 4, 6, 8, 10, 12]
    assert batches == [[1], [2, 3, 4], [5, 6]]


async def test_failing_item_fails_alone() -> None:
    async def work(items: Sequence[int]) -> list[int]:
        if 2 in items:
            raise ValueError("two")
        return list(items)

    batch: Batch[int, int] = Batch(most=10)
    results = await asyncio.gather(
        *(batch.submit(number, work) for number in (1, 2, 3)), return_exceptions=True
    )

    assert results[0] == 1 and results[2] == 3
    assert isinstance(results[1], ValueError)


async def test_caller_who_leaves_does_not_stop_the_batch() -> None:
    go = asyncio.Event()
    done: list[int] = []

    async def work(items: Sequence[int]) -> list[int]:
        await go.wait()
        done.extend(items)
        return list(items)

    batch: Batch[int, int] = Batch(most=10)
    gone, stays = (asyncio.create_task(batch.submit(number, work)) for number in (1, 2))
    await asyncio.sleep(0)
    gone.cancel()
    go.set()

    assert await stays == 2
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert done == [1, 2]


def test_recent_values_vanish_by_age_and_by_number() -> None:
    recent: Recent[str, int] = Recent(seconds=60, capacity=2)
    recent.put("old", 1, seconds=-1)
    assert recent.get("old") is None
    recent.put("a", 1)
    recent.put("b", 2)
    assert recent.get("a") == 1
    recent.put("c", 3)

    assert (recent.get("a"), recent.get("b"), recent.get("c")) == (1, None, 3)
    recent.forget("a")
    assert recent.get("a") is None


def test_tally_counts_within_a_window_and_takes_back() -> None:
    tally: Tally[str] = Tally(most=2, seconds=60, capacity=2)
    assert [tally.spend("a") for _ in range(3)] == [True, True, False]
    tally.refund("a")
    assert [tally.spend("a") for _ in range(2)] == [True, False]
    tally.refund("nobody")
    # The oldest is forgotten when there are too many.
    assert tally.spend("b") and tally.spend("c")
    assert tally.spend("a")
    over: Tally[str] = Tally(most=1, seconds=-1, capacity=2)
    assert over.spend("a") and over.spend("a")


async def test_locks_are_per_key_and_leave_nothing_behind() -> None:
    locks: Locks[str] = Locks()
    await locks.acquire("a")
    await locks.acquire("b")
    waiting = asyncio.create_task(locks.acquire("a"))
    await asyncio.sleep(0)
    assert not waiting.done()

    locks.release("a")
    await waiting
    locks.release("a")
    locks.release("b")

    assert locks._locks == {}


async def test_places_are_bounded_for_each_key_and_in_all() -> None:
    places: Places[str] = Places(total=3, each=2)
    inside: list[str] = []
    leave = asyncio.Event()

    async def enter(key: str) -> None:
        async with places.taken(key):
            inside.append(key)
            await leave.wait()

    async with asyncio.TaskGroup() as group:
        for key in "aaaaabb":
            group.create_task(enter(key))
        for _ in range(20):
            await asyncio.sleep(0)
        # The third of a waits for its own kind, and takes no place from b.
        assert inside == ["a", "a", "b"]
        leave.set()
    assert sorted(inside) == list("aaaaabb")


async def test_who_gives_up_waiting_takes_no_place() -> None:
    places: Places[str] = Places(total=1, each=1)
    async with places.taken("a"):
        for key in "ab":
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0), places.taken(key):
                    raise AssertionError
    async with places.taken("b"):
        pass


def test_pauses_grow_with_each_failure_and_end_with_success() -> None:
    now = 0.0
    pauses: Pauses[str] = Pauses(waits=(0, 10, 60), capacity=2, clock=lambda: now)
    assert not pauses.holds("a")
    for wait in (0, 10, 60, 60):
        pauses.failed("a")
        assert pauses.holds("a") == (wait > 0)
        now += wait
        assert not pauses.holds("a")
    pauses.worked("a")
    pauses.failed("a")
    assert not pauses.holds("a")


def test_pauses_are_bounded() -> None:
    pauses: Pauses[int] = Pauses(waits=(10,), capacity=2, clock=lambda: 0.0)
    for key in range(3):
        pauses.failed(key)
    assert [pauses.holds(key) for key in range(3)] == [False, True, True]
