"""One open stream: whose it is, what it listens to, and the frames that wait to be sent."""

import asyncio
from dataclasses import dataclass, field

import orjson

from fedimmp.streaming.channels import Channel

QUEUE_LIMIT = 256


@dataclass(frozen=True, slots=True)
class Message:
    """An event for some channels. `payload` is JSON text, or an id, or None."""

    event: str
    payload: str | None

    def frame(self, channel: Channel) -> str:
        """Return the WebSocket text frame for one channel."""
        body: dict[str, object] = {"stream": channel.label, "event": self.event}
        if self.payload is not None:
            body["payload"] = self.payload
        return orjson.dumps(body).decode()


@dataclass(eq=False, slots=True)
class Listener:
    """A connection's subscriptions and its bounded queue.

    Whoever does not keep up is cut off: memory stays bounded, and the app reconnects and reads its
    timeline by pages.
    """

    account_id: int
    token_id: int
    scopes: frozenset[str]
    channels: set[Channel] = field(default_factory=set)
    queue: asyncio.Queue[tuple[Channel, Message]] = field(
        default_factory=lambda: asyncio.Queue(QUEUE_LIMIT)
    )
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    close_reason: str = ""

    def push(self, channel: Channel, message: Message) -> None:
        """Queue a message, or close the connection when its queue is full."""
        if self.closed.is_set():
            return
        try:
            self.queue.put_nowait((channel, message))
        except asyncio.QueueFull:
            self.close("This connection reads too slowly.")

    def close(self, reason: str) -> None:
        """Ask the connection to end; what is still queued is dropped."""
        self.close_reason = self.close_reason or reason
        self.closed.set()
