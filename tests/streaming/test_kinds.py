"""Every kind of event reaches the streams that Mastodon names for it, and no others."""

from typing import Any

import orjson
import pytest

from fedimmp.effects import notices
from fedimmp.services import blocking, filtering, posting
from fedimmp.services.filtering import Change, KeywordChange
from fedimmp.services.posting import Draft
from fedimmp.streaming.channels import Channel
from fedimmp.streaming.listener import Listener, Message
from storage import events
from tests.posts.world import World
from tests.streaming.conftest import Streams

USER, PUBLIC, NOTIFICATION = ("user",), ("public",), ("user:notification",)


async def told(streams: Streams, listener: Listener) -> list[tuple[Channel, Message]]:
    """Return the frames that a listener got, once a later post was heard."""
    with streams.listening(streams.herald, "public") as last:
        text = "End of transmission"
        await streams.world.post(streams.herald, text)
        while text not in str((await last.queue.next() or ("", ""))[1]):
            pass
    queued = [listener.queue.take() for _ in range(len(listener.queue))]
    return [each for each in queued if each is not None and text not in str(each[1].payload)]


@pytest.mark.parametrize(
    ("kind", "payload", "sent"),
    [
        ("announcement", {"id": "7"}, '{"id":"7"}'),
        ("announcement.reaction", {"name": "x", "count": 1}, '{"name":"x","count":1}'),
        ("announcement.delete", "7", "7"),
    ],
)
async def test_announcements_reach_every_member(
    streams: Streams, world: World, kind: str, payload: Any, sent: str
) -> None:
    ana, bo = await world.people("ana", "bo")
    with (
        streams.listening(ana, "user", "user:notification", "public") as one,
        streams.listening(bo, "user") as other,
    ):
        async with world.app.db.writer() as tx:
            await events.append(tx, kind, detail={"payload": payload})
        for listener in (one, other):
            ((channel, message),) = await told(streams, listener)
            assert (channel.label, message.event, message.payload) == (["user"], kind, sent)


async def test_a_change_of_filters_is_told_to_its_owner_without_payload(
    streams: Streams, world: World
) -> None:
    ana, bo = await world.people("ana", "bo")
    with streams.listening(ana, "user") as own, streams.listening(bo, "user") as other:
        await filtering.create(world.app, ana, Change(title="Food", context=["home"]))
        ((channel, message),) = await told(streams, own)
        frame = orjson.loads(message.frame(channel))
        assert frame == {"stream": ["user"], "event": "filters_changed"}
        assert await told(streams, other) == []


async def test_merged_notifications_are_told(streams: Streams, world: World) -> None:
    (ana,) = await world.people("ana")
    with streams.listening(ana, "user", "user:notification", "public") as own:
        async with world.app.db.writer() as tx:
            await notices.notifications_merged(tx, ana, [])
        heard = await told(streams, own)
        assert sorted((channel.name, message.event) for channel, message in heard) == [
            ("user", "notifications_merged"),
            ("user:notification", "notifications_merged"),
        ]


@pytest.mark.sec("SEC-202")
async def test_each_connection_gets_what_its_own_filters_find(
    streams: Streams, world: World
) -> None:
    ana, bo, cy = await world.people("ana", "bo", "cy")
    keyword = KeywordChange(keyword="lunch")
    change = Change(title="Food", context=["home"], action="blur", keywords=[keyword])
    await filtering.create(world.app, bo, change)
    with streams.listening(bo, "public") as filtering_, streams.listening(cy, "public") as plain:
        await world.post(ana, "Lunch?")
        await world.post(ana, "Tea?")
        found = [
            [orjson.loads(message.payload or "")["filtered"] for _, message in heard]
            for heard in (await told(streams, filtering_), await told(streams, plain))
        ]
        assert found[1] == [[], []]
        ((result,), nothing) = found[0]
        assert (result["filter"]["filter_action"], result["keyword_matches"]) == ("blur", ["Lunch"])
        assert nothing == []


async def test_edits_of_a_mention_reach_the_notifications(streams: Streams, world: World) -> None:
    ana, bo, eve = await world.people("ana", "bo", "eve")
    post = await world.post(ana, "@bo Helo", visibility="direct")
    with (
        streams.listening(bo, "user", "user:notification") as named,
        streams.listening(eve, "user", "user:notification", "public") as stranger,
    ):
        await streams.heard(named)
        await posting.edit(world.app, ana, post, Draft(text="@bo Hello"))
        assert await streams.heard(named) == [
            (USER, "status.update", post),
            (NOTIFICATION, "status.update", post),
        ]
        await blocking.block(world.app, bo, ana)
        await streams.heard(named)
        await posting.edit(world.app, ana, post, Draft(text="@bo Hello!"))
        assert await streams.heard(named) == []
        assert await streams.heard(stranger) == []


@pytest.mark.sec("SEC-202")
async def test_the_end_of_a_post_is_not_told_to_who_could_not_see_it(
    streams: Streams, world: World
) -> None:
    ana, bo, cy = await world.people("ana", "bo", "cy")
    await blocking.block(world.app, ana, bo)
    secret = await world.post(ana, "secret", visibility="private")
    post = await world.post(ana, "hello #lunch")
    names = ("public", "public:local", "user")
    with (
        streams.listening(bo, *names) as blocked,
        streams.listening(cy, *names) as anybody,
        streams.listening(bo, "hashtag", tag="lunch") as tagged,
    ):
        for listener in (anybody, tagged):
            await streams.heard(listener)
        await posting.delete(world.app, ana, secret)
        await posting.delete(world.app, ana, post)
        assert await streams.heard(anybody) == [
            (PUBLIC, "delete", post),
            (("public:local",), "delete", post),
        ]
        for listener in (blocked, tagged):
            assert await streams.heard(listener) == []


@pytest.mark.sec("SEC-202")
async def test_what_a_reader_hid_later_is_not_told(streams: Streams, world: World) -> None:
    ana, bo, cy = await world.people("ana", "bo", "cy")
    for reader in (bo, cy):
        await world.follow(reader, ana)
    post = await world.post(ana, "Helo")
    await blocking.mute(world.app, bo, ana)
    with streams.listening(bo, "user") as muting, streams.listening(cy, "user") as friend:
        await streams.heard(friend)
        await posting.edit(world.app, ana, post, Draft(text="Hello"))
        assert await streams.heard(friend) == [(USER, "status.update", post)]
        assert await streams.heard(muting) == []


@pytest.mark.sec("SEC-202")
async def test_a_suspended_author_is_not_heard(streams: Streams, world: World) -> None:
    ana, bo = await world.people("ana", "bo")
    await world.follow(bo, ana)
    with streams.listening(bo, "user", "public") as reader:
        async with world.app.db.writer() as tx:
            await tx.execute("UPDATE accounts SET suspended_at = now() WHERE id = $1", ana)
        post = (await world.post(streams.herald, "hello"), ana)[0]
        async with world.app.db.writer() as tx:
            detail = {"visibility": "public", "local": True, "author": ana}
            await tx.execute("UPDATE statuses SET account_id = $1 WHERE id = $2", ana, post)
            await events.append(tx, "status.edited", subject_id=post, detail=detail)
        assert [each for each in await streams.heard(reader) if each[1] == "status.update"] == []


async def test_a_crowded_queue_ends_its_connection(streams: Streams, world: World) -> None:
    (ana,) = await world.people("ana")
    with streams.listening(ana, "user") as slow:
        for _ in range(257):
            slow.push(Channel("user"), Message("delete", "1"))
        assert slow.close_reason == "This connection reads too slowly."
        assert slow.queue.take() is None
