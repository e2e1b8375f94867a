"""What the inbox promises: nothing twice, nothing of strangers, nobody forgotten."""

import asyncio
from datetime import datetime, timedelta

import pytest

from storage import inbox, inbox_review, trust
from storage.database import Database, Transaction
from storage.errors import LeaseLost
from storage.inbox import NewReceipt
from storage.trust_entries import Terms

PORTO = "porto.example"
BELA = "https://porto.example/users/bela"
CAIO = "https://porto.example/users/caio"
MINUTE = timedelta(minutes=1)


def _receipt(number: int, actor: str = BELA, host: str = PORTO) -> NewReceipt:
    return NewReceipt(actor, f"{actor}/activities/{number}", host, "Create", b"{}")


async def _allow(tx: Transaction, now: datetime) -> None:
    await trust.establish(tx, PORTO, "allowed", Terms(), by="tests", now=now)


async def test_only_allowed_hosts_are_stored(tx: Transaction, now: datetime) -> None:
    await _allow(tx, now)
    evil = _receipt(1, "https://evil.example/users/mallory", "evil.example")

    standings = await inbox.receive(tx, [_receipt(1), evil, _receipt(2)], now)

    assert standings == ["taken", "stranger", "taken"]
    assert await inbox.count_by_state(tx) == {"waiting": 2}


async def test_repetition_is_answered_and_not_stored(tx: Transaction, now: datetime) -> None:
    await _allow(tx, now)

    assert await inbox.receive(tx, [_receipt(1), _receipt(1)], now) == ["taken", "taken"]
    assert await inbox.receive(tx, [_receipt(1)], now) == ["taken"]

    assert await inbox.count_by_state(tx) == {"waiting": 1}


async def test_lease_takes_turns_and_keeps_order(tx: Transaction, now: datetime) -> None:
    await _allow(tx, now)
    await inbox.receive(tx, [_receipt(n) for n in (1, 2, 3)], now)
    await inbox.receive(tx, [_receipt(n, CAIO) for n in (7, 8)], now)

    held = await inbox.lease(tx, now, actors=10, receipts=4, lasting=MINUTE)

    uris = [
        receipt.activity_uri.removeprefix("https://porto.example/users/")
        for receipt in held.receipts
    ]
    assert uris == [
        "bela/activities/1",
        "caio/activities/7",
        "bela/activities/2",
        "caio/activities/8",
    ]
    again = await inbox.lease(tx, now, actors=10, receipts=4, lasting=MINUTE)
    assert again.actor_uris == ()


async def test_two_workers_never_lease_the_same_actor(
    db: Database, other_db: Database, now: datetime
) -> None:
    async with db.writer() as tx:
        await _allow(tx, now)
        await inbox.receive(tx, [_receipt(1), _receipt(1, CAIO)], now)

    async with db.writer() as tx, other_db.writer() as other:
        first = await inbox.lease(tx, now, actors=1, receipts=9, lasting=MINUTE)
        second = await inbox.lease(other, now, actors=9, receipts=9, lasting=MINUTE)

    assert len(first.actor_uris) == len(second.actor_uris) == 1
    assert {*first.actor_uris, *second.actor_uris} == {BELA, CAIO}


async def test_removed_peer_shows_in_what_waits(tx: Transaction, now: datetime) -> None:
    await _allow(tx, now)
    await inbox.receive(tx, [_receipt(1)], now)
    await trust.establish(tx, PORTO, "removed", Terms(), by="tests", now=now)

    held = await inbox.lease(tx, now, actors=1, receipts=1, lasting=MINUTE)

    assert [receipt.allowed for receipt in held.receipts] == [False]
    assert await inbox.receive(tx, [_receipt(2)], now) == ["stranger"]


async def test_release_keeps_whoever_has_more(tx: Transaction, now: datetime) -> None:
    await _allow(tx, now)
    await inbox.receive(tx, [_receipt(1), _receipt(2), _receipt(1, CAIO)], now)
    held = await inbox.lease(tx, now, actors=10, receipts=2, lasting=MINUTE)

    await inbox.finish(tx, [held.receipts[0].id], {held.receipts[1].id: "refused"}, now)
    await inbox.release(tx, held, now)

    again = await inbox.lease(tx, now, actors=10, receipts=10, lasting=MINUTE)
    assert again.actor_uris == (BELA,)
    assert [receipt.activity_uri for receipt in again.receipts] == [f"{BELA}/activities/2"]
    assert await inbox.count_by_state(tx) == {"done": 1, "parked": 1, "waiting": 1}


