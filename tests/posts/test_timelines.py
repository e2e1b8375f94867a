"""Lists of posts: what is on them, in which order, page by page; and threads."""

import pytest

from fedimmp.entities.conversations import render_conversations
from fedimmp.entities.statuses import render_statuses
from fedimmp.services import interacting
from fedimmp.services.posting import PollDraft
from storage import conversations, tags, threads, timelines
from storage.paging import Page
from storage.statuses import NewMention
from storage.timelines import ProfileFilter, PublicFilter, TagFilter
from tests.posts.world import PAGE, World


async def public(world: World, viewer: int | None, **wanted: bool) -> list[int]:
    async with world.app.db.reader() as conn:
        return await timelines.public(conn, viewer, PAGE, PublicFilter(**wanted))


async def tagged(
    world: World,
    viewer: int,
    *any_of: str,
    all_of: tuple[str, ...] = (),
    none_of: tuple[str, ...] = (),
) -> list[int]:
    async with world.app.db.reader() as conn:
        return await timelines.tag(conn, viewer, PAGE, TagFilter(any_of, all_of, none_of))


async def profile(world: World, viewer: int, author: int, **wanted: object) -> list[int]:
    async with world.app.db.reader() as conn:
        return await timelines.of_account(
            conn,
            viewer,
            author,
            PAGE,
            ProfileFilter(**wanted),  # type: ignore[arg-type]
        )


async def test_the_organisation_is_heard_on_the_public_timeline(world: World) -> None:
    rui = await world.stranger("rui")
    ana, bob = await world.people("ana", "bob")
    remote = await world.arrive(rui, "note")
    post = await world.post(ana)
    thread = await world.post(ana, "more", in_reply_to_id=post)
    await world.post(bob, "reply", in_reply_to_id=post)
    await world.post(bob, visibility="unlisted")
    await interacting.boost(world.app, bob, post)

    assert await public(world, bob) == [thread, post, remote.id]
    assert await public(world, bob, local=True) == [thread, post]
    assert await public(world, bob, remote=True) == [remote.id]
    assert await public(world, bob, only_media=True) == []
    await world.run("INSERT INTO mutes (id, account_id, target_id) VALUES (1, $1, $2)", bob, ana)
    assert await public(world, bob) == [remote.id]


async def test_hashtags_combine_and_include_replies(world: World) -> None:
    ana = await world.member("ana")
    first = await world.post(ana, "#Lunch #Monday")
    reply = await world.post(ana, "#lunch #rain", in_reply_to_id=first)
    await world.post(ana, "#lunch", visibility="unlisted")

    assert await tagged(world, ana, "lunch") == [reply, first]
    assert await tagged(world, ana, "monday", "rain") == [reply, first]
    assert await tagged(world, ana, "lunch", all_of=("monday",)) == [first]
    assert await tagged(world, ana, "lunch", none_of=("monday",)) == [reply]
    assert await tagged(world, ana, "unknown") == []
    async with world.app.db.reader() as conn:
        found = await tags.search(conn, "lu", limit=5)
        history = await tags.history(conn, [found[0].id], world.clock())
    assert [(tag.name, tag.display_name) for tag in found] == [("lunch", "Lunch")]
    assert [(use.uses, use.accounts) for use in history[found[0].id]] == [(2, 1)] + [(0, 0)] * 6


@pytest.mark.parametrize(("policy", "shown"), [("none", 0), ("list", 1), ("followed", 2)])
async def test_a_list_shows_its_members_and_replies_by_its_policy(
    world: World, policy: str, shown: int
) -> None:
    ana, bob, eve, kim = await world.people("ana", "bob", "eve", "kim")
    for author in (bob, eve, kim):
        await world.follow(ana, author)
    await world.run(
        "INSERT INTO lists (id, account_id, title, replies_policy, exclusive)"
        " VALUES (1, $1, 'Team', $2, true)",
        ana,
        policy,
    )
    for author in (bob, eve):
        await world.run("INSERT INTO list_accounts VALUES (1, $1, $1)", author)
    outside, inside = await world.post(kim), await world.post(eve)
    replies = [
        await world.post(bob, "to the list", in_reply_to_id=inside),
        await world.post(bob, "to another", in_reply_to_id=outside),
    ]

    async with world.app.db.reader() as conn:
        listed = await timelines.of_list(conn, ana, 1, PAGE)
        others = await timelines.of_list(conn, bob, 1, PAGE)

    assert listed == [*reversed(replies[:shown]), inside]
    assert others == []


