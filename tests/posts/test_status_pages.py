"""What a process keeps of rendered statuses never differs from what is rendered anew."""

import itertools
from collections.abc import Awaitable, Sequence
from typing import Any

import orjson

from fedimmp.entities.status_pages import render_home, render_ids
from fedimmp.entities.statuses import render_statuses
from fedimmp.memory import Renderings
from fedimmp.services import filtering, interacting, posting, voting
from fedimmp.services.drafts import PollDraft
from fedimmp.services.filtering import Change, KeywordChange
from fedimmp.services.posting import Draft
from storage import polls, status_snapshots, timelines
from storage.paging import Page
from tests.posts.world import World


async def kept(world: World, ids: Sequence[int], viewer: int) -> list[Any]:
    """Render as pages of the API do."""
    async with world.app.db.reader() as conn:
        found: list[Any] = orjson.loads(
            orjson.dumps(await render_ids(world.app, conn, ids, viewer))
        )
    return found


async def anew(world: World, ids: Sequence[int], viewer: int) -> list[Any]:
    """Render from the rows alone."""
    async with world.app.db.reader() as conn:
        found: list[Any] = orjson.loads(
            orjson.dumps(await render_statuses(world.app, conn, ids, viewer))
        )
    return found


async def change(world: World, sql: str, *args: object) -> None:
    """Do what another process would, behind this one's back."""
    async with world.app.db.writer() as tx:
        await tx.execute(sql, *args)


async def vote(world: World, voter: int, post: int) -> None:
    async with world.app.db.reader() as conn:
        poll = await polls.find_of_status(conn, post)
    assert poll is not None
    await voting.vote(world.app, voter, poll.id, [0])


async def posts_of_all_kinds(world: World, ana: int, bob: int) -> dict[str, int]:
    far = await world.stranger("far")
    plain = await world.post(ana, "@bob hello :tea: #Topic")
    return {
        "plain": plain,
        "reply": await world.post(bob, "@ana yes", in_reply_to_id=plain),
        "hidden": await world.post(ana, "@bob a secret", visibility="direct"),
        "followers": await world.post(ana, "mine", quote_policy="followers"),
        "polled": await world.post(ana, "well?", poll=PollDraft(["a", "b"], 600)),
        "boost": await interacting.boost(world.app, bob, plain),
        "quote": await world.post(bob, "look", quoted_status_id=plain),
        "copy": (await world.arrive(far, "copy :tea: @ana", language="pt")).id,
    }


def changes(
    world: World, ana: int, bob: int, eve: int, posts: dict[str, int]
) -> list[Awaitable[object]]:
    """Return what changes how some post looks to somebody, each to be awaited in its turn."""
    plain, quote = posts["plain"], posts["quote"]
    return [
        interacting.favourite(world.app, bob, plain),
        interacting.bookmark(world.app, eve, plain),
        interacting.boost(world.app, eve, plain),
        interacting.pin(world.app, ana, plain),
        posting.edit(world.app, ana, plain, Draft(text="@eve changed #Other")),
        change(world, "UPDATE accounts SET display_name = 'A :tea:' WHERE id = $1", ana),
        vote(world, bob, posts["polled"]),
        change(world, "UPDATE members SET role = 'moderator' WHERE account_id = $1", ana),
        change(world, "UPDATE accounts SET username = 'anna' WHERE id = $1", ana),
        change(world, "UPDATE accounts SET suspended_at = now() WHERE id = $1", bob),
        change(world, "UPDATE tags SET display_name = 'OTHER' WHERE name = 'other'"),
        change(world, "UPDATE status_quotes SET state = 'revoked' WHERE status_id = $1", quote),
        change(
            world,
            "INSERT INTO emojis (id, shortcode, media_id, created_at) VALUES (6, 'tea', 5, now())",
        ),
        change(world, "UPDATE media SET content_type = 'image/gif' WHERE id = 5"),
        change(world, "DELETE FROM emojis"),
        world.follow(eve, ana),
    ]


async def test_each_change_shows_at_once(world: World) -> None:
    ana, bob, eve = viewers = await world.people("ana", "bob", "eve")
    await world.follow(bob, ana)
    posts = await posts_of_all_kinds(world, ana, bob)
    ids = list(posts.values())

    async def agree() -> None:
        for viewer in viewers:
            assert await kept(world, ids, viewer) == await anew(world, ids, viewer)

    await change(world, _INSTANCE_ACTOR)
    await change(world, _FILE_OF_AN_EMOJI)
    await agree()
    for step in changes(world, ana, bob, eve, posts):
        before = [await anew(world, ids, viewer) for viewer in viewers]
        await step
        assert [await anew(world, ids, viewer) for viewer in viewers] != before, step
        await agree()


_INSTANCE_ACTOR = """
    INSERT INTO accounts (id, username, username_key, uri, url, inbox_url, created_at)
    VALUES (1, 'hq.example', 'hq.example', 'https://hq.example/actor', 'https://hq.example',
        'https://hq.example/inbox', now())
"""

_FILE_OF_AN_EMOJI = """
    INSERT INTO media (id, account_id, purpose, kind, file_key, content_type)
    VALUES (5, 1, 'emoji', 'image', 'key', 'image/png')
"""


