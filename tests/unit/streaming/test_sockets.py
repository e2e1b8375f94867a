"""WebSockets by their bytes: what a client may send, what it is told, and when it is cut off."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedimmp.errors import BadRequest
from fedimmp.streaming.channels import Channel
from fedimmp.streaming.frames import (
    FRAME_LIMIT,
    FrameError,
    FrameReader,
    Kind,
    encode,
    encode_close,
)
from fedimmp.streaming.heartbeats import Heart
from fedimmp.streaming.hub import Hub
from fedimmp.streaming.listener import QUEUE_LIMIT, Listener, Message
from fedimmp.streaming.sockets import Socket

HOME = Channel("user")


def masked(kind: int, payload: bytes, *, final: bool = True, reserved: int = 0) -> bytes:
    """Return a frame as a client sends it."""
    # Frames are parameters of tests, which must have the same names in each process of a run.
    key, size = b"\x9a\x17\xc3\x5e", len(payload)
    length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    body = bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))
    return bytes((0x80 * final | reserved | kind,)) + length + key + body


def read(*pieces: bytes) -> list[tuple[Kind, bytes]]:
    reader, found = FrameReader(), []
    for piece in pieces:
        reader.feed(piece)
        while (message := reader.next()) is not None:
            found.append(message)
    return found


@given(st.lists(st.binary(max_size=300), max_size=6), st.integers(1, 40))
def test_messages_come_out_however_their_bytes_are_cut(texts: list[bytes], size: int) -> None:
    sent = b"".join(masked(Kind.TEXT, text) for text in texts)
    pieces = [sent[at : at + size] for at in range(0, len(sent), size)]
    assert read(*pieces) == [(Kind.TEXT, text) for text in texts]


def test_fragments_are_joined_and_control_frames_come_between_them() -> None:
    sent = (
        masked(Kind.TEXT, b"one ", final=False),
        masked(Kind.PING, b"?"),
        masked(Kind.CONTINUATION, b"two ", final=False),
        masked(Kind.CONTINUATION, b"three"),
        masked(Kind.TEXT, b"four"),
    )
    assert read(*sent) == [(Kind.PING, b"?"), (Kind.TEXT, b"one two three"), (Kind.TEXT, b"four")]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"\x81\x02hi", 1002),
        (masked(Kind.TEXT, b"", reserved=0x40), 1002),
        (masked(3, b""), 1002),
        (masked(11, b""), 1002),
        (masked(Kind.PING, b"", final=False), 1002),
        (masked(Kind.PING, bytes(126)), 1002),
        (masked(Kind.CONTINUATION, b"of nothing"), 1002),
        (masked(Kind.TEXT, b"", final=False) + masked(Kind.TEXT, b""), 1002),
        (masked(Kind.TEXT, bytes(FRAME_LIMIT + 1)), 1009),
        (b"\x81\xff" + b"\xff" * 8, 1009),
        (masked(Kind.TEXT, b"", final=False) + masked(0, b"", final=False) * FRAME_LIMIT, 1009),
    ],
)
def test_what_breaks_the_protocol_is_refused(sent: bytes, code: int) -> None:
    with pytest.raises(FrameError) as refused:
        read(sent)
    assert refused.value.code == code
    assert read(masked(Kind.TEXT, bytes(FRAME_LIMIT))) == [(Kind.TEXT, bytes(FRAME_LIMIT))]


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader_otherwise(data: bytes) -> None:
    try:
        read(data)
    except FrameError as error:
        assert error.code in {1002, 1009}


def test_lengths_of_frames_have_three_forms() -> None:
    assert encode(Kind.TEXT, b"hi") == b"\x81\x02hi"
    assert encode(Kind.TEXT, bytes(200))[:4] == b"\x81\x7e\x00\xc8"
    assert encode(Kind.TEXT, bytes(70_000))[:10] == b"\x81\x7f" + (70_000).to_bytes(8, "big")
    assert len(encode_close(1008, "\u00e9" * 100)) == 2 + 124


class Wire:
    """A connection that keeps what is written, and may be full."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.ended = ""
        self.is_reading = True

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def set_write_buffer_limits(self, high: int) -> None:
        assert high > 0

    def pause_reading(self) -> None:
        self.is_reading = False

    def resume_reading(self) -> None:
        self.is_reading = True

    def close(self) -> None:
        self.ended = self.ended or "closed"

    def abort(self) -> None:
        self.ended = "aborted"


