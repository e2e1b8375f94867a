"""The inbox worker: order, neighbours, crashes, and what our own bugs may not do."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from activitypub.errors import NotTrusted
from fedimmp.app import App
from fedimmp.inbound import dispatch, processing
from fedimmp.inbound.likes import LIKE
from fedimmp.inbound.receive import receive
from fedimmp.inbound.received import Outcome, Received
from fedimmp.services import inboxes
from fedimmp.workers.settle import settle
from storage import inbox, inbox_review, removals
from storage.database import Transaction
from storage.errors import LeaseLost
from tests.federation.foreign import Foreign, Person
from tests.federation.members import count, member, parked, states, status_of


async def _deliver(app: App, person: Person, *activities: dict[str, Any]) -> None:
    for activity in activities:
        await receive(app, person.message(app, activity))


async def _due_now(app: App) -> None:
    async with app.db.writer() as tx:
        await tx.execute("UPDATE inbox_actors SET due_at = $1", app.now())


async def _fail(
    _tx: Transaction, _app: App, _received: Received, _value: object, _now: datetime
) -> Outcome:
    raise ZeroDivisionError("a bug")


@pytest.fixture
def broken_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a bug into the handling of Like."""

    monkeypatch.setitem(dispatch.HANDLERS, ("Like", dispatch.ANY), replace(LIKE, apply=_fail))


async def test_batch_is_one_transaction_for_many_authors(hq: App, porto: Foreign) -> None:
    people = [porto.person(name) for name in ("bela", "caio", "dora")]
    for person in people:
        await _deliver(hq, person, *(person.create(person.note()) for _ in range(5)))
    before = hq.db.queries

    assert await processing.run_once(hq) == 15

    used = hq.db.queries - before
    assert await states(hq) == {"done": 15}
    assert await count(hq, "statuses") == 15
    for person in people:
        await _deliver(hq, person, *(person.create(person.note()) for _ in range(15)))
    before = hq.db.queries
    assert await processing.run_once(hq) == 45
    # A batch three times as large takes as many statements.
    assert hq.db.queries - before <= used


