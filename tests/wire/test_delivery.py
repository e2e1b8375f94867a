"""Deliveries to inboxes that misbehave: nothing is lost, order holds, nobody waits for others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import pytest
from aiohttp import web

from activitypub.signatures.keys import SigningKey
from fedimmp.config import Delivery
from fedimmp.services import peering
from fedimmp.workers import deliveries
from fedimmp.workers.run import run
from storage.errors import Unavailable
from tests.conftest import CloneDatabase
from tests.live import until
from tests.wire.offices import Office, open_office, settled
from tests.wire.sinks import Clock, Sink, open_sink

DELIVERY = Delivery(lease_seconds=30.0)


@pytest.fixture(scope="module")
def clock() -> Clock:
    """Return the clock of the sending office."""
    return Clock()


@pytest.fixture(scope="module")
async def sender(
    clock: Clock, tmp_path_factory: pytest.TempPathFactory, clone_database: CloneDatabase
) -> AsyncIterator[Office]:
    """Run the office that sends, on a clock of its own."""
    folder = tmp_path_factory.mktemp("sender", numbered=False)
    url = await clone_database()
    async with open_office(folder, url, delivery=DELIVERY, clock=clock) as office:
        yield office


@pytest.fixture
async def sink(sender: Office) -> AsyncIterator[Sink]:
    """Run an inbox that the sender trusts."""
    async with open_sink(sender) as one:
        yield one


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


async def say(office: Office, name: str, *texts: str) -> None:
    author = await office.member(name)
    for text in texts:
        await office.post(author, text)


def paragraphs(*texts: str) -> list[str]:
    return [f"<p>{text}</p>" for text in texts]


async def test_what_somebody_says_arrives_in_its_order(sender: Office, sink: Sink) -> None:
    words = [f"word {number}" for number in range(45)]
    await say(sender, "ana", *words)

    await settled(sender)

    assert sink.texts() == paragraphs(*words)


@pytest.mark.parametrize("status", [500, 502, 408, 429, 401, 403, 307])
async def test_a_failure_is_tried_again_after_a_pause(
    sender: Office, sink: Sink, clock: Clock, status: int
) -> None:
    sink.answers(status, Location="http://localhost:9/elsewhere")
    await say(sender, "ana", "first", "second")
    await settled(sender)
    # Another signature scheme may be what it wants.
    assert sink.requests == (2 if status == 401 else 1)

    sink.recovers()
    await settled(sender)
    assert sink.texts() == []
    state = await sink.state_at(sender)
    assert (state.failures, state.waiting, state.dead) == (1, 2, 0)
    assert state.refused == (status in (401, 403))
    assert state.last_error is not None
    assert str(status) in state.last_error

    clock.pass_by(seconds=13)
    await settled(sender)
    assert sink.texts() == paragraphs("first", "second")
    state = await sink.state_at(sender)
    assert (state.failures, state.waiting, state.refused) == (0, 0, False)


@pytest.mark.parametrize("status", [400, 404, 410, 413, 422, 501])
async def test_what_is_refused_for_good_is_dead_and_visible(
    sender: Office, sink: Sink, status: int
) -> None:
    sink.answers(status)
    await say(sender, "ana", "unwanted")
    await settled(sender)
    sink.recovers()
    await say(sender, "bob", "wanted")
    await settled(sender)

    assert sink.texts() == paragraphs("wanted")
    assert (await sink.state_at(sender)).dead == 1


async def test_a_reset_connection_is_tried_again_at_once_and_then_later(
    sender: Office, sink: Sink, clock: Clock
) -> None:
    sink.resets()
    await say(sender, "ana", "hello")
    await settled(sender)
    assert sink.requests == 2

    sink.recovers()
    clock.pass_by(seconds=13)
    await settled(sender)
    assert sink.texts() == paragraphs("hello")


@pytest.mark.parametrize("abruptly", [False, True])
async def test_a_peer_that_closes_every_connection_gets_all_in_order(
    sender: Office, sink: Sink, abruptly: bool
) -> None:
    async def behave(request: web.Request) -> web.StreamResponse:
        sink.received.append(orjson.loads(await request.read()))
        answer = web.Response(status=202)
        if abruptly:
            await answer.prepare(request)
            await answer.write_eof()
            assert request.transport is not None
            request.transport.abort()
        else:
            answer.force_close()
        return answer

    sink.behave = behave
    words = [f"word {number}" for number in range(10)]
    await say(sender, "ana", *words)
    await settled(sender)

    arrived = list(dict.fromkeys(sink.texts()))
    assert arrived == paragraphs(*words)
    assert (await sink.state_at(sender)).failures == 0


async def test_retry_after_is_obeyed_up_to_an_hour(
    sender: Office, sink: Sink, clock: Clock
) -> None:
    sink.answers(429, Retry_After="86400")
    await say(sender, "ana", "hello")
    await settled(sender)
    sink.recovers()

    clock.pass_by(minutes=59)
    await settled(sender)
    assert sink.texts() == []
    clock.pass_by(minutes=1)
    await settled(sender)
    assert sink.texts() == paragraphs("hello")


async def test_an_office_that_was_down_catches_up_in_order(
    sender: Office, sink: Sink, clock: Clock
) -> None:
    sink.resets()
    for number in range(6):
        await say(sender, f"m{number}", f"from {number}", f"more from {number}")
    for _ in range(4):
        await settled(sender)
        clock.pass_by(minutes=1)
    assert (await sink.state_at(sender)).failures >= 5

    sink.recovers()
    clock.pass_by(minutes=20)
    await settled(sender)

    texts = sink.texts()
    assert len(texts) == 12
    for number in range(6):
        assert texts.index(f"<p>from {number}</p>") < texts.index(f"<p>more from {number}</p>")


async def test_slow_and_dead_inboxes_delay_nobody_else(sender: Office, sink: Sink) -> None:
    async with open_sink(sender) as slow, open_sink(sender) as dead, working(sender):
        slow.hangs()
        dead.resets()
        await say(sender, "ana", "one", "two")

        await until(lambda: _has(sink, 2), seconds=8.0)
        assert sink.texts() == paragraphs("one", "two")
        assert slow.requests == 1
        assert dead.requests >= 1
        # The workers finish what they began before they stop.
        slow.released.set()


async def test_what_a_killed_worker_had_leased_is_sent_by_the_next(
    sender: Office, sink: Sink, clock: Clock
) -> None:
    await say(sender, "ana", "survivor")
    leased = await deliveries.Sender(sender.app).lease(64)
    assert [lane.host for lane in leased] == [sink.host]

    await settled(sender)
    assert sink.texts() == []
    clock.pass_by(seconds=31)
    await settled(sender)
    assert sink.texts() == paragraphs("survivor")


async def test_nothing_is_sent_to_a_peer_from_its_removal_until_it_is_back(
    sender: Office, sink: Sink
) -> None:
    ana = await sender.member("ana")
    await sender.post(ana, "queued")
    await peering.remove_peer(sender.app, sink.host, actor="test")
    await sender.post(ana, "unheard")
    await settled(sender)
    assert sink.requests == 0

    await sender.trust_host(sink.host)
    await sender.post(ana, "welcome back")
    await settled(sender)
    assert sink.texts() == paragraphs("welcome back")


async def test_adding_a_failing_peer_anew_tries_it_at_once(sender: Office, sink: Sink) -> None:
    sink.answers(403)
    await say(sender, "ana", "hello")
    await settled(sender)
    assert (await sink.state_at(sender)).refused

    sink.recovers()
    await sender.trust_host(sink.host)
    await settled(sender)
    assert sink.texts() == paragraphs("hello")


async def test_a_bug_in_one_delivery_stops_neither_the_worker_nor_the_lane(
    sender: Office, sink: Sink, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def explode(_client: object, _url: str, _body: bytes, _key: SigningKey) -> None:
        raise ZeroDivisionError

    await say(sender, "ana", "hello")
    with monkeypatch.context() as patched:
        patched.setattr("activitypub.client.Client.deliver", explode)
        await settled(sender)
    assert (await sink.state_at(sender)).waiting == 1

    clock.pass_by(seconds=13)
    await settled(sender)
    assert sink.texts() == paragraphs("hello")


async def test_workers_recover_when_the_database_drops_all_connections(
    sender: Office, sink: Sink
) -> None:
    async with working(sender):
        await say(sender, "ana", "before")
        await until(lambda: _has(sink, 1), seconds=5.0)
        try:
            async with sender.app.db.reader() as conn:
                await conn.fetch(
                    """
                    SELECT pg_terminate_backend(pid)
                      FROM pg_stat_activity
                     WHERE datname = current_database()
                    """
                )
        except Unavailable:
            pass
        await say(sender, "bob", "after")
        await until(lambda: _has(sink, 2), seconds=10.0)

    assert sink.texts() == paragraphs("before", "after")


async def _has(sink: Sink, count: int) -> bool:
    return len(sink.received) == count


async def test_workers_hear_of_a_post_at_once_and_stop_when_told(
    sender: Office, sink: Sink
) -> None:
    loop = asyncio.get_running_loop()
    async with working(sender):
        ana = await sender.member("ana")
        started = loop.time()
        await sender.post(ana, "quick")
        await until(lambda: _has(sink, 1), seconds=2.0)
        assert loop.time() - started < 2.0
        stopped = loop.time()
    assert loop.time() - stopped < 2.0
