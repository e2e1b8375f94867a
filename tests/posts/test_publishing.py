"""Publishing a post: what is accepted, what is stored, and that it happens once."""

import asyncio

import pytest

from fedimmp.errors import Invalid, NotFound
from fedimmp.services import posting
from fedimmp.services.posting import Draft, PollDraft
from storage.ids import new_id
from tests.posts.world import World


async def test_a_post_is_rendered_and_shown(world: World) -> None:
    ana = await world.member("ana")
    rui = await world.stranger("rui")

    shown = await world.show(
        await world.post(ana, "Hi @rui@porto.example, see #Lunch\nat noon", language="pt"), ana
    )

    assert shown["content"] == (
        '<p>Hi <span class="h-card" translate="no"><a href="https://porto.example/users/rui"'
        ' class="u-url mention">@<span>rui</span></a></span>, see '
        '<a href="https://hq.example/tags/lunch" class="mention hashtag" rel="tag">'
        "#<span>Lunch</span></a><br>at noon</p>"
    )
    assert shown["mentions"] == [
        {
            "id": str(rui),
            "username": "rui",
            "acct": "rui@porto.example",
            "url": "https://porto.example/users/rui",
        }
    ]
    assert shown["tags"] == [{"name": "Lunch", "url": "https://hq.example/tags/lunch"}]
    assert (shown["visibility"], shown["language"], shown["sensitive"]) == ("public", "pt", False)
    assert shown["uri"] == f"https://hq.example/ap/users/{ana}/statuses/{shown['id']}"
    assert shown["url"] == f"https://hq.example/@ana/{shown['id']}"