async def test_files_show_as_they_are_now(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    await change(
        world,
        "INSERT INTO media (id, account_id, kind, file_key, content_type, description)"
        " VALUES (7, $1, 'image', 'seven', 'image/png', 'a plan')",
        ana,
    )
    await change(
        world,
        "INSERT INTO media (id, account_id, purpose, kind, file_key, content_type)"
        " VALUES (8, $1, 'avatar', 'image', 'eight', 'image/png')",
        ana,
    )
    post = await world.post(ana, "look", media_ids=(7,))
    (first,) = await kept(world, [post], bob)
    assert first["media_attachments"][0]["description"] == "a plan"
    for sql in (
        "UPDATE media SET description = 'a map' WHERE id = 7",
        f"UPDATE accounts SET avatar_id = 8 WHERE id = {ana}",
        "UPDATE media SET file_key = 'other' WHERE id = 8",
        "UPDATE media SET file_key = 'another' WHERE id = 7",
    ):
        before = await kept(world, [post], bob)
        await change(world, sql)
        assert await kept(world, [post], bob) == await anew(world, [post], bob) != before


async def test_what_nobody_changed_costs_one_query(world: World) -> None:
    ana, bob, eve = await world.people("ana", "bob", "eve")
    posts = [await world.post(ana, f"post {number}") for number in range(6)]
    posts += [await interacting.boost(world.app, bob, post) for post in posts[:3]]
    counted = []
    for viewer, page in itertools.product((bob, eve), (posts, posts)):
        async with world.app.db.reader() as conn:
            await render_ids(world.app, conn, page, viewer)
            counted.append(conn.queries)
    # Each viewer's filters are asked for once.
    assert counted[1] == counted[3] == 1
    assert counted[2] == 2


async def is_kept(world: World, viewer: int, page: Page) -> bool:
    """Tell whether a home page comes from what is kept; it must then be that of the rows."""
    async with world.app.db.reader() as conn:
        wanted = await timelines.home(conn, viewer, page)
        rows = await status_snapshots.home(conn, viewer, page)
        shown = await render_home(world.app, conn, rows, viewer)
        if shown is None:
            return False
        assert await render_home(world.app, conn, rows, viewer) == shown
    assert (shown.first, shown.last) == (wanted[0], wanted[-1])
    assert orjson.loads(shown.text) == await anew(world, wanted, viewer)
    return True


async def test_home_pages_are_those_of_the_timeline(world: World) -> None:
    ana, bob, eve, dan = await world.people("ana", "bob", "eve", "dan")
    for author in (bob, eve, dan):
        await world.follow(ana, author)
    for number in range(8):
        await world.post(bob, f"bob {number}")
        secret = await world.post(eve, f"eve {number}", visibility="private")
        mine = await world.post(dan, f"@ana {number}", visibility="direct")
        if number % 3 == 0:
            await interacting.boost(world.app, bob, await world.post(dan, f"dan {number}"))
    assert secret and mine

    everything = await world.home(ana)
    assert await is_kept(world, ana, Page(limit=5))
    assert await is_kept(world, ana, Page(limit=5, max_id=everything[4]))
    assert await is_kept(world, ana, Page(limit=5, min_id=everything[-1]))
    assert not await is_kept(world, ana, Page(limit=5, max_id=everything[-2]))
    assert not await is_kept(world, ana, Page(limit=0))
    for sql in (
        "INSERT INTO favourites (id, account_id, status_id) SELECT 1, $1, max(id) FROM statuses",
        "INSERT INTO blocks (id, account_id, target_id) VALUES (1, $2, $1)",
        "INSERT INTO mutes (id, account_id, target_id) VALUES (2, $1, $3)",
        "DELETE FROM follows WHERE account_id = $1 AND target_id = $4",
    ):
        await change(
            world,
            f"WITH given AS (SELECT $1::bigint, $2::bigint, $3::bigint, $4::bigint) {sql}",
            ana,
            bob,
            dan,
            eve,
        )
        await is_kept(world, ana, Page(limit=5))
        await is_kept(world, ana, Page(limit=1))


async def test_a_kept_home_page_follows_each_change(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    await world.follow(ana, bob)
    posts = [await world.post(bob, f"post {number}") for number in range(3)]
    page = Page(limit=2)
    assert await is_kept(world, ana, page)
    for step in (
        interacting.favourite(world.app, ana, posts[2]),
        interacting.boost(world.app, bob, posts[0]),
        posting.edit(world.app, bob, posts[2], Draft(text="changed")),
        posting.delete(world.app, bob, posts[2]),
    ):
        await step
        assert await is_kept(world, ana, page)
    seen = KeywordChange(keyword="post", whole_word=False)
    await filtering.create(
        world.app, ana, Change(title="seen", context=("home",), action="warn", keywords=(seen,))
    )
    assert await is_kept(world, ana, page)


def test_renderings_are_bounded_by_their_bytes() -> None:
    kept: Renderings[int, str] = Renderings(most_bytes=10_000)
    for number in range(100):
        kept.put(number, "x", 400)
        kept.put(number, "x", 400)
        assert kept.get(0) == "x" or number > 9
    assert kept.bytes <= 10_000
    assert kept.get(99) == "x"
    assert kept.get(1) is None
    kept.put(7, "too large", 20_000)
    assert kept.get(7) is None
