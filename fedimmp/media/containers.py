"""The frames around films and sounds: what they tell of a file, and what they had better not tell.

Only headers are read; the film itself is not. Metadata is overwritten where it lies, so nothing
moves and no address in the file has to change. MP4, FLAC, WAV and MP3 are known; WebM and Ogg, and
tracks of places that cameras record beside the film, stay as they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from fedimmp.errors import Invalid

# Far more than any film has; a file of nothing but headers is not read for long.
_MOST_PARTS: Final = 20_000
_DEEPEST: Final = 8
_ZEROS: Final = bytes(64 * 1024)
# ISO/IEC 14496-12, and what iTunes, Android and cameras add.
_HOLDERS: Final = frozenset((b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf"))
_TELLING: Final = frozenset((b"udta", b"meta", b"uuid", b"loci", b"XMP_"))
_TIMED: Final = frozenset((b"mvhd", b"tkhd", b"mdhd"))
_WAV_TELLING: Final = frozenset((b"LIST", b"id3 ", b"ID3 ", b"bext", b"iXML", b"_PMX", b"axml"))
# APPLICATION, VORBIS_COMMENT and PICTURE (RFC 9639 section 8.1).
_FLAC_TELLING: Final = frozenset((2, 4, 6))
_FLAC_PADDING: Final = 1


@dataclass(frozen=True, slots=True)
class Measures:
    """What headers say: pixels and seconds, None where they don't."""

    width: int | None = None
    height: int | None = None
    duration: float | None = None


@dataclass(slots=True)
class _Walk:
    """A file and how many parts of it may still be read."""

    file: BinaryIO
    left: int = _MOST_PARTS

    def read(self, at: int, length: int) -> bytes:
        self.left -= 1
        if self.left < 0:
            raise Invalid("This recording is made of too many parts")
        self.file.seek(at)
        return self.file.read(length)

    def blank(self, start: int, end: int) -> None:
        self.file.seek(start)
        while start < end:
            start += self.file.write(_ZEROS[: min(len(_ZEROS), end - start)])

    def write(self, at: int, data: bytes) -> None:
        self.file.seek(at)
        self.file.write(data)


def blank_metadata(file: BinaryIO, size: int, content_type: str) -> Measures:
    """Overwrite what a recording tells of its maker, place and time; return its measures.

    Raises Invalid for a file that has no end of headers.
    """
    walk = _Walk(file)
    match content_type:
        case "video/mp4" | "audio/mp4":
            return _mp4(walk, 0, size, Measures(), _DEEPEST)
        case "audio/flac":
            return _flac(walk, size)
        case "audio/wav":
            return _wav(walk, size)
        case "audio/mpeg":
            _mp3(walk, size)
    return Measures()


def _boxes(walk: _Walk, start: int, end: int) -> Iterator[tuple[int, int, int, bytes]]:
    """Yield (start, start of the body, end, type) of the boxes between two places."""
    while start + 8 <= end:
        head = walk.read(start, 16)
        length, body = int.from_bytes(head[:4]), start + 8
        if length == 1:
            length, body = int.from_bytes(head[8:16]), start + 16
        elif length == 0:
            length = end - start
        stop = start + length
        if stop > end or stop < body:
            return
        yield start, body, stop, head[4:8]
        start = stop


def _mp4(walk: _Walk, start: int, end: int, found: Measures, depth: int) -> Measures:
    for at, body, stop, kind in _boxes(walk, start, end):
        if kind in _TELLING or kind.startswith(b"\xa9"):
            walk.write(at + 4, b"free")
            walk.blank(body, stop)
        elif kind in _HOLDERS and depth:
            found = _mp4(walk, body, stop, found, depth - 1)
        elif kind in _TIMED:
            found = _measured(walk.read(body, 104), kind, found)
            wide = walk.read(body, 1) == b"\1"
            walk.blank(body + 4, min(stop, body + (20 if wide else 12)))
    return found


def _measured(box: bytes, kind: bytes, found: Measures) -> Measures:
    wide = box[:1] == b"\1"
    if kind == b"mvhd":
        at = 20 if wide else 12
        scale = int.from_bytes(box[at : at + 4])
        units = int.from_bytes(box[at + 4 : at + (12 if wide else 8)])
        return replace(found, duration=round(units / scale, 3)) if scale and units else found
    if kind == b"tkhd":
        at = 88 if wide else 76
        matrix = [int.from_bytes(box[each : each + 4]) for each in (at - 36, at - 32)]
        width, height = (int.from_bytes(box[each : each + 2]) for each in (at, at + 4))
        if width and height and found.width is None:
            # A film that lies on its side is turned by this matrix.
            turned = matrix[0] == 0 and matrix[1] != 0
            width, height = (height, width) if turned else (width, height)
            return replace(found, width=width, height=height)
    return found


def _flac(walk: _Walk, size: int) -> Measures:
    at, found = 4, Measures()
    while at + 4 <= size:
        head = walk.read(at, 22)
        stop = at + 4 + int.from_bytes(head[1:4])
        kind, is_last = head[0] & 0x7F, head[0] & 0x80
        if kind == 0 and len(head) == 22:
            rate = int.from_bytes(head[14:17]) >> 4
            samples = int.from_bytes(head[17:22]) & 0xFFFFFFFFF
            found = Measures(duration=round(samples / rate, 3)) if rate and samples else found
        elif kind in _FLAC_TELLING and stop <= size:
            walk.write(at, bytes((is_last | _FLAC_PADDING,)))
            walk.blank(at + 4, stop)
        if is_last:
            break
        at = stop
    return found


def _wav(walk: _Walk, size: int) -> Measures:
    at, rate, found = 12, 0, Measures()
    while at + 8 <= size:
        head = walk.read(at, 20)
        length = int.from_bytes(head[4:8], "little")
        stop = min(size, at + 8 + length)
        if head[:4] == b"fmt ":
            rate = int.from_bytes(head[16:20], "little")
        elif head[:4] == b"data" and rate:
            found = Measures(duration=round((stop - at - 8) / rate, 3))
        elif head[:4] in _WAV_TELLING:
            walk.write(at, b"JUNK")
            walk.blank(at + 8, stop)
        at = stop + length % 2
    return found


def _mp3(walk: _Walk, size: int) -> None:
    head = walk.read(0, 10)
    if head.startswith(b"ID3"):
        length = 0
        for byte in head[6:10]:
            length = length << 7 | byte & 0x7F
        # A tag of nothing but padding.
        walk.write(5, b"\0")
        walk.blank(10, min(size, 10 + length))
    if size >= 128 and walk.read(size - 128, 3) == b"TAG":
        walk.blank(size - 125, size)