async def test_a_post_takes_four_statements_and_is_streamed_and_delivered(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    await world.follow(bob, ana)
    await world.follow(await world.stranger("rui"), ana)
    before = world.app.db.queries

    post = await world.post(ana, "Hello #morning")

    # The author, the post, timelines with counters and the note, deliveries with stream events.
    assert world.app.db.queries - before == 4
    assert await world.home(bob) == [post]
    assert [
        tuple(row) for row in await world.rows("SELECT kind, subject_id FROM stream_events")
    ] == [("status.published", post)]
    assert await world.value("SELECT count(*) FROM deliveries") == 1


async def test_defaults_are_the_members_own(world: World) -> None:
    ana = await world.member("ana", default_visibility="private", default_language="de")
    bob = await world.member("bob", default_sensitive=True)

    hers = await world.show(await world.post(ana), ana)
    his = await world.show(await world.post(bob, sensitive=None), bob)
    chosen = await world.show(await world.post(bob, sensitive=False, visibility="unlisted"), bob)

    assert (hers["visibility"], hers["language"], hers["sensitive"]) == ("private", "de", False)
    assert (his["visibility"], his["sensitive"]) == ("public", True)
    assert (chosen["visibility"], chosen["sensitive"]) == ("unlisted", False)


async def test_a_warning_hides_the_text_and_alone_becomes_it(world: World) -> None:
    ana = await world.member("ana")

    warned = await world.show(await world.post(ana, "long", spoiler_text="food"), ana)
    alone = await world.show(await world.post(ana, "", spoiler_text="food"), ana)

    assert (warned["spoiler_text"], warned["sensitive"]) == ("food", True)
    assert (alone["spoiler_text"], alone["content"]) == ("", "<p>food</p>")


@pytest.mark.parametrize(
    "draft",
    [
        Draft(text=" \n "),
        Draft(text="", poll=PollDraft(["a", "b"], 600)),
        Draft(text="x" * 5001),
        Draft(text="x" * 4000, spoiler_text="x" * 1001),
        Draft(text="?", poll=PollDraft(["a", " "], 600)),
        Draft(text="?", poll=PollDraft(["a", "a "], 600)),
        Draft(text="?", poll=PollDraft(["a", "b", "c", "d", "e"], 600)),
        Draft(text="?", poll=PollDraft(["a", "x" * 51], 600)),
        Draft(text="?", poll=PollDraft(["a", "b"], 299)),
        Draft(text="?", poll=PollDraft(["a", "b"], 40_000_000)),
        Draft(text="?", poll=PollDraft(["a", "b"], None)),
        Draft(text="x", media_ids=[1, 2, 3, 4, 5]),
        Draft(text="x", media_ids=[1]),
    ],
)
async def test_what_cannot_be_posted_is_said_in_a_sentence(world: World, draft: Draft) -> None:
    ana = await world.member("ana")

    with pytest.raises(Invalid) as refused:
        await posting.publish(world.app, ana, draft, application_id=None)

    assert " " in refused.value.sentence
    assert await world.value("SELECT count(*) FROM statuses") == 0


async def test_links_and_domains_count_as_mastodon_counts_them(world: World) -> None:
    ana = await world.member("ana")
    link = "https://corp.example/" + "a" * 2000

    assert await world.post(ana, f"{link} {'x' * 4976}")
    assert await world.post(ana, f"@rui@{'a' * 60}.example {'👩‍💻' * 4995}")
    with pytest.raises(Invalid):
        await world.post(ana, f"{link} {'x' * 4977}")


async def test_text_that_no_database_holds_is_dropped(world: World) -> None:
    ana = await world.member("ana")

    shown = await world.show(await world.post(ana, "a\x00b\ud800c", spoiler_text="\x00w"), ana)

    assert (shown["content"], shown["spoiler_text"]) == ("<p>abc</p>", "w")


async def test_a_reply_continues_the_conversation(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    first = await world.post(ana)
    answer = await world.post(bob, "@ana yes", in_reply_to_id=first)
    more = await world.post(bob, "and", in_reply_to_id=answer)

    conversations = await world.rows("SELECT DISTINCT conversation_id FROM statuses")
    shown = await world.show(more, ana)

    assert len(conversations) == 1
    # In a thread of one's own the partner stays who it was.
    assert (shown["in_reply_to_id"], shown["in_reply_to_account_id"]) == (str(answer), str(ana))
    assert (await world.show(first, ana))["replies_count"] == 1
    assert await world.told(ana) == [("mention", bob, answer)]


async def test_a_reply_to_what_one_cannot_see_is_not_found(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    secret = await world.post(ana, visibility="private")

    for parent in (secret, new_id(world.clock())):
        with pytest.raises(NotFound):
            await world.post(bob, in_reply_to_id=parent)
    assert await world.post(ana, in_reply_to_id=secret)


async def test_the_same_key_posts_once_also_in_parallel(world: World) -> None:
    ana, bob = await world.people("ana", "bob")

    async def post(author: int, key: str | None) -> int:
        return await posting.publish(
            world.app, author, Draft(text="once"), application_id=None, idempotency_key=key
        )

    ids = await asyncio.gather(*(post(ana, "k" * 3000) for _ in range(5)))

    assert len(set(ids)) == 1
    assert await post(ana, "k" * 3000) == ids[0]
    assert (
        len({ids[0], await post(bob, "k" * 3000), await post(ana, "j"), await post(ana, None)}) == 4
    )
    await world.run("UPDATE idempotency_keys SET created_at = created_at - interval '61 minutes'")
    assert await post(ana, "k" * 3000) != ids[0]


async def test_a_picture_belongs_to_one_post(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    for media_id, owner in ((7, ana), (8, ana), (9, bob)):
        await world.run(
            "INSERT INTO media"
            " (id, account_id, kind, file_key, content_type, stored, width, height)"
            " VALUES ($1, $2, 'image', $3, 'image/png', true, 40, 20)",
            media_id,
            owner,
            f"{media_id:032x}",
        )

    shown = await world.show(await world.post(ana, "", media_ids=[8, 7]), bob)

    assert [each["id"] for each in shown["media_attachments"]] == ["8", "7"]
    assert shown["media_attachments"][0]["meta"]["original"] == {
        "width": 40,
        "height": 20,
        "size": "40x20",
        "aspect": 2.0,
    }
    for taken in (7, 9):
        with pytest.raises(Invalid):
            await world.post(ana, media_ids=[taken])


async def test_people_who_block_the_author_are_not_mentioned(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    await world.run("INSERT INTO blocks (id, account_id, target_id) VALUES (1, $1, $2)", bob, ana)

    shown = await world.show(await world.post(ana, "@bob hey", visibility="direct"), ana)

    assert shown["mentions"] == []
    assert await world.told(bob) == []
