"""Frames of WebSockets (RFC 6455 section 5): what comes from a client, and what goes to it.

Bytes in, bytes out; connections are the matter of `sockets`.
"""

from enum import IntEnum
from typing import Final

FRAME_LIMIT: Final = 4096
_LONGEST_CONTROL: Final = 125
_FINAL: Final = 0x80
_RESERVED: Final = 0x70
_MASKED: Final = 0x80


class Kind(IntEnum):
    """What a frame is (section 5.2)."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class FrameError(Exception):
    """The client broke the protocol; `code` is what its socket is closed with (section 7.4.1)."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def encode(kind: Kind, payload: bytes) -> bytes:
    """Return a whole frame as a server sends it."""
    size = len(payload)
    if size < 126:
        return bytes((_FINAL | kind, size)) + payload
    if size < 1 << 16:
        return bytes((_FINAL | kind, 126)) + size.to_bytes(2, "big") + payload
    return bytes((_FINAL | kind, 127)) + size.to_bytes(8, "big") + payload


def encode_close(code: int, reason: str) -> bytes:
    """Return a frame that closes; a reason too long for it is cut."""
    words = reason.encode()[: _LONGEST_CONTROL - 2].decode(errors="ignore").encode()
    return encode(Kind.CLOSE, code.to_bytes(2, "big") + words)


class FrameReader:
    """Puts messages together from the bytes of a connection, however they are cut."""

    __slots__ = ("_begun", "_data", "_parts", "_place", "_size")

    def __init__(self) -> None:
        # What came, and how far of it is read.
        self._data = b""
        self._place = 0
        # The message whose later fragments are still to come, and how long it is by now.
        self._begun: Kind | None = None
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> None:
        """Add bytes behind those that are not read yet."""
        self._data = self._data[self._place :] + data
        self._place = 0

    def next(self) -> tuple[Kind, bytes] | None:
        """Return the next message or control frame, None until more comes; raises FrameError."""
        while (frame := _frame_at(self._data, self._place)) is not None:
            kind, final, payload, self._place = frame
            if (message := self._joined(kind, final, payload)) is not None:
                return message
        # Sockets keep still for hours: then nothing is kept of what was read.
        self._data, self._place = self._data[self._place :], 0
        return None

    def _joined(self, kind: Kind, final: bool, payload: bytes) -> tuple[Kind, bytes] | None:
        """Return what a frame completes, None for a fragment."""
        if kind >= Kind.CLOSE:
            return kind, payload
        if (kind is Kind.CONTINUATION) is (self._begun is None):
            raise FrameError(1002, "This fragment belongs to no message.")
        if self._begun is None:
            self._begun = kind
        self._parts.append(payload)
        # An empty fragment takes memory, too.
        self._size += max(len(payload), 1)
        if self._size > FRAME_LIMIT:
            raise FrameError(1009, "This message is too long.")
        if not final:
            return None
        whole = self._begun, b"".join(self._parts)
        self._begun, self._parts, self._size = None, [], 0
        return whole


def _frame_at(data: bytes, place: int) -> tuple[Kind, bool, bytes, int] | None:
    """Return a frame's kind, whether it is the last of its message, its payload and its end.

    None where it is not complete yet.
    """
    if len(data) < place + 2:
        return None
    first, second = data[place], data[place + 1]
    kind, size = _head(first, second)
    start = place + 2
    if size >= 126:
        start += 2 if size == 126 else 8
        if len(data) < start:
            return None
        size = int.from_bytes(data[place + 2 : start], "big")
    if size > FRAME_LIMIT:
        raise FrameError(1009, "This message is too long.")
    end = start + 4 + size
    if len(data) < end:
        return None
    payload = _unmasked(data[start + 4 : end], data[start : start + 4])
    return kind, bool(first & _FINAL), payload, end


def _head(first: int, second: int) -> tuple[Kind, int]:
    if first & _RESERVED:
        raise FrameError(1002, "No extension was agreed on.")
    try:
        kind = Kind(first & 0x0F)
    except ValueError:
        raise FrameError(1002, "There is no such frame.") from None
    size = second & ~_MASKED
    if not second & _MASKED:
        raise FrameError(1002, "A client's frames are masked.")
    if kind >= Kind.CLOSE and (size > _LONGEST_CONTROL or not first & _FINAL):
        raise FrameError(1002, "A control frame is short and whole.")
    return kind, size


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
