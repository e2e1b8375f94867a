"""Who gets an activity: each office once, by its shared inbox, and only those that are allowed."""

from datetime import datetime, timedelta

import pytest

from storage import outbox, peers, trust
from storage.database import Transaction
from storage.errors import Conflict
from storage.outbox import NewActivity, Recipients
from storage.trust_entries import Terms
from tests.storage.offices import add_follower, add_member, add_stranger, allow, post


async def inboxes(tx: Transaction) -> list[str]:
    rows = await tx.fetch("SELECT inbox_url FROM deliveries ORDER BY inbox_url")
    return [row["inbox_url"] for row in rows]


async def test_a_public_post_goes_once_to_each_allowed_office(
    tx: Transaction, now: datetime
) -> None:
    ana = await add_member(tx, "ana", now)
    await allow(tx, "porto.example", now)
    await allow(tx, "osaka.example", now)
    await allow(tx, "quiet.example", now, public_feed=False)
    for name in ("rui", "ines"):
        await add_follower(tx, await add_stranger(tx, name, "porto.example", now), ana, now)

    queries = tx.queries
    sent = await post(tx, ana, now, Recipients(everyone=True, followers=True))

    assert sent == 2
    assert tx.queries - queries == 1
    assert await inboxes(tx) == ["https://osaka.example/inbox", "https://porto.example/inbox"]


async def test_a_private_post_goes_only_to_the_offices_of_followers(
    tx: Transaction, now: datetime
) -> None:
    ana = await add_member(tx, "ana", now)
    bob = await add_member(tx, "bob", now)
    for host in ("porto.example", "osaka.example", "quiet.example"):
        await allow(tx, host, now, public_feed=host != "quiet.example")
    for name, host in (("rui", "porto.example"), ("kei", "quiet.example")):
        await add_follower(tx, await add_stranger(tx, name, host, now), ana, now)
    await add_follower(tx, bob, ana, now)

    assert await post(tx, ana, now, Recipients(followers=True)) == 2
    assert await inboxes(tx) == ["https://porto.example/inbox", "https://quiet.example/inbox"]


async def test_people_are_reached_in_their_own_inbox_where_none_is_shared(
    tx: Transaction, now: datetime
) -> None:
    ana = await add_member(tx, "ana", now)
    await allow(tx, "gts.example", now)
    rui = await add_stranger(tx, "rui", "gts.example", now, shared=False)
    ines = await add_stranger(tx, "ines", "gts.example", now, shared=False)

    await post(tx, ana, now, Recipients(account_ids=[rui, ines, ana]))

    assert await inboxes(tx) == [
        "https://gts.example/users/ines/inbox",
        "https://gts.example/users/rui/inbox",
    ]


async def test_the_shared_inbox_that_a_peer_told_us_comes_first(
    tx: Transaction, now: datetime
) -> None:
    ana = await add_member(tx, "ana", now)
    await allow(tx, "porto.example", now)
    rui = await add_stranger(tx, "rui", "porto.example", now, shared=False)
    await peers.learn(tx, "porto.example", shared_inbox_url="https://porto.example/in/box")

    await post(tx, ana, now, Recipients(everyone=True, account_ids=[rui]))

    assert await inboxes(tx) == ["https://porto.example/in/box"]


async def test_nothing_is_stored_for_offices_that_are_not_allowed(
    tx: Transaction, now: datetime
) -> None:
    ana = await add_member(tx, "ana", now)
    await allow(tx, "porto.example", now)
    await trust.establish(tx, "porto.example", "removed", Terms(), by="tests", now=now)
    await allow(tx, "odd.example", now)
    rui = await add_stranger(tx, "rui", "porto.example", now)
    eve = await add_stranger(tx, "eve", "outside.example", now)
    odd = await add_stranger(tx, "odd", "odd.example", now)
    # An inbox elsewhere does not become reachable by belonging to somebody who is.
    await tx.execute(
        "UPDATE accounts SET shared_inbox_url = 'https://outside.example/inbox' WHERE id = $1", odd
    )

    assert await post(tx, ana, now, Recipients(account_ids=[rui, eve, odd])) == 0
    assert await tx.fetchval("SELECT count(*) FROM outbox") == 0


async def test_our_own_inbox_is_never_addressed(tx: Transaction, now: datetime) -> None:
    ana = await add_member(tx, "ana", now)
    await allow(tx, "hq.example", now)

    assert await post(tx, ana, now, Recipients(everyone=True, account_ids=[ana])) == 0


async def test_two_activities_of_one_millisecond_get_two_ids(
    tx: Transaction, now: datetime
) -> None:
    ana = await add_member(tx, "ana", now)
    await allow(tx, "porto.example", now)
    for name in ("first", "second"):
        activity = NewActivity(7, ana, f"https://hq.example/{name}", "Like", b"{}")
        everyone = Recipients(everyone=True)
        assert await outbox.enqueue(
            tx, activity, everyone, scheme="https", own_host="hq.example", now=now
        )

    assert [row["id"] for row in await tx.fetch("SELECT id FROM outbox ORDER BY id")] == [7, 8]


async def test_one_activity_is_not_enqueued_twice(tx: Transaction, now: datetime) -> None:
    ana = await add_member(tx, "ana", now)
    await allow(tx, "porto.example", now)
    await post(tx, ana, now, name="once")

    with pytest.raises(Conflict):
        await post(tx, ana, now + timedelta(seconds=1), name="once")


async def test_sent_activities_are_forgotten_once_nothing_waits(
    tx: Transaction, now: datetime
) -> None:
    ana = await add_member(tx, "ana", now)
    await allow(tx, "porto.example", now)
    await post(tx, ana, now, name="waiting")
    await post(tx, ana, now, name="sent")
    await tx.execute(
        """
        DELETE FROM deliveries
         USING outbox
         WHERE outbox.id = deliveries.outbox_id
           AND outbox.uri LIKE '%sent'
        """
    )

    assert await outbox.prune(tx, now + timedelta(days=1)) == 1
    assert await outbox.find_by_uri(tx, "https://hq.example/activities/sent") is None
    found = await outbox.find_by_uri(tx, "https://hq.example/activities/waiting")
    assert found is not None
    assert found.body == b'{"id":"https://hq.example/activities/waiting"}'
