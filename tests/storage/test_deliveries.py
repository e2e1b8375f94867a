"""Delivery lanes: order within one, fairness between them, and what follows from each outcome."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from storage import backlog, deliveries, inbox_hosts, trust
from storage.database import Database, Transaction
from storage.deliveries import Lane, Outcome
from storage.inbox_hosts import Failure, HostState, Tempo
from storage.trust_entries import Terms
from tests.storage.offices import add_member, allow, post

TEMPO = Tempo()
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


def names(lane: Lane) -> list[str]:
    return [delivery.uri.rpartition("/")[2] for delivery in lane.deliveries]


def broken(lane: Lane, error: str = "down", *, server_error: bool = False) -> Outcome:
    return Outcome(failure=Failure(lane.deliveries[0].id, error, server_error=server_error))


def taken(lane: Lane) -> Outcome:
    return Outcome(delivered=[delivery.id for delivery in lane.deliveries])


async def settle(
    tx: Transaction, lane: Lane, outcome: Outcome, tempo: Tempo, now: datetime
) -> bool:
    return await deliveries.settle(tx, [(lane, outcome)], tempo, now) == ["kept"]


async def renew(tx: Transaction, lane: Lane, tempo: Tempo, now: datetime) -> bool:
    return await deliveries.renew(tx, [lane], tempo, now) == {lane.id}


async def state_of(tx: Transaction, host: str) -> HostState:
    return next(state for state in await inbox_hosts.list_hosts(tx) if state.host == host)


async def fail_once(tx: Transaction, now: datetime, *, server_error: bool = False) -> datetime:
    """Let the next due lane fail; returns the moment of that."""
    for _ in range(2000):
        lanes = await deliveries.lease(tx, 1, TEMPO, now)
        if lanes:
            outcome = broken(lanes[0], server_error=server_error)
            assert await settle(tx, lanes[0], outcome, TEMPO, now)
            return now
        now += timedelta(seconds=5)
    raise AssertionError("no lane became due")


async def settle_all(tx: Transaction, lanes: Sequence[Lane], now: datetime) -> None:
    for lane in lanes:
        assert await settle(tx, lane, taken(lane), TEMPO, now)


async def test_a_lane_gives_its_deliveries_in_order_and_in_batches(
    tx: Transaction, now: datetime
) -> None:
    ana = await add_member(tx, "ana", now)
    await allow(tx, "porto.example", now)
    for number in range(25):
        await post(tx, ana, now, name=str(number))

    (lane,) = await deliveries.lease(tx, 10, TEMPO, now)
    assert names(lane) == [str(number) for number in range(20)]
    assert await deliveries.lease(tx, 10, TEMPO, now) == []
    await settle_all(tx, [lane], now)

    (lane,) = await deliveries.lease(tx, 10, TEMPO, now)
    assert names(lane) == ["20", "21", "22", "23", "24"]
    await settle_all(tx, [lane], now)
    assert await deliveries.lease(tx, 10, TEMPO, now + HOUR) == []


async def test_a_lane_that_ran_empty_is_due_again_with_the_next_post(
    tx: Transaction, now: datetime
) -> None:
    ana = await add_member(tx, "ana", now)
    await allow(tx, "porto.example", now)
    await post(tx, ana, now)
    await settle_all(tx, await deliveries.lease(tx, 10, TEMPO, now), now)

    await post(tx, ana, now + SECOND, name="next")

    (lane,) = await deliveries.lease(tx, 10, TEMPO, now + SECOND)
    assert names(lane) == ["next"]


async def test_hosts_share_what_may_be_in_flight(tx: Transaction, now: datetime) -> None:
    await allow(tx, "porto.example", now)
    await allow(tx, "osaka.example", now)
    for number in range(6):
        await post(tx, await add_member(tx, f"m{number}", now), now)

    lanes = await deliveries.lease(tx, 4, TEMPO, now)
    assert sorted(lane.host for lane in lanes) == ["osaka.example"] * 2 + ["porto.example"] * 2

    lanes += await deliveries.lease(tx, 100, TEMPO, now)
    assert sorted(lane.host for lane in lanes) == ["osaka.example"] * 4 + ["porto.example"] * 4
    assert await deliveries.lease(tx, 100, TEMPO, now) == []


async def test_two_workers_never_lease_the_same_lane(db: Database, now: datetime) -> None:
    async with db.writer() as tx:
        await allow(tx, "porto.example", now)
        for number in range(3):
            await post(tx, await add_member(tx, f"m{number}", now), now)

    async def work() -> list[int]:
        async with db.writer() as tx:
            return [lane.id for lane in await deliveries.lease(tx, 2, TEMPO, now)]

    leased = [lane for lanes in await asyncio.gather(*(work() for _ in range(8))) for lane in lanes]
    leased += [lane for _ in range(3) for lane in await work()]
    assert len(leased) == len(set(leased)) == 3


async def test_the_lease_of_a_dead_worker_runs_out(tx: Transaction, now: datetime) -> None:
    ana = await add_member(tx, "ana", now)
    await allow(tx, "porto.example", now)
    await post(tx, ana, now, name="survivor")
    (lost,) = await deliveries.lease(tx, 10, TEMPO, now)

    assert await renew(tx, lost, TEMPO, now + 30 * SECOND)
    assert await deliveries.lease(tx, 10, TEMPO, now + 61 * SECOND) == []
    (lane,) = await deliveries.lease(tx, 10, TEMPO, now + 91 * SECOND)
    assert names(lane) == ["survivor"]

    # Who comes back too late changes nothing.
    assert not await renew(tx, lost, TEMPO, now + 92 * SECOND)
    assert not await settle(tx, lost, taken(lost), TEMPO, now + 92 * SECOND)
    assert (await state_of(tx, "porto.example")).waiting == 1


async def test_a_failing_lane_backs_off_and_keeps_its_order(tx: Transaction, now: datetime) -> None:
    ana = await add_member(tx, "ana", now)
    bob = await add_member(tx, "bob", now)
    await allow(tx, "porto.example", now)
    await post(tx, ana, now, name="first")
    (lane,) = await deliveries.lease(tx, 10, TEMPO, now)
    await settle(tx, lane, broken(lane, "connection refused"), TEMPO, now)
    await post(tx, ana, now, name="second")
    await post(tx, bob, now, name="other")

    (other,) = await deliveries.lease(tx, 10, TEMPO, now + SECOND)
    assert names(other) == ["other"]
    (lane,) = await deliveries.lease(tx, 10, TEMPO, now + 12 * SECOND)
    assert names(lane) == ["first", "second"]
    state = await state_of(tx, "porto.example")
    assert (state.failures, state.last_error, state.waiting) == (1, "connection refused", 3)


async def test_the_breaker_opens_and_lets_one_probe_through(tx: Transaction, now: datetime) -> None:
    tempo = Tempo(backoff=(3600,))
    await allow(tx, "porto.example", now)
    for number in range(5):
        await post(tx, await add_member(tx, f"m{number}", now), now)
    for _ in range(5):
        (lane, *_rest) = await deliveries.lease(tx, 1, tempo, now)
        await settle(tx, lane, broken(lane), tempo, now)

    assert await deliveries.lease(tx, 100, tempo, now + 30 * SECOND) == []
    later = now + 80 * SECOND
    (probe,) = await deliveries.lease(tx, 100, tempo, later)
    assert len(probe.deliveries) == 1
    assert await deliveries.lease(tx, 100, tempo, later) == []

    assert await settle(tx, probe, taken(probe), tempo, later)
    state = await state_of(tx, "porto.example")
    assert (state.failures, state.opened_until) == (0, None)
    # Those that had failed before are due at once, and not at the end of their pause.
    assert len(await deliveries.lease(tx, 100, tempo, later)) == 4


async def test_failures_under_way_do_not_lengthen_the_pause(tx: Transaction, now: datetime) -> None:
    await allow(tx, "porto.example", now)
    for number in range(8):
        await post(tx, await add_member(tx, f"m{number}", now), now)
    for _ in range(2):
        lanes = await deliveries.lease(tx, 100, TEMPO, now)
        assert len(lanes) == 4
        for lane in lanes:
            await settle(tx, lane, broken(lane), TEMPO, now)

    assert (await state_of(tx, "porto.example")).failures == 5
    assert len(await deliveries.lease(tx, 100, TEMPO, now + 73 * SECOND)) == 1


async def test_hearing_of_a_failing_host_makes_its_probe_due(
    tx: Transaction, now: datetime
) -> None:
    ana = await add_member(tx, "ana", now)
    await allow(tx, "porto.example", now)
    await post(tx, ana, now)
    for _ in range(6):
        now = await fail_once(tx, now)
    assert await deliveries.lease(tx, 1, TEMPO, now + 20 * SECOND) == []

    await inbox_hosts.wake_hosts(tx, ["porto.example"], now + 5 * SECOND)
    assert await deliveries.lease(tx, 1, TEMPO, now + 5 * SECOND) == []
    await inbox_hosts.wake_hosts(tx, ["porto.example"], now + 20 * SECOND)
    (probe,) = await deliveries.lease(tx, 1, TEMPO, now + 20 * SECOND)

    # It may talk and not listen: the breaker closes only after a success.
    await settle(tx, probe, broken(probe), TEMPO, now + 20 * SECOND)
    assert (await state_of(tx, "porto.example")).failures == 7


async def test_an_activity_that_only_ever_breaks_its_host_is_set_aside(
    tx: Transaction, now: datetime
) -> None:
    ana = await add_member(tx, "ana", now)
    bob = await add_member(tx, "bob", now)
    await allow(tx, "porto.example", now)
    await post(tx, ana, now, name="poison")
    await post(tx, ana, now, name="harmless")
    now = await fail_once(tx, now, server_error=True)
    now = await fail_once(tx, now, server_error=True)
    await post(tx, bob, now, name="bob")
    (lane,) = await deliveries.lease(tx, 1, TEMPO, now)
    assert names(lane) == ["bob"]
    await settle_all(tx, [lane], now)

    now = await fail_once(tx, now, server_error=True)

    (lane,) = await deliveries.lease(tx, 1, TEMPO, now)
    assert names(lane) == ["harmless"]
    state = await state_of(tx, "porto.example")
    assert (state.set_aside, state.waiting) == (1, 1)


async def test_nothing_is_set_aside_while_the_host_takes_nothing_at_all(
    tx: Transaction, now: datetime
) -> None:
    ana = await add_member(tx, "ana", now)
    await allow(tx, "porto.example", now)
    await post(tx, ana, now, name="before")
    await settle_all(tx, await deliveries.lease(tx, 1, TEMPO, now), now)
    await post(tx, ana, now, name="patient")
    for _ in range(8):
        now = await fail_once(tx, now + SECOND, server_error=True)

    state = await state_of(tx, "porto.example")
    assert (state.set_aside, state.waiting, state.failures) == (0, 1, 8)


async def test_what_is_dead_is_kept_with_its_reason_and_the_lane_goes_on(
    tx: Transaction, now: datetime
) -> None:
    ana = await add_member(tx, "ana", now)
    await allow(tx, "porto.example", now)
    await post(tx, ana, now, name="refused")
    await post(tx, ana, now, name="welcome")
    (lane,) = await deliveries.lease(tx, 1, TEMPO, now)
    first, second = lane.deliveries
    await settle(
        tx, lane, Outcome(delivered=[second.id], dead=[(first.id, "HTTP 410")]), TEMPO, now
    )

    state = await state_of(tx, "porto.example")
    assert (state.waiting, state.dead, state.failures) == (0, 1, 0)
    assert await tx.fetchval("SELECT last_error FROM deliveries") == "HTTP 410"
    assert await backlog.prune(tx, now + 90 * 24 * HOUR) == 1


async def test_retry_after_rests_the_whole_host_without_a_failure(
    tx: Transaction, now: datetime
) -> None:
    ana = await add_member(tx, "ana", now)
    bob = await add_member(tx, "bob", now)
    await allow(tx, "porto.example", now)
    await post(tx, ana, now)
    (lane,) = await deliveries.lease(tx, 1, TEMPO, now)
    pause = Failure(lane.deliveries[0].id, "HTTP 429", pause_until=now + 120 * SECOND)
    await settle(tx, lane, Outcome(failure=pause), TEMPO, now)
    await post(tx, bob, now)
    # A host that said when to come back is not woken by its own traffic.
    await inbox_hosts.wake_hosts(tx, ["porto.example"], now + 60 * SECOND)

    assert await deliveries.lease(tx, 10, TEMPO, now + 119 * SECOND) == []
    assert len(await deliveries.lease(tx, 10, TEMPO, now + 120 * SECOND)) == 2
    assert (await state_of(tx, "porto.example")).failures == 0


async def test_a_refusing_host_is_marked_until_it_takes_something(
    tx: Transaction, now: datetime
) -> None:
    ana = await add_member(tx, "ana", now)
    await allow(tx, "porto.example", now)
    await post(tx, ana, now)
    (lane,) = await deliveries.lease(tx, 1, TEMPO, now)
    refusal = Failure(lane.deliveries[0].id, "HTTP 403", refused=True)
    await settle(tx, lane, Outcome(failure=refusal), TEMPO, now)
    assert (await state_of(tx, "porto.example")).refused

    (lane,) = await deliveries.lease(tx, 1, TEMPO, now + 15 * SECOND)
    await settle_all(tx, [lane], now + 15 * SECOND)
    assert not (await state_of(tx, "porto.example")).refused


async def test_after_two_weeks_a_delivery_is_given_up(tx: Transaction, now: datetime) -> None:
    ana = await add_member(tx, "ana", now)
    await allow(tx, "porto.example", now)
    await post(tx, ana, now, name="old")
    late = now + 14 * 24 * HOUR
    await post(tx, ana, late, name="new")
    now = await fail_once(tx, late + SECOND)

    (lane,) = await deliveries.lease(tx, 1, TEMPO, now)
    assert names(lane) == ["new"]
    assert (await state_of(tx, "porto.example")).dead == 1
    assert await backlog.give_up(tx, late + HOUR, now) == 1
    assert (await state_of(tx, "porto.example")).dead == 2


async def test_nothing_goes_to_a_host_that_was_removed(tx: Transaction, now: datetime) -> None:
    ana = await add_member(tx, "ana", now)
    await allow(tx, "porto.example", now)
    await allow(tx, "osaka.example", now)
    await post(tx, ana, now)
    await trust.establish(tx, "porto.example", "removed", Terms(), by="tests", now=now)

    assert [lane.host for lane in await deliveries.lease(tx, 10, TEMPO, now)] == ["osaka.example"]
    assert await backlog.drop_hosts(tx, ["porto.example"]) == 1
    assert await tx.fetchval("SELECT count(*) FROM deliveries") == 1


async def test_a_lane_that_its_author_adds_to_is_left_for_the_next_time(
    db: Database, other_db: Database, now: datetime
) -> None:
    async with db.writer() as tx:
        ana = await add_member(tx, "ana", now)
        bob = await add_member(tx, "bob", now)
        await allow(tx, "porto.example", now)
        await post(tx, ana, now)
        await post(tx, bob, now)

    async with other_db.writer() as posting:
        await post(posting, ana, now)
        # Waiting for the author, with other lanes in hand, could be a deadlock.
        async with asyncio.timeout(2), db.writer() as tx:
            assert [lane.account_id for lane in await deliveries.lease(tx, 9, TEMPO, now)] == [bob]

    async with db.writer() as tx:
        (lane,) = await deliveries.lease(tx, 9, TEMPO, now)
    assert (lane.account_id, len(lane.deliveries)) == (ana, 2)


async def test_a_lane_that_its_author_adds_to_is_settled_a_moment_later(
    db: Database, other_db: Database, now: datetime
) -> None:
    async with db.writer() as tx:
        ana = await add_member(tx, "ana", now)
        bob = await add_member(tx, "bob", now)
        await allow(tx, "porto.example", now)
        await post(tx, ana, now, name="first")
        await post(tx, bob, now)
        lanes = {lane.account_id: lane for lane in await deliveries.lease(tx, 9, TEMPO, now)}
    results = [(lanes[ana], taken(lanes[ana])), (lanes[bob], taken(lanes[bob]))]

    async with other_db.writer() as posting:
        await post(posting, ana, now, name="second")
        async with asyncio.timeout(2), db.writer() as tx:
            assert await deliveries.settle(tx, results, TEMPO, now) == ["busy", "kept"]

    async with db.writer() as tx:
        assert await deliveries.settle(tx, results, TEMPO, now) == ["kept", "lost"]
        (lane,) = await deliveries.lease(tx, 9, TEMPO, now)
    assert names(lane) == ["second"]
