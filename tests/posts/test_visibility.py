"""Who may see a post: the same answer wherever it is asked."""

import pytest

from fedimmp.access import access_status, access_statuses
from fedimmp.errors import NotFound
from storage import statuses, timelines
from storage.timelines import ProfileFilter
from tests.posts.world import PAGE, World, sees

VISIBILITIES = ("public", "unlisted", "private", "direct")


async def seen(world: World, author: int, viewer: int | None, text: str = "x") -> list[str]:
    """Return with which visibilities a post of the author is seen by the viewer."""
    found = []
    for visibility in VISIBILITIES:
        post = await world.post(author, text, visibility=visibility)
        async with world.app.db.reader() as conn:
            one = await sees(conn, viewer, post)
            many = await access_statuses(conn, viewer, [post])
            profile = await timelines.of_account(conn, viewer, author, PAGE, ProfileFilter())
        assert one == (post in many) == (post in profile)
        if one:
            found.append(visibility)
    return found


async def test_each_circle_sees_its_posts(world: World) -> None:
    ana, bob, eve, kim = await world.people("ana", "bob", "eve", "kim")
    await world.follow(bob, ana)

    assert await seen(world, ana, ana) == list(VISIBILITIES)
    assert await seen(world, ana, bob) == ["public", "unlisted", "private"]
    assert await seen(world, ana, eve) == ["public", "unlisted"]
    assert await seen(world, ana, None) == ["public", "unlisted"]
    assert await seen(world, ana, kim, "@kim") == list(VISIBILITIES)


async def test_a_request_to_follow_opens_nothing(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    await world.follow(bob, ana)
    await world.run("UPDATE follows SET state = 'pending'")

    assert await seen(world, ana, bob) == ["public", "unlisted"]


async def test_whom_the_author_blocks_sees_nothing(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    await world.run("INSERT INTO blocks (id, account_id, target_id) VALUES (1, $1, $2)", ana, bob)

    assert await seen(world, ana, bob) == []
    assert await seen(world, bob, ana) == ["public", "unlisted"]


@pytest.mark.parametrize("column", ["suspended_at", "deleted_at"])
async def test_nobody_sees_what_a_barred_account_wrote(world: World, column: str) -> None:
    ana, bob = await world.people("ana", "bob")
    await world.follow(bob, ana)
    post = await world.post(ana)
    await world.run(f"UPDATE accounts SET {column} = now() WHERE id = $1", ana)

    async with world.app.db.reader() as conn:
        assert not await sees(conn, bob, post)
    assert await world.home(bob) == []


async def test_posts_of_a_removed_office_are_hidden_until_it_is_back(world: World) -> None:
    rui, ana = await world.stranger("rui"), await world.member("ana")
    await world.follow(ana, rui)
    post = await world.arrive(rui, "note")

    await world.run("UPDATE peers SET state = 'removed'")
    removed = await world.home(ana)
    await world.run("UPDATE peers SET state = 'allowed'")

    assert removed == []
    assert await world.home(ana) == [post.id]


async def test_a_boost_shows_no_more_than_the_boosted_post(world: World) -> None:
    ana, bob, eve = await world.people("ana", "bob", "eve")
    post = await world.post(ana)
    await world.run(
        "INSERT INTO statuses (id, uri, account_id, local, visibility, reblog_of_id, created_at)"
        " VALUES (1, 'https://hq.example/boost', $1, true, 'public', $2, now())",
        bob,
        post,
    )
    async with world.app.db.reader() as conn:
        before = await sees(conn, eve, 1)
    await world.run("UPDATE statuses SET visibility = 'private' WHERE id = $1", post)

    async with world.app.db.reader() as conn:
        assert before
        assert not await sees(conn, eve, 1)
        with pytest.raises(NotFound):
            await access_status(conn, eve, 1)


async def test_an_office_sees_what_is_for_somebody_there(world: World) -> None:
    ana = await world.member("ana")
    await world.follow(await world.stranger("rui"), ana)
    await world.stranger("kei", "osaka.example")

    async def hosts(visibility: str, text: str = "x") -> list[str]:
        post = await world.post(ana, text, visibility=visibility)
        found = []
        for host in ("porto.example", "osaka.example", "else.example"):
            async with world.app.db.reader() as conn:
                if await statuses.find_for_host(conn, host, post):
                    found.append(host)
        return found

    assert await hosts("public") == ["porto.example", "osaka.example"]
    assert await hosts("private") == ["porto.example"]
    assert await hosts("direct") == []
    assert await hosts("direct", "@kei@osaka.example") == ["osaka.example"]
    await world.run("UPDATE peers SET state = 'removed' WHERE host = 'osaka.example'")
    assert await hosts("public") == ["porto.example"]