async def test_a_profile_can_be_narrowed(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    await world.follow(bob, ana)
    post = await world.post(ana, "#one")
    thread = await world.post(ana, "thread", in_reply_to_id=post)
    reply = await world.post(ana, "reply", in_reply_to_id=await world.post(bob))
    boost = await interacting.boost(world.app, ana, await world.post(bob))
    direct = await world.post(ana, "@bob", visibility="direct")

    assert await profile(world, bob, ana) == [direct, boost, reply, thread, post]
    assert await profile(world, bob, ana, exclude_replies=True) == [direct, boost, thread, post]
    assert await profile(world, bob, ana, exclude_reblogs=True) == [direct, reply, thread, post]
    assert await profile(world, bob, ana, exclude_direct=True) == [boost, reply, thread, post]
    assert await profile(world, bob, ana, tagged="one") == [post]
    assert await profile(world, bob, ana, only_media=True) == []


async def test_pages_follow_each_other_in_both_directions(world: World) -> None:
    ana = await world.member("ana")
    posts = [await world.post(ana, str(number)) for number in range(5)][::-1]

    async def page(**cursor: int) -> list[int]:
        async with world.app.db.reader() as conn:
            return await timelines.home(conn, ana, Page(limit=2, **cursor))

    assert await page() == posts[:2]
    assert await page(max_id=posts[1]) == posts[2:4]
    assert await page(since_id=posts[4]) == posts[:2]
    assert await page(min_id=posts[4]) == posts[2:4]


async def test_home_timelines_are_cut_to_their_length(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    await world.run(
        "INSERT INTO statuses (id, uri, account_id, local, visibility, created_at)"
        " SELECT n, 'https://hq.example/' || n, $1, true, 'public', now()"
        " FROM generate_series(1, 810) AS n",
        ana,
    )
    for reader, least in ((ana, 1), (bob, 800)):
        await world.run(
            "INSERT INTO home_feed (account_id, status_id, author_id)"
            " SELECT $1, id, account_id FROM statuses WHERE id >= $2",
            reader,
            least,
        )

    async with world.app.db.writer() as tx:
        assert await timelines.prune_home(tx) == 10
    assert (
        await world.value("SELECT min(status_id) FROM home_feed WHERE account_id = $1", ana) == 11
    )
    assert await world.value("SELECT count(*) FROM home_feed WHERE account_id = $1", bob) == 11


async def test_a_thread_leaves_out_what_is_hidden_and_keeps_what_is_below(world: World) -> None:
    ana, bob, eve = await world.people("ana", "bob", "eve")
    root = await world.post(ana, "root")
    hidden = await world.post(bob, "@ana hidden", in_reply_to_id=root, visibility="direct")
    below = await world.post(ana, "below", in_reply_to_id=hidden)
    aside = await world.post(eve, "aside", in_reply_to_id=root)
    deep = await world.post(bob, "deep", in_reply_to_id=below)

    async with world.app.db.reader() as conn:
        to_eve = await threads.load(conn, eve, root)
        to_ana = await threads.load(conn, ana, root)
        from_below = await threads.load(conn, eve, deep)

    assert to_eve.descendants == [below, deep, aside]
    assert to_ana.descendants == [hidden, below, deep, aside]
    assert from_below.ancestors == [root, below]


async def test_an_authors_own_thread_comes_first(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    root = await world.post(ana)
    reply = await world.post(bob, in_reply_to_id=root)
    thread = await world.post(ana, in_reply_to_id=root)

    async with world.app.db.reader() as conn:
        assert (await threads.load(conn, ana, root)).descendants == [thread, reply]


async def test_a_circle_of_replies_ends(world: World) -> None:
    rui = await world.stranger("rui")
    ana = await world.member("ana")
    one = await world.arrive(rui, "one", in_reply_to_uri="https://porto.example/notes/two")
    two = await world.arrive(rui, "two", in_reply_to_uri="https://porto.example/notes/one")

    async with world.app.db.reader() as conn:
        thread = await threads.load(conn, ana, one.id)

    assert (thread.ancestors, thread.descendants) == ([two.id], [two.id])


async def test_a_page_takes_as_many_queries_as_one_post(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    posts = []
    for number in range(12):
        post = await world.post(ana, f"@bob #tag{number}", poll=PollDraft(["a", "b"], 600))
        posts += [post, await interacting.boost(world.app, bob, post)]
    counted = []
    for page in (posts[:1], posts):
        async with world.app.db.reader() as conn:
            rendered = await render_statuses(world.app, conn, page, bob)
            counted.append(conn.queries)
        assert [entity["id"] for entity in rendered] == [str(each) for each in page]

    # The viewer's filters are asked for once, and remembered.
    assert counted == [7, 6]


async def test_conversations_are_read_marked_and_hidden(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    post = await world.post(bob, "@ana psst", visibility="direct")
    alone = await world.post(ana, "note to self", visibility="direct")

    async with world.app.db.writer() as tx:
        found = await conversations.list_page(tx, ana, PAGE)
        rendered = await render_conversations(world.app, tx, found, ana)
        mine, theirs = found
        assert await conversations.set_unread(tx, bob, theirs.id, unread=True) is None
        read = await conversations.set_unread(tx, ana, theirs.id, unread=False)
        assert not await conversations.delete(tx, bob, mine.id)
        assert await conversations.delete(tx, ana, mine.id)
        left = await conversations.list_page(tx, ana, PAGE)

    assert [each["last_status"]["id"] for each in rendered] == [str(alone), str(post)]
    assert [[one["acct"] for one in each["accounts"]] for each in rendered] == [["ana"], ["bob"]]
    assert [each["unread"] for each in rendered] == [False, True]
    assert left == [read]


async def test_a_conversation_with_a_removed_office_is_hidden_until_it_is_back(
    world: World,
) -> None:
    ana, rui = await world.member("ana"), await world.stranger("rui")
    await world.arrive(rui, "psst", visibility="direct", mentions=(NewMention(ana),))

    async def listed() -> list[int]:
        async with world.app.db.reader() as conn:
            page = await conversations.list_page(conn, ana, PAGE)
            return [each.id for each in page if await conversations.find(conn, ana, each.id)]

    (talk,) = await listed()
    async with world.app.db.reader() as conn:
        await world.run("UPDATE peers SET state = 'removed'")
        assert await conversations.find(conn, ana, talk) is None
    removed = await listed()
    await world.run("UPDATE peers SET state = 'allowed'")

    assert removed == []
    assert await listed() == [talk]
