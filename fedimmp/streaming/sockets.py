"""An open WebSocket, once it was agreed on: all that its connection still keeps in memory.

aiohttp's own would keep the request, two tasks and their frames as well, 24 KiB for each socket.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, cast

import orjson

from fedimmp.errors import Refusal
from fedimmp.streaming.channels import Channel, error_frame
from fedimmp.streaming.frames import FrameError, FrameReader, Kind, encode, encode_close
from fedimmp.streaming.heartbeats import Heart
from fedimmp.streaming.hub import Hub
from fedimmp.streaming.listener import Listener, Message

log = logging.getLogger(__name__)

# How long the other side gets to close its end.
_CLOSE_SECONDS: Final = 5.0
# So many wishes of a client may wait; then it is not read for a while.
_MOST_WISHES: Final = 16
# What a connection may hold back before messages wait in the bounded queue.
_MOST_BUFFERED: Final = 16 * 1024

# Fulfils a wish: a frame of the client, as an object. Raises Refusal.
Fulfil = Callable[[Listener, Mapping[str, Any]], Awaitable[None]]


class Socket(asyncio.Protocol):
    """A WebSocket that carries what its listener hears.

    Frames are written at once as long as the connection takes them, else they wait in the
    listener's queue, which is bounded. There is a task only while the client has a wish.
    """

    __slots__ = (
        "_closing",
        "_fulfil",
        "_heart",
        "_hub",
        "_is_alive",
        "_is_full",
        "_leave",
        "_listener",
        "_reader",
        "_task",
        "_transport",
        "_wishes",
    )

    def __init__(
        self,
        listener: Listener,
        hub: Hub,
        heart: Heart,
        fulfil: Fulfil,
        leave: Callable[[], None],
    ) -> None:
        self._listener = listener
        self._hub = hub
        self._heart = heart
        self._fulfil = fulfil
        self._leave = leave
        self._reader: FrameReader | None = FrameReader()
        self._transport: asyncio.Transport | None = None
        self._is_alive = True
        self._is_full = False
        self._closing: asyncio.TimerHandle | None = None
        self._wishes: list[Mapping[str, Any]] = []
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, on a connection whose upgrade was answered."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=_MOST_BUFFERED)
        self._heart.join(self)
        self._listener.express, self._listener.on_waiting = self._express, self._catch_up
        self._catch_up()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (asyncio's signature)
        """Forget everything."""
        self._transport = None
        self._hub.leave(self._listener)
        self._heart.leave(self)
        self._leave()
        self._listener.express = self._listener.on_waiting = None
        self._wishes.clear()
        if self._closing is not None:
            self._closing.cancel()
        if self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        """Let messages wait."""
        self._is_full = True

    def resume_writing(self) -> None:
        """Send what waits."""
        self._is_full = False
        self._catch_up()
        self._go_on()

    def data_received(self, data: bytes) -> None:
        """Take what the client sends."""
        self._is_alive = True
        if self._reader is not None:
            self._reader.feed(data)
            self._go_on()

    def _go_on(self) -> None:
        """Read as many frames as may wait; the rest is not taken from the connection yet."""
        if self._transport is None:
            return
        try:
            while (
                self._reader is not None
                and len(self._wishes) < _MOST_WISHES
                and (message := self._reader.next()) is not None
            ):
                self._take(*message)
        except FrameError as error:
            # Nothing that follows can be understood.
            self._reader = None
            self.close(error.code, str(error))
        if len(self._wishes) < _MOST_WISHES:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()
        if self._wishes and self._task is None and not self._is_full:
            self._task = asyncio.create_task(self._work())

    def _take(self, kind: Kind, payload: bytes) -> None:
        match kind:
            case Kind.CLOSE:
                if self._closing is None:
                    self._write(encode(Kind.CLOSE, payload[:2]))
                if self._transport is not None:
                    self._transport.close()
            case Kind.PING if not self._is_full:
                self._write(encode(Kind.PONG, payload))
            case Kind.BINARY:
                self.close(1003, "Only text is understood here.")
            case Kind.TEXT:
                self._read(payload)

    def _read(self, text: bytes) -> None:
        try:
            words = orjson.loads(text)
        except orjson.JSONDecodeError:
            # Mastodon ignores what is no JSON, but text it must be (RFC 6455 section 8.1).
            try:
                text.decode()
            except UnicodeDecodeError:
                self.close(1007, "This is no text.")
            return
        if isinstance(words, dict) and self._closing is None:
            self._wishes.append(words)

    def wish(self, words: Mapping[str, Any]) -> None:
        """Fulfil what the client asked for when it opened this, in its turn."""
        if self._closing is None:
            self._wishes.append(words)
            self._go_on()

    async def _work(self) -> None:
        """Fulfil wishes while answers are taken; a refusal is one, and the socket stays open."""
        try:
            while self._wishes and not self._is_full and self._closing is None:
                try:
                    await self._fulfil(self._listener, self._wishes.pop(0))
                except Refusal as refusal:
                    self._write(encode(Kind.TEXT, orjson.dumps(error_frame(refusal))))
        except Exception:
            log.exception("A stream could not do what its app asked for")
            self.close(1011, "Something went wrong here.")
        finally:
            self._task = None
            self._go_on()

    def _express(self, channel: Channel, message: Message) -> bool:
        """Write the frame that all get, unless the connection takes no more for now."""
        if self._is_full:
            return False
        if channel in self._listener.channels:
            self._write(message.wire(channel))
        return True

    def _catch_up(self) -> None:
        """Send what waits, or end where the listener was told to."""
        listener = self._listener
        if listener.close_reason:
            self.close(1008, listener.close_reason)
        while len(listener.queue) and not self._is_full and self._closing is None:
            if (queued := listener.queue.take()) is not None:
                self._express(*queued)

    def beat(self) -> None:
        """Ask for a sign of life; without one since the last time the connection is dead."""
        if not self._is_alive:
            self._abort()
            return
        self._is_alive = False
        self._write(encode(Kind.PING, b""))

    def close(self, code: int, reason: str) -> None:
        """Say why this ends (RFC 6455 section 7.4) and give the client a moment to agree."""
        if self._transport is None or self._closing is not None:
            return
        self._write(encode_close(code, reason))
        self._wishes.clear()
        self._closing = asyncio.get_running_loop().call_later(_CLOSE_SECONDS, self._abort)
        self._hub.leave(self._listener)

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _write(self, frame: bytes) -> None:
        if self._transport is not None and self._closing is None:
            self._transport.write(frame)
