"""What did not get through: tried again, forgotten, given up, and kept within bounds."""

from datetime import datetime, timedelta

from storage import backlog, deliveries, inbox_hosts
from storage.backlog import Filter, State
from storage.database import Transaction
from storage.deliveries import Lane, Outcome
from storage.inbox_hosts import Failure, Tempo
from tests.storage.offices import add_member, allow, post

TEMPO = Tempo()
DAY = timedelta(days=1)


async def queue(tx: Transaction, now: datetime, *names: str, host: str = "porto.example") -> None:
    """Let one author post to one office."""
    ana = await add_member(tx, f"ana-{host}", now)
    await allow(tx, host, now)
    for name in names:
        await post(tx, ana, now, name=f"{host}/{name}")
    # What others post later is not for this office.
    await allow(tx, host, now, public_feed=False)


async def lane_to(tx: Transaction, host: str, now: datetime) -> Lane:
    lanes = await deliveries.lease(tx, 100, TEMPO, now)
    return next(lane for lane in lanes if lane.host == host)


async def bury(tx: Transaction, count: int, now: datetime, host: str = "porto.example") -> None:
    """Let an office refuse the first deliveries for good."""
    lane = await lane_to(tx, host, now)
    dead = [(each.id, "HTTP 410") for each in lane.deliveries[:count]]
    await deliveries.settle(tx, [(lane, Outcome(dead=dead))], TEMPO, now)


async def names(tx: Transaction, *states: State, host: str | None = None) -> list[str]:
    wanted = Filter(states=states or backlog.STATES, host=host)
    found = await backlog.list_undelivered(tx, wanted, limit=100)
    return [each.uri.rpartition("/")[2] for each in reversed(found)]


async def test_what_is_tried_again_comes_in_its_old_place(tx: Transaction, now: datetime) -> None:
    await queue(tx, now, "first", "second")
    await bury(tx, 1, now)
    late = now + 13 * DAY

    assert await backlog.retry(tx, Filter(states=["dead"]), late) == 1

    lane = await lane_to(tx, "porto.example", late)
    assert [each.uri.rpartition("/")[2] for each in lane.deliveries] == ["first", "second"]
    # It has its two weeks from now on.
    assert await backlog.give_up(tx, now + DAY, late) == 1
    assert await names(tx, "waiting") == ["first"]


async def test_trying_again_does_not_wait_for_the_next_probe(
    tx: Transaction, now: datetime
) -> None:
    await queue(tx, now, "first")
    lane = await lane_to(tx, "porto.example", now)
    pause = Failure(lane.deliveries[0].id, "HTTP 429", pause_until=now + timedelta(hours=1))
    await deliveries.settle(tx, [(lane, Outcome(failure=pause))], TEMPO, now)
    assert await deliveries.lease(tx, 1, TEMPO, now + timedelta(minutes=5)) == []

    assert await backlog.retry(tx, Filter(host="porto.example"), now) == 1

    assert len(await deliveries.lease(tx, 1, TEMPO, now)) == 1


async def test_what_is_dropped_holds_up_nobody(tx: Transaction, now: datetime) -> None:
    await queue(tx, now, "first", "second")
    await queue(tx, now, "other", host="osaka.example")
    (unwanted,) = await backlog.list_undelivered(
        tx, Filter(host="osaka.example", states=["waiting"]), limit=9
    )

    assert await backlog.drop(tx, Filter(ids=[unwanted.id])) == 1
    assert await backlog.drop(tx, Filter(ids=[unwanted.id])) == 0
    assert await backlog.drop(tx, Filter(host="porto.example", states=["dead"])) == 0

    empty = await lane_to(tx, "osaka.example", now)
    assert empty.deliveries == ()
    assert await deliveries.settle(tx, [(empty, Outcome())], TEMPO, now) == ["kept"]
    assert await names(tx) == ["first", "second"]


async def test_a_removed_office_leaves_no_rows(tx: Transaction, now: datetime) -> None:
    await queue(tx, now, "first", "second")
    await bury(tx, 1, now)
    held = await lane_to(tx, "porto.example", now)

    assert await backlog.drop_hosts(tx, ["porto.example"]) == 1

    assert await tx.fetchval("SELECT count(*) FROM deliveries") == 0
    assert await tx.fetchval("SELECT count(*) FROM lanes") == 0
    assert await deliveries.settle(tx, [(held, Outcome())], TEMPO, now) == ["lost"]


