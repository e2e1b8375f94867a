"""Films and sounds as bytes, for the tests of uploads: mere headers, and some that play."""

import io
from struct import pack
from typing import Any

import av
from PIL import Image


def box(kind: bytes, *parts: bytes) -> bytes:
    """Return a box of ISO base media."""
    body = b"".join(parts)
    return pack(">I", 8 + len(body)) + kind + body


def mp4(secret: bytes = b"", *, width: int = 640, height: int = 360, seconds: int = 7) -> bytes:
    """Return the headers of a film, which say in three places where it was made."""
    movie = pack(">IIIII", 0, 1, 1, 1000, seconds * 1000) + bytes(80)
    matrix = pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    track = bytes(40) + matrix + pack(">II", width << 16, height << 16)
    return b"".join(
        (
            box(b"ftyp", b"isom", bytes(4), b"isomavc1"),
            box(
                b"moov",
                box(b"mvhd", movie),
                box(b"trak", box(b"tkhd", track), box(b"udta", secret)),
                box(b"udta", box(b"\xa9xyz", secret), box(b"loci", secret)),
                box(b"meta", bytes(4), secret),
            ),
            box(b"uuid", bytes(16), secret),
            box(b"mdat", b"the film itself"),
        )
    )


def wav(secret: bytes = b"") -> bytes:
    """Return two seconds of silence with a comment."""
    sound = b"fmt " + pack("<IHHIIHH", 16, 1, 1, 8000, 8000, 1, 8)
    comment = b"LIST" + pack("<I", len(secret)) + secret + bytes(len(secret) % 2)
    parts = b"WAVE" + sound + comment + b"data" + pack("<I", 16_000) + b"\x80" * 16_000
    return b"RIFF" + pack("<I", len(parts)) + parts


def flac(secret: bytes = b"") -> bytes:
    """Return the headers of ten seconds of sound with a comment."""
    samples = (48_000 << 44 | 480_000).to_bytes(8)
    info = pack(">I", 34) + bytes(10) + samples + bytes(16)
    comment = b"\x84" + pack(">I", len(secret))[1:] + secret
    return b"fLaC" + info + comment + b"\xff\xf8 the sound"


def mp3(secret: bytes = b"") -> bytes:
    """Return a frame of sound between the two kinds of tags."""
    tag = b"ID3\3\0\0" + bytes((0, 0, len(secret) >> 7, len(secret) & 0x7F)) + secret
    return tag + b"\xff\xfb\x90\x64" + bytes(413) + b"TAG" + secret[:125].ljust(125, b"\0")


def film(
    muxer: str = "mp4",
    video: str = "libx264",
    audio: str | None = "aac",
    *,
    size: tuple[int, int] = (320, 180),
    rate: int = 15,
    rotation: int = 0,
    secret: str = "",
) -> bytes:
    """Return two seconds of film that says in its metadata where it was made."""
    out = io.BytesIO()
    with av.open(out, "w", format=muxer) as made:
        made.metadata.update({"title": secret, "location": secret} if secret else {})
        pictures: Any = made.add_stream(video, rate=rate)
        pictures.width, pictures.height, pictures.pix_fmt = *size, "yuv420p"
        if rotation:
            pictures.set_display_rotation(rotation)
        sounds = _sound_track(made, audio) if audio else None
        for number in range(2 * rate):
            frame = _picture(size, number * 4 % 256)
            frame.pts = number
            made.mux(pictures.encode(frame))
        made.mux(pictures.encode(None))
        if sounds is not None:
            _fill(made, sounds)
    return out.getvalue()


def sound(muxer: str, codec: str, *, secret: str = "") -> bytes:
    """Return two seconds of silence."""
    out = io.BytesIO()
    with av.open(out, "w", format=muxer) as made:
        made.metadata.update({"title": secret, "comment": secret} if secret else {})
        _fill(made, _sound_track(made, codec))
    return out.getvalue()


def _picture(size: tuple[int, int], red: int) -> Any:
    make: Any = av.VideoFrame.from_image
    return make(Image.new("RGB", size, (red, 100, 50)))


def _sound_track(made: Any, codec: str) -> Any:
    track = made.add_stream(codec, rate=48_000)
    track.layout = "stereo"
    return track


def _fill(made: Any, track: Any) -> None:
    for start in range(0, 96_000, 960):
        frame = av.AudioFrame(format=track.format.name, layout="stereo", samples=960)
        frame.sample_rate, frame.pts = 48_000, start
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        made.mux(track.encode(frame))
    made.mux(track.encode(None))
