"""Offices that are dead, or answer as nobody should, delay no other and cost little."""

import asyncio
import resource
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import pytest

from fedimmp.app import App
from fedimmp.config import Delivery, Network
from fedimmp.workers.run import run
from storage.accounts import Account
from storage.ids import new_id
from tests.conftest import CloneDatabase
from tests.faults.hostile import KINDS, Hostile, hostile
from tests.live import until
from tests.wire.offices import Office, open_office
from tests.wire.sinks import Clock, Sink, open_sink, states_at

AUTHORS = 4
EACH = 250
PLACES = 16
# Five failures open the breaker; up to three more were under way; each is tried twice at once.
MOST_REQUESTS = 2 * (5 + 3)
MEGABYTE = 1024 * 1024


@asynccontextmanager
async def working(office: Office) -> AsyncIterator[None]:
    """Run the workers of an office for the length of the block."""
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(run(office.app, stopping))
        try:
            yield
        finally:
            stopping.set()


@pytest.fixture
def clock() -> Clock:
    """Return the clock of the sending office."""
    return Clock()


@pytest.fixture
def patience() -> float:
    """Return how many seconds the sending office waits for an answer at most."""
    return 2.0


@pytest.fixture
async def sender(
    clock: Clock,
    patience: float,
    tmp_path_factory: pytest.TempPathFactory,
    clone_database: CloneDatabase,
) -> AsyncIterator[Office]:
    """Run the office that sends."""
    async with open_office(
        tmp_path_factory.mktemp("sender"),
        await clone_database(),
        delivery=Delivery(in_flight=PLACES),
        network=Network(connect_seconds=1.0, total_seconds=patience),
        clock=clock,
    ) as office:
        yield office


async def pile_up(app: App, author: Account, host: str, count: int) -> None:
    """Let numbered activities of somebody wait for an office."""
    async with app.db.writer() as tx:
        await tx.execute("INSERT INTO inbox_hosts (host) VALUES ($1) ON CONFLICT DO NOTHING", host)
        await tx.execute(
            """
            WITH lane AS (
                INSERT INTO lanes (account_id, host) VALUES ($1::bigint, $2::text) RETURNING id
            ),
            sent AS (
                INSERT INTO outbox (id, account_id, uri, type, body)
                SELECT $3::bigint + number, $1::bigint, format('urn:%s:%s', $1::bigint, number),
                       'Like',
                       convert_to(
                           json_build_object('actor', $1::bigint, 'number', number)::text, 'UTF8')
                  FROM generate_series(1, $4::int) AS number
                RETURNING id
            )
            INSERT INTO deliveries (lane_id, outbox_id, inbox_url)
            SELECT lane.id, sent.id, format('http://%s/inbox', $2::text)
              FROM lane, sent
             ORDER BY sent.id
            """,
            author.id,
            host,
            new_id(datetime.now(UTC)),
            count,
        )


async def touched(app: App, host: str) -> int:
    """Return how many deliveries to a host were ever tried."""
    async with app.db.reader() as conn:
        count: int = await conn.fetchval(
            """
            SELECT count(*)
              FROM deliveries
              JOIN lanes
                ON lanes.id = deliveries.lane_id
             WHERE lanes.host = $1
               AND deliveries.attempts > 0
            """,
            host,
        )
    return count


async def test_a_dead_office_with_a_long_queue_delays_nobody_and_catches_up_in_order(
    sender: Office, clock: Clock
) -> None:
    async with open_sink(sender) as dead:
        dead.resets()
        authors = [await sender.member(f"author{number}") for number in range(AUTHORS)]
        for author in authors:
            await pile_up(sender.app, author, dead.host, EACH)
        async with open_sink(sender) as porto, open_sink(sender) as osaka, working(sender):
            words = [f"word {number}" for number in range(10)]
            ana = await sender.member("ana")
            for word in words:
                await sender.post(ana, word)
            for live in (porto, osaka):
                await until(lambda live=live: _has(live, len(words)))  # type: ignore[misc]
                assert live.texts() == [f"<p>{word}</p>" for word in words]

            # Most of its rows were never looked at.
            await until(lambda: _is_open(sender, dead))
            assert dead.requests <= MOST_REQUESTS
            assert await touched(sender.app, dead.host) <= AUTHORS + 1

            dead.recovers()
            clock.pass_by(minutes=20)
            await until(lambda: _has(dead, AUTHORS * EACH + len(words)), seconds=120)
        for author in authors:
            numbers = [each["number"] for each in dead.received if each["actor"] == author.id]
            assert numbers == list(range(1, EACH + 1))