class World:
    """A socket over a wire, and what it was asked and told."""

    def __init__(self) -> None:
        self.wire, self.left = Wire(), 0
        self.wished: list[Mapping[str, Any]] = []
        self.listener = Listener(1, 2, frozenset(), {HOME})
        self.hub = Hub(cast("Any", None))
        self.hub.join(self.listener)
        self.socket = Socket(self.listener, self.hub, Heart(), self._fulfil, self._leave)
        self.socket.connection_made(cast("asyncio.Transport", self.wire))

    async def _fulfil(self, listener: Listener, words: Mapping[str, Any]) -> None:
        assert listener is self.listener
        self.wished.append(words)
        if "bad" in words:
            raise BadRequest("There is no such stream.")

    def _leave(self) -> None:
        self.left += 1


async def turns() -> None:
    """Let tasks that can run come to their end."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_events_wait_in_order_while_the_connection_is_full() -> None:
    world = World()
    messages = [Message("update", str(number)) for number in range(4)]
    world.listener.push(HOME, messages[0])
    world.socket.pause_writing()
    for message in messages[1:]:
        world.listener.push(HOME, message)
    world.listener.push(Channel("public"), Message("update", "of a stream that was left"))
    assert len(world.wire.written) == 1

    world.socket.resume_writing()

    assert world.wire.written == [message.wire(HOME) for message in messages]


async def test_who_reads_too_slowly_is_cut_off() -> None:
    world = World()
    world.socket.pause_writing()
    for _ in range(QUEUE_LIMIT):
        world.listener.push(HOME, Message("update", "1"))
    assert world.wire.written == []
    world.listener.push(HOME, Message("update", "1"))
    assert world.wire.written == [encode_close(1008, "This connection reads too slowly.")]
    assert world.hub.connections_of(1) == 0


async def test_wishes_are_fulfilled_in_turn_and_a_refusal_is_a_frame() -> None:
    world = World()
    frames = [b'{"n":1}', b"no JSON", b"[]", b'{"bad":1}', b'{"n":2}']
    world.socket.data_received(b"".join(masked(Kind.TEXT, frame) for frame in frames))
    await turns()
    assert world.wished == [{"n": 1}, {"bad": 1}, {"n": 2}]
    refusal = b'{"error":"There is no such stream.","status":400}'
    assert world.wire.written == [encode(Kind.TEXT, refusal)]


async def test_a_client_that_does_not_read_answers_is_not_read_either() -> None:
    world = World()
    world.socket.pause_writing()
    world.socket.data_received(masked(Kind.TEXT, b'{"n":1}') * 100)
    await turns()
    assert world.wished == []
    assert not world.wire.is_reading

    world.socket.resume_writing()
    await turns()

    assert len(world.wished) == 100
    assert world.wire.is_reading


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (masked(Kind.PING, b"there?"), encode(Kind.PONG, b"there?")),
        (masked(Kind.BINARY, b"x"), encode_close(1003, "Only text is understood here.")),
        (masked(Kind.TEXT, b"\xff"), encode_close(1007, "This is no text.")),
        (b"\x81\x00", encode_close(1002, "A client's frames are masked.")),
    ],
)
async def test_each_frame_has_its_answer(sent: bytes, answer: bytes) -> None:
    world = World()
    world.socket.data_received(sent)
    assert world.wire.written == [answer]
    world.socket.connection_lost(None)


async def test_a_farewell_is_returned_and_ends_the_connection() -> None:
    world = World()
    world.socket.data_received(masked(Kind.CLOSE, b"\x03\xe8bye"))
    assert (world.wire.written, world.wire.ended) == ([b"\x88\x02\x03\xe8"], "closed")

    other = World()
    other.listener.close("The access token was revoked.")
    assert other.wire.written == [encode_close(1008, "The access token was revoked.")]
    assert other.wire.ended == ""
    other.socket.data_received(masked(Kind.CLOSE, b"\x03\xf0"))
    assert (len(other.wire.written), other.wire.ended) == (1, "closed")
    for each in (world, other):
        each.socket.connection_lost(None)
        assert (each.left, each.hub.connections_of(1)) == (1, 0)


async def test_a_listener_that_was_closed_before_it_opened_is_told_so() -> None:
    world = World()
    late = Listener(7, 8, frozenset())
    world.hub.join(late)
    late.close("The access token was revoked.")
    wire = Wire()
    Socket(late, world.hub, Heart(), world._fulfil, world._leave).connection_made(
        cast("asyncio.Transport", wire)
    )
    assert wire.written == [encode_close(1008, "The access token was revoked.")]


async def test_who_gives_no_sign_of_life_is_dead() -> None:
    world = World()
    world.socket.beat()
    world.socket.data_received(masked(Kind.PONG, b""))
    world.socket.beat()
    assert (world.wire.written, world.wire.ended) == ([encode(Kind.PING, b"")] * 2, "")
    world.socket.beat()
    assert world.wire.ended == "aborted"
