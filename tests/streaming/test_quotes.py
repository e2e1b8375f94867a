"""What a stream shows of a quoted post: to nobody more than a timeline would."""

from typing import Any

import orjson

from fedimmp.services import blocking
from fedimmp.streaming.listener import Listener
from tests.posts.world import World
from tests.streaming.conftest import Streams


async def _heard(listener: Listener, status_id: int) -> dict[str, Any]:
    """Return the status as a listener hears of it, by itself or in a notification."""
    while True:
        queued = await listener.queue.next()
        assert queued is not None
        message = queued[1]
        payload = orjson.loads(message.payload or "{}")
        entity: dict[str, Any] = payload.get("status") or payload
        if entity["id"] == str(status_id):
            return entity


async def test_a_private_quoted_post_reaches_its_readers_alone(
    streams: Streams, world: World
) -> None:
    ana, bo, cy = await world.people("ana", "bo", "cy")
    await world.follow(bo, ana)
    secret = await world.post(ana, "secret", visibility="private")
    with (
        streams.listening(bo, "user") as reader,
        streams.listening(cy, "user") as named,
        streams.listening(ana, "user") as author,
    ):
        post = await world.post(ana, "@cy see", visibility="private", quoted_status_id=secret)
        to_bo, to_ana = await _heard(reader, post), await _heard(author, post)
        to_cy = await _heard(named, post)

    for entity in (to_bo, to_ana):
        assert entity["quote"]["quoted_status"]["id"] == str(secret)
    assert to_cy["quote"] == {"state": "unauthorized", "quoted_status": None}
    assert "secret" not in str(to_cy)


async def test_the_public_stream_shows_each_what_they_may_and_want_to_see(
    streams: Streams, world: World
) -> None:
    ana, bo, cy, di = await world.people("ana", "bo", "cy", "di")
    quoted = await world.post(ana, "Lunch?")
    await blocking.block(world.app, ana, cy)
    await blocking.block(world.app, di, ana)
    with (
        streams.listening(bo, "public") as anybody,
        streams.listening(cy, "public") as shut_out,
        streams.listening(di, "public") as unwilling,
    ):
        post = await world.post(bo, "Look", quoted_status_id=quoted)
        states = [
            (await _heard(each, post))["quote"]["state"] for each in (anybody, shut_out, unwilling)
        ]

    assert states == ["accepted", "unauthorized", "blocked_account"]