async def test_long_queue_is_served_in_turns(hq: App, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    await _deliver(hq, bela, *(bela.create(bela.note()) for _ in range(120)))
    late = caio.note()
    await _deliver(hq, caio, caio.create(late))

    await processing.run_once(hq)

    assert await status_of(hq, late["id"]) is not None
    assert await states(hq) == {"done": 100, "waiting": 21}
    await processing.run_once(hq)
    assert await states(hq) == {"done": 121}
    assert await count(hq, "inbox_actors") == 0


@pytest.mark.usefixtures("broken_likes")
async def test_bug_stops_one_sender_for_a_while_and_no_other(hq: App, porto: Foreign) -> None:
    ana = await member(hq, "ana")
    bela, caio = porto.person("bela"), porto.person("caio")
    behind, other = bela.note(), caio.note()
    await _deliver(hq, bela, bela.activity("Like", ana.uri), bela.create(behind))
    await _deliver(hq, caio, caio.create(other))

    await processing.run_once(hq)

    assert await status_of(hq, other["id"]) is not None
    assert await status_of(hq, behind["id"]) is None
    for _ in range(processing.MOST_ATTEMPTS):
        await _due_now(hq)
        await processing.run_once(hq)
    assert await status_of(hq, behind["id"]) is not None
    assert await states(hq) == {"buried": 1, "done": 2}


async def test_what_a_bug_buried_is_processed_once_it_is_mended(
    hq: App, porto: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await member(hq, "ana")
    bela = porto.person("bela")
    note = bela.note()
    undone = bela.activity("Follow", ana.uri)
    with monkeypatch.context() as broken:
        for kind in (("Follow", dispatch.ANY), ("Create", "Note")):
            handler = dispatch.HANDLERS[kind]
            broken.setitem(dispatch.HANDLERS, kind, replace(handler, apply=_fail, apply_many=None))
        await _deliver(hq, bela, undone, bela.create(note))
        for _ in range(2 * processing.MOST_ATTEMPTS):
            await processing.run_once(hq)
            await _due_now(hq)
    assert await states(hq) == {"buried": 2}
    async with hq.db.reader() as conn:
        buried = await inbox_review.list_receipts(conn)
    assert {each.reason for each in buried} == {"ZeroDivisionError: a bug"}

    # Taken back while nobody could process it: the retry comes first, as it was sent first.
    await _deliver(hq, bela, bela.activity("Undo", undone))
    await inboxes.retry(hq, [each.id for each in buried], actor="tests")
    await settle(hq)

    assert await states(hq) == {"done": 3}
    assert await status_of(hq, note["id"]) is not None
    assert await count(hq, "follows") == 0


@pytest.mark.usefixtures("broken_likes")
async def test_what_arrives_meanwhile_does_not_hurry_a_failing_sender(
    hq: App, porto: Foreign
) -> None:
    bela = porto.person("bela")
    await _deliver(hq, bela, bela.activity("Like", bela.uri))
    await processing.run_once(hq)

    await _deliver(hq, bela, bela.create(bela.note()))

    assert await processing.run_once(hq) == 0


async def test_refused_activity_is_parked_beside_its_neighbours(hq: App, porto: Foreign) -> None:
    bela, caio = porto.person("bela"), porto.person("caio")
    stolen, own = caio.note(), bela.note()

    await _deliver(hq, bela, bela.create(stolen), bela.create(own))
    await processing.run_once(hq)

    assert await parked(hq) == ["The actor is not the author of the post."]
    assert await status_of(hq, own["id"]) is not None
    async with hq.db.reader() as conn:
        refused = await inbox_review.list_receipts(conn, host=porto.host)
    assert [each.actor_uri for each in refused] == [bela.uri]


async def test_refused_activity_leaves_nothing_of_what_it_began(
    hq: App, porto: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def begin(
        tx: Transaction, _app: App, received: Received, _value: object, now: datetime
    ) -> Outcome:
        await removals.bury(tx, [received.activity.id], porto.host, now)
        raise NotTrusted("too late")

    monkeypatch.setitem(dispatch.HANDLERS, ("Like", dispatch.ANY), replace(LIKE, apply=begin))
    bela = porto.person("bela")

    await _deliver(hq, bela, bela.activity("Like", bela.uri), bela.create(bela.note()))
    await processing.run_once(hq)

    assert await parked(hq) == ["too late"]
    assert await count(hq, "tombstones") == 0
    assert await count(hq, "statuses") == 1


async def test_worker_that_died_is_followed_by_another(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    note = bela.note()
    await _deliver(hq, bela, bela.create(note))
    async with hq.db.writer() as tx:
        held = await inbox.lease(tx, hq.now(), actors=10, receipts=10, lasting=processing.LEASE)
    assert await processing.run_once(hq) == 0

    later = replace(hq, clock=lambda: hq.now() + processing.LEASE + timedelta(seconds=1))
    assert await processing.run_once(later) == 1

    assert await status_of(hq, note["id"]) is not None
    # Had the first worker only been slow, it could store nothing any more.
    with pytest.raises(LeaseLost):
        async with hq.db.writer() as tx:
            await inbox.release(tx, held, hq.now())


async def test_many_workers_share_the_work(hq: App, porto: Foreign) -> None:
    people = [porto.person(f"person{number}") for number in range(6)]
    for person in people:
        await _deliver(hq, person, *(person.create(person.note()) for _ in range(4)))

    async def work() -> int:
        return sum([await processing.run_once(hq) for _ in range(5)])

    await asyncio.gather(*(work() for _ in range(4)))

    assert await states(hq) == {"done": 24}
    assert await count(hq, "statuses") == 24
    assert await _posts(hq) == [4] * 6


async def _posts(app: App) -> Sequence[int]:
    async with app.db.reader() as conn:
        rows = await conn.fetch(
            "SELECT statuses FROM account_counters c JOIN accounts a ON a.id = c.account_id"
            " WHERE a.domain IS NOT NULL ORDER BY a.id"
        )
    return [row["statuses"] for row in rows]


async def test_concurrent_copies_of_one_post_are_one(hq: App, porto: Foreign) -> None:
    bela = porto.person("bela")
    note = bela.note()
    creates = [bela.create(note) for _ in range(20)]

    await asyncio.gather(*(receive(hq, bela.message(hq, create)) for create in creates))
    await asyncio.gather(*(processing.run_once(hq) for _ in range(4)))

    assert await count(hq, "statuses") == 1
    assert await _posts(hq) == [1]
