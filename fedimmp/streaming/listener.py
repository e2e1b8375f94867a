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
    frames: dict[Channel, bytes] = field(default_factory=dict, compare=False, repr=False)

    def frame(self, channel: Channel) -> bytes:
        """Return the text of the WebSocket frame for one channel, encoded once for all."""
        if (made := self.frames.get(channel)) is None:
            body: dict[str, object] = {"stream": channel.label, "event": self.event}
            if self.payload is not None:
                body["payload"] = self.payload
            made = self.frames[channel] = orjson.dumps(body)
        return made


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
    queue: asyncio.Queue[tuple[Channel, Message] | None] = field(default_factory=asyncio.Queue)
    close_reason: str = ""

    def push(self, channel: Channel, message: Message) -> None:
        """Queue a message, or close the connection when its queue is full."""
        if self.close_reason:
            return
        if self.queue.qsize() < QUEUE_LIMIT:
            self.queue.put_nowait((channel, message))
        else:
            self.close("This connection reads too slowly.")

    def close(self, reason: str) -> None:
        """Ask the connection to end; what is still queued is dropped."""
        if self.close_reason:
            return
        self.close_reason = reason
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)
