"""The rows of home timelines, which no foreign key guards."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from fedimmp.services import interacting, posting
from storage import home_feeds, removals
from storage.database import Transaction
from tests.live import until
from tests.posts.world import World

Work = Callable[[Transaction], Awaitable[object]]

_DANGLING = """
    SELECT h.account_id, h.status_id
    FROM home_feed AS h
    WHERE NOT EXISTS (SELECT 1 FROM statuses AS s WHERE s.id = h.status_id)
"""


async def test_a_deleted_post_leaves_all_home_timelines_with_its_boosts(world: World) -> None:
    ana, bob, eve = await world.people("ana", "bob", "eve")
    await world.follow(bob, ana)
    await world.follow(eve, bob)
    post, other = await world.post(ana, "gone"), await world.post(ana, "stays")
    await interacting.boost(world.app, bob, post)
    before = len(await world.rows("SELECT 1 FROM home_feed"))

    await posting.delete(world.app, ana, post)

    assert before == 5
    assert await world.rows(_DANGLING) == []
    assert [await world.home(each) for each in (ana, bob, eve)] == [[other], [other], []]


async def test_whatever_deletes_a_post_takes_it_out_of_home_timelines(world: World) -> None:
    ana = await world.member("ana")
    await world.post(ana)

    await world.run("DELETE FROM statuses")

    assert await world.rows("SELECT 1 FROM home_feed") == []


@pytest.mark.parametrize("deleted_first", [True, False])
@pytest.mark.parametrize("by_tag", [True, False])
async def test_a_follow_and_a_deletion_at_once_leave_nothing(
    world: World, deleted_first: bool, by_tag: bool
) -> None:
    ana, bob = await world.people("ana", "bob")
    post = await world.post(ana, "for a moment #news")
    await world.follow(bob, ana)
    tag = await world.value("SELECT tag_id FROM status_tags WHERE status_id = $1", post)

    async def deletion(tx: Transaction) -> None:
        await removals.delete(tx, [post], world.clock())

    async def merge(tx: Transaction) -> None:
        if by_tag:
            await home_feeds.merge_tag(tx, bob, tag)
        else:
            await home_feeds.merge(tx, [(bob, ana)])

    if deleted_first:
        await _one_waits_for_the_other(world, deletion, merge)
    else:
        await _one_waits_for_the_other(world, merge, deletion)

    assert await world.rows("SELECT 1 FROM statuses") == []
    assert await world.rows(_DANGLING) == []


async def _one_waits_for_the_other(world: World, first: Work, second: Work) -> None:
    """Do the first in a transaction that stays open until the second waits for it."""

    async def waits() -> bool:
        found = await world.value(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(found)

    began, may_end = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with world.app.db.writer() as tx:
            await first(tx)
            began.set()
            await may_end.wait()

    async def follow_up() -> None:
        await began.wait()
        async with world.app.db.writer() as tx:
            await second(tx)

    async with asyncio.TaskGroup() as group:
        group.create_task(hold())
        group.create_task(follow_up())
        await began.wait()
        await until(waits)
        may_end.set()


async def test_an_author_with_many_followers_reaches_members_only(world: World) -> None:
    ana, bob, eve = await world.people("ana", "bob", "eve")
    for reader in (bob, await world.stranger("rui")):
        await world.follow(reader, ana)
    few = await world.post(ana, "few")
    await world.run("UPDATE account_counters SET followers = 5000 WHERE account_id = $1", ana)

    many = await world.post(ana, "many")

    assert await world.home(bob) == [many, few]
    assert await world.home(eve) == []
    assert len(await world.rows("SELECT 1 FROM home_feed")) == 4