async def test_of_too_many_for_one_office_the_oldest_are_given_up(
    tx: Transaction, now: datetime
) -> None:
    await queue(tx, now, *(str(number) for number in range(6)))
    await queue(tx, now, "other", host="osaka.example")
    await tx.execute("UPDATE outbox SET type = 'Delete' WHERE uri LIKE '%porto.example/0'")

    assert await backlog.trim_waiting(tx, 3, now) == 2
    assert await backlog.trim_waiting(tx, 3, now) == 0

    # Somebody took back what 0 was about.
    assert await names(tx, "waiting", host="porto.example") == ["0", "3", "4", "5"]
    assert await names(tx, "dead") == ["1", "2"]
    assert await names(tx, "waiting", host="osaka.example") == ["other"]


async def test_of_too_many_dead_ones_the_oldest_go(tx: Transaction, now: datetime) -> None:
    await queue(tx, now, "first", "second", "third", "waits")
    for number in range(3):
        await bury(tx, 1, now + number * DAY)

    assert await backlog.trim_ended(tx, 2) == 1

    assert await names(tx) == ["second", "third", "waits"]


async def test_what_is_dead_is_kept_from_the_day_of_its_death(
    tx: Transaction, now: datetime
) -> None:
    await queue(tx, now, "first", "waits")
    await bury(tx, 1, now + 10 * DAY)

    assert await backlog.prune(tx, now + 9 * DAY) == 0
    assert await backlog.prune(tx, now + 11 * DAY) == 1
    assert await names(tx) == ["waits"]


async def test_many_lanes_are_settled_with_few_statements(tx: Transaction, now: datetime) -> None:
    for host in ("porto", "osaka", "lima", "oslo"):
        await queue(tx, now, "first", "second", host=f"{host}.example")
    lanes = {lane.host: lane for lane in await deliveries.lease(tx, 100, TEMPO, now)}
    first = {host: lane.deliveries[0].id for host, lane in lanes.items()}
    results = [
        (lanes["porto.example"], Outcome(delivered=[first["porto.example"]])),
        (lanes["osaka.example"], Outcome(dead=[(first["osaka.example"], "HTTP 410")])),
        (lanes["lima.example"], Outcome(failure=Failure(first["lima.example"], "off"))),
        (
            lanes["oslo.example"],
            Outcome(failure=Failure(first["oslo.example"], "no", refused=True)),
        ),
    ]
    before = tx.queries

    assert await deliveries.settle(tx, results, TEMPO, now) == ["kept"] * 4

    assert tx.queries - before <= 8
    assert await names(tx, "waiting", host="porto.example") == ["second"]
    assert await names(tx, "dead") == ["first"]
    states = {each.host: each for each in await inbox_hosts.list_hosts(tx)}
    assert [states[f"{host}.example"].failures for host in ("porto", "osaka", "lima", "oslo")] == [
        0,
        0,
        1,
        1,
    ]
    assert [host for host, state in states.items() if state.refused] == ["oslo.example"]
    again = await deliveries.lease(tx, 100, TEMPO, now)
    assert sorted(lane.host for lane in again) == ["osaka.example", "porto.example"]


async def test_slow_offices_have_one_lane_each_and_places_of_their_own(
    tx: Transaction, now: datetime
) -> None:
    slow = [f"slow{number}.example" for number in range(3)]
    for host in (*slow, "porto.example"):
        await allow(tx, host, now)
    for number in range(4):
        await post(tx, await add_member(tx, f"m{number}", now), now)

    lanes = await deliveries.lease(tx, 3, TEMPO, now, slow=slow, slow_limit=2)

    hosts = [lane.host for lane in lanes]
    assert hosts.count("porto.example") == 3
    assert len(hosts) == 5
    assert len({host for host in hosts if host in slow}) == 2
    lanes = await deliveries.lease(tx, 0, TEMPO, now, slow=slow, slow_limit=9)
    assert [lane.host for lane in lanes] == [host for host in slow if host not in hosts]
