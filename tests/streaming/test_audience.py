"""Who hears of a post: never anybody who could not read it in a timeline."""

import pytest

from fedimmp.services import blocking, following, interacting, posting
from fedimmp.services.posting import Draft
from storage import events
from storage.events import NewEvent
from tests.posts.world import World
from tests.streaming.conftest import Streams

USER, PUBLIC = ("user",), ("public",)


@pytest.mark.sec("SEC-202")
@pytest.mark.parametrize(
    ("visibility", "followers", "mentioned", "everybody"),
    [
        ("public", True, True, True),
        ("unlisted", True, True, False),
        ("private", True, True, False),
        ("direct", False, True, False),
    ],
)
async def test_each_visibility_has_its_listeners(
    streams: Streams,
    world: World,
    visibility: str,
    followers: bool,
    mentioned: bool,
    everybody: bool,
) -> None:
    ana, bo, cy, eve = await world.people("ana", "bo", "cy", "eve")
    await world.follow(bo, ana)
    await world.follow(cy, ana)
    with (
        streams.listening(bo, "user") as follower,
        streams.listening(cy, "user", "user:notification") as named,
        streams.listening(eve, "user", "public", "public:local") as stranger,
        streams.listening(ana, "user") as author,
    ):
        post = await world.post(ana, "@cy hello", visibility=visibility)
        update = (USER, "update", post)
        assert await streams.heard(follower) == [update] * followers
        notes = [(USER, "notification", post), (("user:notification",), "notification", post)]
        assert await streams.heard(named) == sorted([update, *notes] if mentioned else [])
        assert await streams.heard(stranger) == (
            [(PUBLIC, "update", post), (("public:local",), "update", post)] if everybody else []
        )
        assert await streams.heard(author) == [update]


@pytest.mark.sec("SEC-202")
async def test_edits_and_deletions_follow_the_post(streams: Streams, world: World) -> None:
    ana, bo, eve = await world.people("ana", "bo", "eve")
    await world.follow(bo, ana)
    post = await world.post(ana, "Helo", visibility="private")
    with (
        streams.listening(bo, "user") as reader,
        streams.listening(eve, "user", "public") as stranger,
    ):
        await streams.heard(reader)
        await posting.edit(world.app, ana, post, Draft(text="Hello"))
        assert await streams.heard(reader) == [(USER, "status.update", post)]
        await posting.delete(world.app, ana, post)
        assert await streams.heard(reader) == [(USER, "delete", post)]
        assert await streams.heard(stranger) == []


@pytest.mark.sec("SEC-202")
async def test_who_was_shut_out_hears_no_more(streams: Streams, world: World) -> None:
    ana, bo, cy, di = await world.people("ana", "bo", "cy", "di")
    for reader in (bo, cy, di):
        await world.follow(reader, ana)
    post = await world.post(ana, "Helo", visibility="private")
    with (
        streams.listening(bo, "user") as removed,
        streams.listening(cy, "user") as blocked,
        streams.listening(di, "user") as friend,
    ):
        for listener in (removed, blocked, friend):
            await streams.heard(listener)
        await following.remove_follower(world.app, ana, bo)
        await blocking.block(world.app, ana, cy)
        await posting.edit(world.app, ana, post, Draft(text="Hello, without Bo and Cy"))
        again = await world.post(ana, "And again", visibility="private")
        assert await streams.heard(friend) == sorted(
            [(USER, "status.update", post), (USER, "update", again)]
        )
        for listener in (removed, blocked):
            assert [each for each in await streams.heard(listener) if each[1] != "delete"] == []


async def test_public_streams_are_told_apart(streams: Streams, world: World) -> None:
    ana, bo = await world.people("ana", "bo")
    rui = await world.stranger("rui")
    sides = ("public", "public:local", "public:remote", "public:media")
    with (
        streams.listening(bo, *sides) as open_,
        streams.listening(bo, "hashtag", "hashtag:local", tag="#Lunch") as tagged,
    ):
        here = await world.post(ana, "here #lunch")
        there = (await world.arrive(rui, "there")).id
        reply = await world.post(bo, "@ana reply #lunch", in_reply_to_id=here)
        boost = await interacting.boost(world.app, bo, here)
        heard = await streams.heard(open_)
        assert heard == sorted(
            [
                (PUBLIC, "update", here),
                (("public:local",), "update", here),
                (PUBLIC, "update", there),
                (("public:remote",), "update", there),
            ]
        )
        assert boost not in {each[2] for each in heard}
        labels = (("hashtag", "lunch"), ("hashtag:local", "lunch"))
        assert await streams.heard(tagged) == sorted(
            (label, "update", each) for label in labels for each in (here, reply)
        )


async def test_the_muted_and_the_blocked_are_not_heard_in_public(
    streams: Streams, world: World
) -> None:
    ana, bo, cy, di = await world.people("ana", "bo", "cy", "di")
    await blocking.mute(world.app, bo, ana)
    await blocking.block(world.app, cy, ana)
    await blocking.block(world.app, ana, di)
    with (
        streams.listening(bo, "public") as muting,
        streams.listening(cy, "public") as blocking_,
        streams.listening(di, "public") as blocked,
    ):
        await world.post(ana, "hello")
        for listener in (muting, blocking_, blocked):
            assert await streams.heard(listener) == []


async def test_one_bad_event_does_not_silence_the_next(streams: Streams, world: World) -> None:
    ana, bo = await world.people("ana", "bo")
    post = await world.post(ana, "hello")
    with streams.listening(bo, "public") as listener:
        await streams.heard(listener)
        async with world.app.db.writer() as tx:
            await events.append_many(
                tx,
                [
                    NewEvent(
                        "status.published",
                        subject_id=post,
                        detail={"visibility": "public", "local": True, "author": author},
                    )
                    for author in ("nobody", ana)
                ],
            )
        assert await streams.heard(listener) == [(PUBLIC, "update", post)]
