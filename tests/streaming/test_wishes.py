"""What members wish to hear and not to hear, as streams carry it."""

import pytest

from fedimmp.services import hashtags, office_blocks
from tests.posts.world import World
from tests.streaming.conftest import Streams

USER, PUBLIC = ("user",), ("public",)


async def test_a_followed_hashtag_is_heard_at_home(streams: Streams, world: World) -> None:
    ana, bo, cy = await world.people("ana", "bo", "cy")
    await hashtags.follow_tag(world.app, bo, "Lunch")
    with streams.listening(bo, "user") as fan, streams.listening(cy, "user") as stranger:
        post = await world.post(ana, "#lunch")
        await world.post(ana, "#lunch", visibility="unlisted")
        await world.post(ana, "#dinner")
        assert await streams.heard(fan) == [(USER, "update", post)]
        assert await streams.heard(stranger) == []
        await hashtags.unfollow_tag(world.app, bo, "lunch")
        await world.post(ana, "#lunch again")
        assert await streams.heard(fan) == []


@pytest.mark.sec("SEC-202")
async def test_nobody_of_a_blocked_office_is_heard(streams: Streams, world: World) -> None:
    bo, cy = await world.people("bo", "cy")
    rui = await world.stranger("rui")
    async with world.app.db.reader() as conn:
        domain = await conn.fetchval("SELECT domain FROM accounts WHERE id = $1", rui)
    with streams.listening(bo, "public") as avoiding, streams.listening(cy, "public") as other:
        first = (await world.arrive(rui, "first")).id
        assert await streams.heard(avoiding) == [(PUBLIC, "update", first)]
        assert await streams.heard(other) == [(PUBLIC, "update", first)]
        await office_blocks.block_office(world.app, bo, domain)
        second = (await world.arrive(rui, "second")).id
        assert await streams.heard(avoiding) == []
        assert await streams.heard(other) == [(PUBLIC, "update", second)]
