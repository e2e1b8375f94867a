"""Editing and deleting: history, who is told, what stays and what goes."""

import pytest

from fedimmp.entities.statuses import render_edits
from fedimmp.errors import Invalid, NotFound
from fedimmp.services import interacting, media, posting
from fedimmp.services.posting import Draft, MediaChange, PollDraft
from fedimmp.workers import jobs
from storage import statuses
from storage.ids import new_id
from tests.posts.test_spreading import outbox
from tests.posts.world import World


async def edit(world: World, author: int, post: int, text: str, **draft: object) -> None:
    await posting.edit(world.app, author, post, Draft(text=text, **draft))  # type: ignore[arg-type]


async def history(world: World, post: int) -> list[str]:
    async with world.app.db.reader() as conn:
        versions = await render_edits(world.app, conn, await statuses.get(conn, post), None)
    return [version["content"] for version in versions]


async def add_picture(world: World, media_id: int, owner: int) -> None:
    await world.run(
        "INSERT INTO media (id, account_id, kind, file_key, content_type, stored)"
        " VALUES ($1, $2, 'image', $3, 'image/png', true)",
        media_id,
        owner,
        f"{media_id:032x}",
    )


async def test_an_edit_keeps_what_was_said_before(world: World) -> None:
    ana = await world.member("ana")
    post = await world.post(ana, "one #a", visibility="unlisted", language="pt")
    before = await world.show(post, ana)

    unchanged = await history(world, post)
    await edit(world, ana, post, "two #b")
    await edit(world, ana, post, "three")
    after = await world.show(post, ana)

    assert unchanged == [before["content"]]
    texts = await history(world, post)
    assert [("one" in text, "two" in text, "three" in text) for text in texts] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]
    assert (after["tags"], after["visibility"], after["language"]) == ([], "unlisted", "pt")
    assert before["edited_at"] is None
    assert after["edited_at"] > before["created_at"] == after["created_at"]