async def test_lost_lease_is_noticed(tx: Transaction, now: datetime) -> None:
    await _allow(tx, now)
    await inbox.receive(tx, [_receipt(1)], now)
    held = await inbox.lease(tx, now, actors=1, receipts=1, lasting=MINUTE)
    taken = await inbox.lease(tx, now + 2 * MINUTE, actors=1, receipts=1, lasting=MINUTE)
    assert taken.actor_uris == (BELA,)

    with pytest.raises(LeaseLost):
        await inbox.release(tx, held, now)
    with pytest.raises(LeaseLost):
        await inbox.check_held(tx, held, BELA)


async def test_failures_are_counted_and_bury(tx: Transaction, now: datetime) -> None:
    await _allow(tx, now)
    await inbox.receive(tx, [_receipt(1)], now)
    held = await inbox.lease(tx, now, actors=1, receipts=1, lasting=MINUTE)
    receipt_id = held.receipts[0].id

    assert not await inbox.fail(tx, receipt_id, "a bug", now, most_attempts=2)
    await inbox.postpone(tx, held, BELA, now + MINUTE)
    assert (await inbox.lease(tx, now, actors=1, receipts=1, lasting=MINUTE)).actor_uris == ()
    (again,) = (await inbox.lease(tx, now + MINUTE, actors=1, receipts=1, lasting=MINUTE)).receipts
    assert (again.id, again.attempts) == (receipt_id, 1)
    assert await inbox.fail(tx, receipt_id, "a bug", now, most_attempts=2)

    refused = await inbox_review.list_receipts(tx)
    assert [(each.state, each.reason) for each in refused] == [("buried", "a bug")]


async def test_pruning_forgets_what_is_done_and_apart_what_was_refused(
    tx: Transaction, now: datetime
) -> None:
    await _allow(tx, now)
    await inbox.receive(tx, [_receipt(n) for n in (1, 2, 3)], now)
    held = await inbox.lease(tx, now, actors=1, receipts=3, lasting=MINUTE)
    first, second, _third = held.receipts
    await inbox.finish(tx, [first.id], {second.id: "refused"}, now)

    assert await inbox.prune(tx, now + MINUTE) == 1
    assert await inbox.count_by_state(tx) == {"parked": 1, "waiting": 1}
    assert await inbox_review.prune_refused(tx, now) == 0
    assert await inbox_review.prune_refused(tx, now + MINUTE) == 1
    assert await inbox.count_by_state(tx) == {"waiting": 1}


async def test_arrival_during_a_release_is_not_forgotten(
    db: Database, other_db: Database, now: datetime
) -> None:
    async with db.writer() as tx:
        await _allow(tx, now)
        await inbox.receive(tx, [_receipt(1)], now)
        held = await inbox.lease(tx, now, actors=1, receipts=1, lasting=MINUTE)

    async def arrive() -> None:
        async with other_db.writer() as other:
            await inbox.receive(other, [_receipt(2)], now)

    async with db.writer() as tx:
        await inbox.finish(tx, [held.receipts[0].id], {}, now)
        await inbox.release(tx, held, now)
        arriving = asyncio.create_task(arrive())
        # It waits for our lock, or is done; either way its actor must be due afterwards.
        await asyncio.wait({arriving}, timeout=0.2)
    await arriving

    async with db.writer() as tx:
        again = await inbox.lease(tx, now, actors=1, receipts=1, lasting=MINUTE)
        assert again.actor_uris == (BELA,)


async def test_release_during_an_arrival_forgets_nobody(
    db: Database, other_db: Database, now: datetime
) -> None:
    async with db.writer() as tx:
        await _allow(tx, now)
        await inbox.receive(tx, [_receipt(1)], now)
        held = await inbox.lease(tx, now, actors=1, receipts=1, lasting=MINUTE)

    async def let_go() -> None:
        async with db.writer() as tx:
            await inbox.finish(tx, [held.receipts[0].id], {}, now)
            await inbox.release(tx, held, now)

    async with other_db.writer() as other:
        await inbox.receive(other, [_receipt(2)], now)
        releasing = asyncio.create_task(let_go())
        await asyncio.wait({releasing}, timeout=0.2)
        assert not releasing.done()
    await releasing

    async with db.writer() as tx:
        again = await inbox.lease(tx, now, actors=1, receipts=1, lasting=MINUTE)
        assert [receipt.activity_uri for receipt in again.receipts] == [f"{BELA}/activities/2"]
