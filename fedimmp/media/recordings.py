"""Film and sound: told by their first bytes, never by a name.

Those of peers are passed on as they came. Nothing here opens a container, so nothing in one can
lead anywhere. Playlists, Matroska (whose files carry attachments) and QuickTime (which may refer to
other files) are not taken.
"""

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["video", "audio"]

# So many bytes of a file tell what it is.
HEAD_BYTES: Final = 4096

# Of ISO base media (ISO/IEC 14496-12): brands that browsers play.
_FILM_BRANDS: Final = frozenset(
    (
        *(b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42"),
        *(b"avc1", b"dash", b"M4V ", b"M4VP", b"M4VH", b"MSNV", b"f4v "),
    )
)
_SOUND_BRANDS: Final = frozenset((b"M4A ", b"M4B ", b"F4A "))
_EBML: Final = b"\x1a\x45\xdf\xa3"
_DOC_TYPE: Final = b"\x42\x82\x84webm"
_OGG_FILMS: Final = (b"\x80theora", b"OVP80", b"fishead", b"BBCD")


@dataclass(frozen=True, slots=True)
class Recording:
    """What a file is."""

    kind: Kind
    content_type: str


# Of films that apps may send: pixels of a frame, and frames of a second.
MAX_FRAME_PIXELS: Final = 3840 * 2160
MAX_FRAME_RATE: Final = 120

# What is taken, and passed on as it came.
CONTENT_TYPES: Final = frozenset(
    (
        *("video/mp4", "video/webm", "video/ogg"),
        *("audio/mp4", "audio/webm", "audio/ogg", "audio/mpeg", "audio/flac", "audio/wav"),
    )
)
# Other names for the same, which systems give to files and apps compare with ours.
OTHER_NAMES: Final = (
    *("video/x-m4v", "audio/x-m4a", "audio/m4a", "audio/mp3", "audio/x-flac"),
    *("audio/x-wav", "audio/wave", "audio/vnd.wave"),
)


def recognise(head: bytes, *, is_sound: bool) -> Recording | None:
    """Return what the first bytes of a file begin; None for anything that is not passed on.

    Some containers hold either; `is_sound` says that its office calls the file a sound.
    """
    if head[4:8] == b"ftyp":
        return _of_brand(head[8:12], is_sound)
    if head.startswith(_EBML):
        return _either("webm", is_sound) if _DOC_TYPE in head[:128] else None
    if head.startswith(b"OggS\0"):
        return _either("ogg", not any(mark in head[:512] for mark in _OGG_FILMS))
    if head.startswith(b"fLaC"):
        return Recording("audio", "audio/flac")
    if head.startswith(b"RIFF") and head[8:12] == b"WAVE":
        return Recording("audio", "audio/wav")
    if _is_id3(head) or _is_mpeg_frame(head):
        return Recording("audio", "audio/mpeg")
    return None


def _either(container: str, is_sound: bool) -> Recording:
    kind: Kind = "audio" if is_sound else "video"
    return Recording(kind, f"{kind}/{container}")


def _of_brand(brand: bytes, is_sound: bool) -> Recording | None:
    if brand in _SOUND_BRANDS:
        return _either("mp4", is_sound=True)
    return _either("mp4", is_sound) if brand in _FILM_BRANDS else None


def _is_id3(head: bytes) -> bool:
    """Tell an ID3v2 tag by its version and its size, whose bytes have seven bits (ID3v2.4, 3.1)."""
    return (
        len(head) > 10
        and head.startswith(b"ID3")
        and head[3] in (2, 3, 4)
        and all(byte < 0x80 for byte in head[6:10])
    )


def _is_mpeg_frame(head: bytes) -> bool:
    """Tell the header of a Layer III frame (ISO/IEC 11172-3, 2.4.1.3) whose fields are possible."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bit_rate, sample_rate = head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and layer == 1 and bit_rate not in (0, 15) and sample_rate != 3
