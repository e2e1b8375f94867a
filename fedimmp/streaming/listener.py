"""One open stream: whose it is, what it listens to, and the frames that wait to be sent."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import orjson

from fedimmp.streaming.channels import Channel
from fedimmp.streaming.frames import Kind, encode

QUEUE_LIMIT = 256


@dataclass(frozen=True, slots=True)
class Message:
    """An event for some channels. `payload` is JSON text, or an id, or None."""

    event: str
    payload: str | None
    frames: dict[Channel, bytes] = field(default_factory=dict, compare=False, repr=False)
    wires: dict[Channel, bytes] = field(default_factory=dict, compare=False, repr=False)

    def frame(self, channel: Channel) -> bytes:
        """Return the text of the WebSocket frame for one channel, encoded once for all."""
        if (made := self.frames.get(channel)) is None:
            body: dict[str, object] = {"stream": channel.label, "event": self.event}
            if self.payload is not None:
                body["payload"] = self.payload
            made = self.frames[channel] = orjson.dumps(body)
        return made

    def wire(self, channel: Channel) -> bytes:
        """Return the whole WebSocket frame (RFC 6455 section 5.2), which is the same for all."""
        if (made := self.wires.get(channel)) is None:
            made = self.wires[channel] = encode(Kind.TEXT, self.frame(channel))
        return made


class Mailbox:
    """What waits to be sent, for one taker. A queue of asyncio costs 3 KiB for each socket more."""

    __slots__ = ("_items", "_waiter")

    def __init__(self) -> None:
        self._items: list[tuple[Channel, Message] | None] = []
        self._waiter: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: tuple[Channel, Message] | None) -> None:
        self._items.append(item)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def clear(self) -> None:
        self._items.clear()

    def take(self) -> tuple[Channel, Message] | None:
        """Return what waits longest; raises IndexError when nothing does."""
        return self._items.pop(0)

    async def next(self) -> tuple[Channel, Message] | None:
        """Return what waits longest, as soon as something does."""
        while not self._items:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self.take()


@dataclass(eq=False, slots=True)
class Listener:
    """A connection's subscriptions and its bounded queue.

    Whoever does not keep up is cut off: memory stays bounded, and the app reconnects and reads its
    timeline by pages. None in the queue ends the connection, for `close_reason`.
    """

    account_id: int
    token_id: int
    scopes: frozenset[str]
    channels: set[Channel] = field(default_factory=set)
    queue: Mailbox = field(default_factory=Mailbox)
    close_reason: str = ""
    # Sends a message at once where nothing waits before it; False where it has to wait as well.
    express: Callable[[Channel, Message], bool] | None = None
    # Told when the queue is no longer empty.
    on_waiting: Callable[[], None] | None = None

    def push(self, channel: Channel, message: Message) -> None:
        """Send a message or queue it, or close the connection when its queue is full."""
        if self.close_reason:
            return
        if self.express is not None and not len(self.queue) and self.express(channel, message):
            return
        if len(self.queue) < QUEUE_LIMIT:
            self._queue((channel, message))
        else:
            self.close("This connection reads too slowly.")

    def close(self, reason: str) -> None:
        """Ask the connection to end; what is still queued is dropped."""
        if self.close_reason:
            return
        self.close_reason = reason
        self.queue.clear()
        self._queue(None)

    def _queue(self, item: tuple[Channel, Message] | None) -> None:
        self.queue.put(item)
        if self.on_waiting is not None:
            self.on_waiting()
