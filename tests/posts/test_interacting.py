"""Favourites, boosts, bookmarks, pins and muted conversations."""

import asyncio
from dataclasses import replace

import pytest

from fedimmp.errors import Forbidden, Invalid, NotFound
from fedimmp.services import interacting, posting
from storage import interactions, timelines
from storage.timelines import Entry
from tests.posts.test_spreading import outbox
from tests.posts.world import PAGE, World


async def test_a_favourite_counts_once_and_can_be_taken_back(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    post = await world.post(ana)

    await asyncio.gather(*(interacting.favourite(world.app, bob, post) for _ in range(3)))
    liked = await world.show(post, bob)
    told = await world.told(ana)
    for _ in range(2):
        await interacting.unfavourite(world.app, bob, post)
    after = await world.show(post, bob)

    assert (liked["favourites_count"], liked["favourited"]) == (1, True)
    assert told == [("favourite", bob, post)]
    assert (after["favourites_count"], after["favourited"]) == (0, False)
    assert await world.told(ana) == []


async def test_favourites_of_remote_posts_travel(world: World) -> None:
    rui, ana = await world.stranger("rui"), await world.member("ana")
    post = await world.arrive(rui, "note")

    await interacting.favourite(world.app, ana, post.id)
    await interacting.unfavourite(world.app, ana, post.id)

    inbox = ["https://porto.example/inbox"]
    assert await outbox(world) == [("Like", inbox), ("Undo", inbox)]


async def test_many_favourites_at_once_are_counted_right(world: World) -> None:
    ana = await world.member("ana")
    post = await world.post(ana)
    readers = await world.people(*(f"reader{number}" for number in range(8)))

    await asyncio.gather(*(interacting.favourite(world.app, each, post) for each in readers))

    assert (await world.show(post, ana))["favourites_count"] == 8


async def test_a_boost_is_a_post_of_its_own_and_unique(world: World) -> None:
    ana, bob, eve = await world.people("ana", "bob", "eve")
    await world.follow(eve, bob)
    post = await world.post(ana)

    first = await interacting.boost(world.app, bob, post)
    again = await interacting.boost(world.app, bob, first)
    shown = await world.show(first, bob)

    assert first == again
    assert (shown["content"], shown["reblog"]["id"]) == ("", str(post))
    assert (shown["reblog"]["reblogs_count"], shown["reblog"]["reblogged"]) == (1, True)
    assert await world.home(eve) == [first]
    assert await world.home(bob) == [first]
    assert await world.told(ana) == [("reblog", bob, post)]
    assert await world.counts(bob) == 1


async def test_a_boost_taken_back_leaves_nothing(world: World) -> None:
    ana, bob, eve = await world.people("ana", "bob", "eve")
    await world.follow(eve, bob)
    await world.stranger("rui")
    post = await world.post(ana)
    await interacting.boost(world.app, bob, post)

    for _ in range(2):
        assert await interacting.unboost(world.app, bob, post) == post

    assert (await world.show(post, bob))["reblogs_count"] == 0
    assert await world.home(eve) == []
    assert await world.told(ana) == []
    assert await world.counts(bob) == 0
    inbox = ["https://porto.example/inbox"]
    assert await outbox(world) == [("Create", inbox), ("Announce", inbox), ("Undo", inbox)]


async def test_only_what_is_for_everybody_is_boosted(world: World) -> None:
    ana, bob, eve = await world.people("ana", "bob", "eve")
    await world.follow(bob, ana)
    private = await world.post(ana, visibility="private")
    direct = await world.post(ana, "@bob", visibility="direct")

    for post in (private, direct):
        with pytest.raises(Forbidden):
            await interacting.boost(world.app, bob, post)
        with pytest.raises(NotFound):
            await interacting.boost(world.app, eve, post)
    own = await interacting.boost(world.app, ana, private, "public")
    assert (await world.show(own, ana))["visibility"] == "private"


async def test_whoever_blocks_an_author_can_read_but_not_take_part(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    post = await world.post(ana)
    await interacting.favourite(world.app, bob, post)
    await world.run("INSERT INTO blocks (id, account_id, target_id) VALUES (1, $1, $2)", bob, ana)

    for act in (interacting.favourite, interacting.boost):
        with pytest.raises(Forbidden):
            await act(world.app, bob, post)
    await interacting.unfavourite(world.app, bob, post)


async def test_one_can_take_back_what_one_no_longer_sees(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    post = await world.post(ana)
    await interacting.favourite(world.app, bob, post)
    await interacting.boost(world.app, bob, post)
    await world.run("INSERT INTO blocks (id, account_id, target_id) VALUES (1, $1, $2)", ana, bob)

    await interacting.unfavourite(world.app, bob, post)
    await interacting.unboost(world.app, bob, post)

    for act in (interacting.unfavourite, interacting.unboost, interacting.favourite):
        with pytest.raises(NotFound):
            await act(world.app, bob, post)
    assert (await world.show(post, ana))["favourites_count"] == 0


async def test_a_boost_of_what_was_just_read_is_not_shown_again(world: World) -> None:
    ana, bob, eve, kim = await world.people("ana", "bob", "eve", "kim")
    for author in (ana, bob, kim):
        await world.follow(eve, author)
    post = await world.post(ana)

    await interacting.boost(world.app, bob, post)
    before = await world.home(eve)
    for _ in range(80):
        await world.post(kim, "noise")
    late = await interacting.boost(world.app, kim, post)

    assert before == [post]
    assert (await world.home(eve))[0] == late


async def test_boosts_can_be_left_out(world: World) -> None:
    ana, bob, eve = await world.people("ana", "bob", "eve")
    await world.follow(eve, bob, reblogs=False)

    await interacting.boost(world.app, bob, await world.post(ana))

    assert await world.home(eve) == []


async def test_bookmarks_and_favourites_are_listed_by_their_own_order(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    first, second = await world.post(ana), await world.post(ana)
    for post in (second, first, second):
        await interacting.bookmark(world.app, bob, post)
        await interacting.favourite(world.app, bob, post)

    async def listed() -> tuple[list[Entry], list[Entry]]:
        async with world.app.db.reader() as conn:
            return (
                await timelines.bookmarks(conn, bob, PAGE),
                await timelines.favourites(conn, bob, PAGE),
            )

    for entries in await listed():
        assert [entry.status_id for entry in entries] == [first, second]
        assert [entry.row_id for entry in entries] == sorted(
            (entry.row_id for entry in entries), reverse=True
        )
    await interacting.unbookmark(world.app, bob, first)
    assert [entry.status_id for entry in (await listed())[0]] == [second]


async def test_pins_are_few_and_ones_own(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    posts = [await world.post(ana) for _ in range(6)]
    direct = await world.post(ana, visibility="direct")
    boost = await interacting.boost(world.app, ana, await world.post(bob))

    for post in posts[:5]:
        await interacting.pin(world.app, ana, post)
    await interacting.pin(world.app, ana, posts[0])
    for refused in (posts[5], direct, boost):
        with pytest.raises(Invalid):
            await interacting.pin(world.app, ana, refused)
    with pytest.raises(Invalid):
        await interacting.pin(world.app, bob, posts[0])
    await interacting.unpin(world.app, ana, posts[4])

    async with world.app.db.reader() as conn:
        assert await timelines.pinned(conn, bob, ana) == posts[3::-1]
    assert (await world.show(posts[0], ana))["pinned"] is True
    assert "pinned" not in await world.show(posts[0], bob)


async def test_an_office_says_how_many_pins_there_are(world: World) -> None:
    ana = await world.member("ana")
    posts = [await world.post(ana) for _ in range(2)]
    accounts = replace(world.app.config.accounts, max_pins=1)
    app = replace(world.app, config=replace(world.app.config, accounts=accounts))

    await interacting.pin(app, ana, posts[0])
    with pytest.raises(Invalid):
        await interacting.pin(app, ana, posts[1])
    await interacting.pin(world.app, ana, posts[1])


async def test_a_muted_conversation_is_silent(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    post = await world.post(ana)
    await interacting.mute_conversation(world.app, ana, post)
    reply = await world.post(bob, "@ana", in_reply_to_id=post)

    silent = await world.told(ana)
    await interacting.unmute_conversation(world.app, ana, reply)
    again = await world.post(bob, "@ana", in_reply_to_id=post)

    assert silent == []
    assert await world.told(ana) == [("mention", bob, again)]


async def test_who_reacted_is_listed_without_the_unwelcome(world: World) -> None:
    ana, bob, eve = await world.people("ana", "bob", "eve")
    post = await world.post(ana)
    for reader in (bob, eve):
        await interacting.favourite(world.app, reader, post)
    await interacting.boost(world.app, bob, post)
    await interacting.boost(world.app, eve, post, "private")
    await world.run("INSERT INTO blocks (id, account_id, target_id) VALUES (1, $1, $2)", ana, eve)

    async with world.app.db.reader() as conn:
        to_ana = await interactions.list_favouriters(conn, post, ana, PAGE)
        to_bob = await interactions.list_favouriters(conn, post, bob, PAGE)
        boosters = await interactions.list_boosters(conn, post, bob, PAGE)

    assert [each.account_id for each in to_ana] == [bob]
    assert [each.account_id for each in to_bob] == [eve, bob]
    assert [each.account_id for each in boosters] == [bob]


async def test_what_is_boosted_goes_with_the_post(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    post = await world.post(ana)
    boost = await interacting.boost(world.app, bob, post)

    await posting.delete(world.app, ana, post)

    assert await world.value("SELECT count(*) FROM statuses") == 0
    assert await world.counts(bob) == 0
    deleted = await world.rows(
        "SELECT subject_id FROM stream_events WHERE kind = 'status.deleted' ORDER BY subject_id"
    )
    assert [row["subject_id"] for row in deleted] == [post, boost]
