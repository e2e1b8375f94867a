"""The world of posts, and a hub over it with listeners but without sockets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import orjson
import pytest

from fedimmp.streaming.channels import Channel, read_channel
from fedimmp.streaming.hub import Hub, stop
from fedimmp.streaming.listener import Listener, Message
from tests.posts.conftest import world
from tests.posts.world import World

__all__ = ["streams", "world"]

Heard = tuple[tuple[str, ...], str, int]


@dataclass(slots=True)
class Streams:
    """The hub of the world; what a listener heard is complete once a later post was heard."""

    world: World
    hub: Hub
    herald: int
    marks: set[int] = field(default_factory=set)

    @contextlib.contextmanager
    def listening(self, account_id: int, *names: str, **words: str) -> Iterator[Listener]:
        """Let an account listen to streams, as an open socket does."""
        channels = {read_channel({"stream": name, **words}) for name in names}
        listener = Listener(account_id, account_id, frozenset({"read"}), channels)
        self.hub.join(listener)
        yield listener
        self.hub.leave(listener)

    async def heard(self, listener: Listener) -> list[Heard]:
        """Return what the listener was told so far: stream, event, and the id of its object."""
        with self.listening(self.herald, "public") as last:
            mark = await self.world.post(self.herald, "End of transmission")
            self.marks.add(mark)
            async with asyncio.timeout(10):
                while _id((await _told(last))[1]) != mark:
                    pass
        found = []
        while len(listener.queue):
            channel, message = await _told(listener)
            found.append((tuple(channel.label), message.event, _id(message)))
        return sorted(each for each in found if each[2] not in self.marks)


async def _told(listener: Listener) -> tuple[Channel, Message]:
    """Return what an open stream is told next."""
    queued = await listener.queue.next()
    assert queued is not None, listener.close_reason
    return queued


def _id(message: Message) -> int:
    """Return the id in a payload, or of the status that a notification is about."""
    if message.event == "delete":
        return int(message.payload or 0)
    entity = orjson.loads(message.payload or "{}")
    for name in ("status", "last_status"):
        entity = entity.get(name) or entity
    return int(entity["id"])


@pytest.fixture
async def streams(world: World) -> AsyncIterator[Streams]:
    hub = Hub(world.app)
    task = asyncio.create_task(hub.run())
    async with asyncio.timeout(10):
        while not hub.is_ready:
            await asyncio.sleep(0.01)
    yield Streams(world, hub, await world.member("herald"))
    await stop(task)