async def _has(sink: Sink, count: int) -> bool:
    return len(sink.received) == count


async def _is_open(office: Office, sink: Sink) -> bool:
    return (await sink.state_at(office)).opened_until is not None


@pytest.mark.sec("SEC-050")
async def test_no_answer_costs_much_or_delays_others(sender: Office) -> None:
    async with AsyncExitStack() as stack:
        porto = await stack.enter_async_context(open_sink(sender))
        peers = {kind: await stack.enter_async_context(hostile(kind)) for kind in KINDS}
        for peer in peers.values():
            await sender.trust_host(peer.host)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        authors = [await sender.member(f"author{number}") for number in range(AUTHORS)]
        async with working(sender):
            for number in range(3):
                for author in authors:
                    await sender.post(author, f"word {number}")
            await until(lambda: _has(porto, 3 * AUTHORS))
            await until(lambda: _all_visited(list(peers.values())))
            await until(lambda: _is_quiet(sender))
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before

        assert grown < 100 * 1024
        for kind, peer in peers.items():
            assert peer.visits <= MOST_REQUESTS + 3 * AUTHORS, kind
            # What the buffers of the system hold, and no more than that.
            assert peer.sent <= peer.visits * 16 * MEGABYTE, kind
        states = {state.host: state for state in await states_at(sender)}
        # Who answers is heard, whatever comes behind the answer.
        assert states[peers["a yes without end"].host].last_error is None
        for kind in ("an error without end", "chunks without end", "a bomb", "broken gzip"):
            assert (states[peers[kind].host].last_error or "").startswith("HTTP 500"), kind
        assert states[peers["drips its body"].host].last_error == "HTTP 503: Status 503"


@pytest.mark.parametrize("patience", [60.0])
async def test_slow_offices_cannot_take_all_places(
    sender: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fedimmp.workers.deliveries._SLOW_SECONDS", 0.2)
    async with AsyncExitStack() as stack:
        slow = [await stack.enter_async_context(open_sink(sender)) for _ in range(2 * PLACES)]
        for each in slow:
            each.hangs()
        await sender.post(await sender.member("ana"), "to those who are slow")
        async with working(sender):
            await until(lambda: _are_taken(slow, PLACES))
            porto = await stack.enter_async_context(open_sink(sender))
            words = [f"word {number}" for number in range(3)]
            for word in words:
                await sender.post(await sender.member("bob"), word)

            # Sooner than any of the slow ones is given up on.
            await until(lambda: _has(porto, len(words)), seconds=8)
            assert all(each.requests and not each.received for each in slow)
            for each in slow:
                each.recovers()
                each.released.set()


async def _are_taken(slow: Sequence[Sink], places: int) -> bool:
    return sum(each.requests for each in slow) >= places


async def _all_visited(peers: Sequence[Hostile]) -> bool:
    return all(peer.visits for peer in peers)


async def _is_quiet(office: Office) -> bool:
    """Tell whether nothing is due or under way."""
    async with office.app.db.reader() as conn:
        return not await conn.fetchval(
            """
            SELECT EXISTS (
                SELECT 1
                  FROM lanes
                  JOIN inbox_hosts
                    ON inbox_hosts.host = lanes.host
                 WHERE lanes.lease_token IS NOT NULL
                    OR (lanes.due_at <= $1
                        AND COALESCE(inbox_hosts.opened_until, '-infinity') <= $1))
            """,
            office.app.now(),
        )