async def test_an_edit_without_a_difference_is_none(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    post = await world.post(ana, "same")
    await interacting.boost(world.app, bob, post)

    await edit(world, ana, post, "same")

    assert (await world.show(post, ana))["edited_at"] is None
    assert await world.told(bob) == []
    assert len(await history(world, post)) == 1


async def test_boosters_and_the_newly_mentioned_are_told(world: World) -> None:
    ana, bob, eve = await world.people("ana", "bob", "eve")
    post = await world.post(ana, "@bob hello")
    await interacting.boost(world.app, bob, post)

    await edit(world, ana, post, "@bob @eve hello")

    assert await world.told(bob) == [("update", ana, post), ("mention", ana, post)]
    assert await world.told(eve) == [("mention", ana, post)]


async def test_who_is_no_longer_mentioned_keeps_a_direct_post(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    post = await world.post(ana, "@bob psst", visibility="direct")

    await edit(world, ana, post, "psst")

    async with world.app.db.reader() as conn:
        assert await statuses.find_visible(conn, bob, post)
    assert (await world.show(post, bob))["mentions"] == []


async def test_an_edit_changes_pictures_and_their_words(world: World) -> None:
    ana = await world.member("ana")
    for media_id in (7, 8):
        await add_picture(world, media_id, ana)
    post = await world.post(ana, "look", media_ids=[7])

    await edit(world, ana, post, "look", media_ids=[7], media_changes=[MediaChange(7, "a cat")])
    described = (await world.show(post, ana))["media_attachments"]
    await edit(world, ana, post, "look", media_ids=[8])
    replaced = (await world.show(post, ana))["media_attachments"]

    async with world.app.db.reader() as conn:
        versions = await render_edits(world.app, conn, await statuses.get(conn, post), None)
    assert [(each["id"], each["description"]) for each in described] == [("7", "a cat")]
    assert [each["id"] for each in replaced] == ["8"]
    assert [[each["description"] for each in one["media_attachments"]] for one in versions] == [
        [None],
        ["a cat"],
        [None],
    ]
    assert await world.value("SELECT payload FROM jobs WHERE kind = 'discard_media'") == {
        "media_ids": [7]
    }


async def test_other_options_reset_a_poll_and_another_end_does_not(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    post = await world.post(ana, "?", poll=PollDraft(["a", "b"], 600))
    poll = int((await world.show(post, ana))["poll"]["id"])
    await world.run(
        "INSERT INTO poll_votes (poll_id, account_id, choice) VALUES ($1, $2, 0)", poll, bob
    )

    await edit(world, ana, post, "?", poll=PollDraft(["a", "b"], 900))
    kept = await world.show(post, bob)
    await edit(world, ana, post, "?", poll=PollDraft(["a", "c"], 900))
    reset = await world.show(post, bob)

    assert (kept["edited_at"], kept["poll"]["own_votes"]) == (None, [0])
    assert reset["poll"]["own_votes"] == []
    assert [option["title"] for option in reset["poll"]["options"]] == ["a", "c"]


async def test_only_the_author_edits_and_deletes(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    post = await world.post(ana)
    boost = await interacting.boost(world.app, ana, post)

    for author, target in ((bob, post), (ana, boost), (ana, new_id(world.clock()))):
        with pytest.raises(NotFound):
            await edit(world, author, target, "mine")
    with pytest.raises(NotFound):
        await posting.delete(world.app, bob, post)
    with pytest.raises(Invalid):
        await edit(world, ana, post, " ")


async def test_a_deleted_post_leaves_a_tombstone_and_no_trace(world: World) -> None:
    ana, bob = await world.people("ana", "bob")
    await world.follow(bob, ana)
    rui = await world.stranger("rui")
    parent = await world.post(bob)
    post = await world.post(ana, "@bob yes", in_reply_to_id=parent)
    uri = (await world.show(post, ana))["uri"]
    answer = await world.arrive(rui, "answer", in_reply_to_uri=uri)

    await posting.delete(world.app, ana, post)

    shown = await world.show(answer.id, bob)
    assert await world.value("SELECT uri FROM tombstones") == uri
    assert (await world.show(parent, bob))["replies_count"] == 0
    assert await world.counts(ana) == 0
    assert await world.home(bob) == [parent]
    assert await world.told(bob) == []
    # The answer stays, and whom it answered is still known.
    assert (shown["in_reply_to_id"], shown["in_reply_to_account_id"]) == (None, str(ana))
    event = await world.rows(
        "SELECT subject_id, account_ids FROM stream_events WHERE kind = 'status.deleted'"
    )
    assert [(row["subject_id"], sorted(row["account_ids"])) for row in event] == [
        (post, sorted([ana, bob]))
    ]
    assert (await outbox(world))[-1] == ("Delete", ["https://porto.example/inbox"])


async def test_a_deleted_direct_post_shortens_the_conversation(world: World) -> None:
    ana, _ = await world.people("ana", "bob")
    first = await world.post(ana, "@bob one", visibility="direct")
    second = await world.post(ana, "@bob two", visibility="direct", in_reply_to_id=first)

    await posting.delete(world.app, ana, second)
    last = await world.rows("SELECT last_status_id FROM account_conversations")
    await posting.delete(world.app, ana, first)

    assert [row["last_status_id"] for row in last] == [first, first]
    assert await world.rows("SELECT 1 FROM account_conversations") == []


async def test_pictures_wait_a_day_for_a_redraft(world: World) -> None:
    ana = await world.member("ana")
    for media_id in (7, 8, 9):
        await add_picture(world, media_id, ana)
        await world.app.media.put(f"{media_id:032x}", b"picture")
    kept, taken, gone = [await world.post(ana, media_ids=[each]) for each in (7, 8, 9)]

    await posting.delete(world.app, ana, kept)
    await posting.delete(world.app, ana, taken)
    await posting.delete(world.app, ana, gone, delete_media=True)
    redraft = await world.post(ana, media_ids=[8])
    due = await world.rows(
        "SELECT payload, due_at - now() > interval '23 hours' AS later FROM jobs"
        " WHERE kind = 'discard_media' ORDER BY payload"
    )
    for row in due:
        for _ in range(2):
            await media.discard_detached(world.app, row["payload"])
    await jobs.run_once(world.app)

    assert [(row["payload"]["media_ids"], row["later"]) for row in due] == [
        ([7], True),
        ([8], True),
        ([9], False),
    ]
    assert [row["id"] for row in await world.rows("SELECT id FROM media")] == [8]
    assert (await world.show(redraft, ana))["media_attachments"][0]["id"] == "8"
    stored = [await world.app.media.get(f"{each:032x}") for each in (7, 8, 9)]
    assert stored == [None, b"picture", None]
