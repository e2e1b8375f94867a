"""The child process that reads a stranger's film or sound: `python -m fedimmp.media.converter JOB`.

Before it reads a byte it limits its memory, its time and the size of what it writes, and forbids
itself to open anything, be it a file or a connection: what a container refers to stays unread. The
container is the one that the first bytes told, so no list of other files passes for a film. The
file is stdin; the new one is written to the descriptor that the job names; a JSON line and then the
preview leave by stdout. It needs PyAV, which only the extra `media` brings.
"""

import io
import itertools
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from fractions import Fraction
from typing import Any, BinaryIO, Final

# What PyAV imports when it meets a track has to be here before nothing can be opened.
import av
import av.subtitles.stream
from av.audio.resampler import AudioResampler
from av.container import InputContainer, OutputContainer
from av.filter import Graph
from av.video.stream import VideoStream
from PIL import Image

from fedimmp.media.decoder import encode, fit, hash_of, limit_process, open_picture
from fedimmp.media.films import Facts, Refused

MEMORY_BYTES: Final = 3 * 1024**3
CPU_SECONDS: Final = 180
_PREVIEW_PIXELS: Final = 640 * 360
_CONVERTED_PIXELS: Final = 1920 * 1080
_MOST_STREAMS: Final = 32
_THREADS: Final = 2
_DEMUXERS: Final = {
    "video/mp4": "mov",
    "audio/mp4": "mov",
    "video/webm": "matroska",
    "audio/webm": "matroska",
    "video/ogg": "ogg",
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/flac": "flac",
    "audio/wav": "wav",
    "image/gif": "gif",
}
# The containers of sounds that are kept, and the codecs that browsers play in them.
_SOUNDS: Final = {
    "audio/mp4": ("mp4", frozenset(("aac", "mp3"))),
    "audio/webm": ("webm", frozenset(("opus", "vorbis"))),
    "audio/ogg": ("ogg", frozenset(("opus", "vorbis", "flac"))),
    "audio/mpeg": ("mp3", frozenset(("mp3", "mp3float"))),
    "audio/flac": ("flac", frozenset(("flac",))),
    "audio/wav": ("wav", frozenset(("pcm_s16le", "pcm_s24le", "pcm_u8", "pcm_f32le"))),
}


def _open_nothing(*_given: object, **_more: object) -> object:
    raise PermissionError("Nothing else is opened.")


def convert(source: BinaryIO, target: BinaryIO, job: dict[str, Any]) -> tuple[Facts, bytes]:
    """Make a file anew: copy what browsers play, convert what they don't, leave all else out."""
    said: str = job["content_type"]
    with av.open(
        source,
        "r",
        format=_DEMUXERS[said],
        options={"protocol_whitelist": "none"},
        io_open=_open_nothing,
    ) as container:
        if len(container.streams) > _MOST_STREAMS:
            raise Refused("This recording has too many tracks.")
        films = [each for each in container.streams.video if not _is_cover(each)]
        if films:
            return _film(container, films[0], target, job)
        if container.streams.audio:
            return _sound(container, target, job)
    raise Refused("This file has neither picture nor sound.")


def _is_cover(stream: VideoStream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _film(
    container: InputContainer, stream: VideoStream, target: BinaryIO, job: dict[str, Any]
) -> tuple[Facts, bytes]:
    codec, rate = stream.codec_context, stream.average_rate or Fraction(0)
    if codec.width * codec.height > job["max_pixels"]:
        raise Refused(f"This film has more than {job['max_pixels']:,} pixels.")
    if rate > job["max_frame_rate"]:
        raise Refused(f"This film has more than {job['max_frame_rate']} frames a second.")
    codec.thread_count = _THREADS
    first = next(container.decode(stream), None)
    if first is None:
        raise Refused("This film has no picture.")
    picture = _still(first)
    container.seek(0)
    is_kept = (
        codec.name == "h264"
        and codec.pix_fmt in ("yuv420p", "yuvj420p")
        and job["content_type"] == "video/mp4"
        and first.rotation == 0
    )
    with av.open(target, "w", format="mp4", options={"fflags": "+bitexact"}) as out:
        size = picture.size
        if is_kept:
            video: Callable[..., Any] = _copied(out, stream)
        else:
            video, size = _drawn(out, stream, first.rotation, picture.size, rate)
        sounds = container.streams.audio
        audio = _heard(out, sounds[0]) if sounds else None
        _run(container, {stream.index: video} | ({sounds[0].index: audio} if audio else {}))
    facts, preview = _shown(picture)
    facts.kind = "gifv" if job["content_type"] == "image/gif" else "video"
    facts.content_type = "video/mp4"
    facts.width, facts.height = size
    facts.frame_rate = f"{rate.numerator}/{rate.denominator}" if rate else None
    _tell_sound(facts, container, "aac")
    return facts, preview


def _sound(container: InputContainer, target: BinaryIO, job: dict[str, Any]) -> tuple[Facts, bytes]:
    stream = container.streams.audio[0]
    said = "audio/" + job["content_type"].partition("/")[2]
    muxer, codecs = _SOUNDS[said]
    is_kept = stream.codec_context.name in codecs
    if not is_kept:
        said, muxer = "audio/mp4", "mp4"
    covers = [each for each in container.streams.video if _is_cover(each)]
    facts, preview = _cover(container, covers[0], job) if covers else (Facts(), b"")
    container.seek(0)
    with av.open(target, "w", format=muxer, options={"fflags": "+bitexact"}) as out:
        audio = _copied(out, stream) if is_kept else _heard(out, stream)
        _run(container, {stream.index: audio})
    facts.kind, facts.content_type = "audio", said
    _tell_sound(facts, container, stream.codec_context.name if is_kept else "aac")
    return facts, preview


def _run(container: InputContainer, takers: dict[int, Callable[..., Any]]) -> None:
    for packet in container.demux([container.streams[index] for index in takers]):
        takers[packet.stream.index](packet)
    for taker in takers.values():
        taker(None)


def _copied(out: OutputContainer, stream: Any) -> Callable[..., None]:
    made = out.add_stream_from_template(stream)
    made.metadata.clear()

    def take(packet: Any) -> None:
        if packet is not None and packet.dts is not None:
            packet.stream = made
            out.mux(packet)

    return take


def _heard(out: OutputContainer, stream: Any) -> Callable[..., None]:
    """Copy sound that MP4 players know, convert other sound to AAC."""
    if stream.codec_context.name == "aac" and out.format.name == "mp4":
        return _copied(out, stream)
    made = out.add_stream("aac", rate=48_000)
    made.layout, made.bit_rate = "stereo", 128_000
    resampler = AudioResampler(format="fltp", layout="stereo", rate=48_000)

    def take(packet: Any) -> None:
        frames = stream.decode(packet) if packet is not None else [None]
        for frame in frames:
            for part in resampler.resample(frame):
                out.mux(made.encode(part))
        if packet is None:
            out.mux(made.encode(None))

    return take


def _drawn(
    out: OutputContainer, stream: Any, rotation: int, size: tuple[int, int], rate: Fraction
) -> tuple[Callable[..., None], tuple[int, int]]:
    """Convert pictures to H.264, upright and not too large; return their size, too."""
    factor = min(1.0, (_CONVERTED_PIXELS / (size[0] * size[1])) ** 0.5)
    width, height = (max(2, int(each * factor) // 2 * 2) for each in size)
    made = out.add_stream("libx264", rate=rate or 25, options={"preset": "veryfast", "crf": "24"})
    made.width, made.height, made.pix_fmt = width, height, "yuv420p"
    made.codec_context.time_base = made.time_base = stream.time_base
    made.codec_context.thread_count = _THREADS
    graph: Any = None

    def take(packet: Any) -> None:
        nonlocal graph
        for frame in stream.decode(packet) if packet is not None else ():
            graph = graph or _graph(frame, rotation, (width, height))
            graph.push(frame)
            drawn = graph.pull()
            drawn.pict_type = 0
            out.mux(made.encode(drawn))
        if packet is None:
            out.mux(made.encode(None))

    return take, (width, height)


def _graph(frame: Any, rotation: int, size: tuple[int, int]) -> Any:
    """Return a chain of filters that turns, scales and plainly colours frames."""
    graph = Graph()
    chain = [
        graph.add_buffer(
            width=frame.width,
            height=frame.height,
            format=frame.format.name,
            time_base=frame.time_base,
        )
    ]
    turns = {90: ["cclock"], 180: ["clock", "clock"], 270: ["clock"]}
    chain += [graph.add("transpose", each) for each in turns.get(rotation % 360, [])]
    chain += [
        graph.add("scale", f"{size[0]}:{size[1]}"),
        graph.add("format", "yuv420p"),
        graph.add("buffersink"),
    ]
    for one, after in itertools.pairwise(chain):
        one.link_to(after)
    graph.configure()
    return graph


def _still(frame: Any) -> Image.Image:
    """Return a frame as a picture that stands upright."""
    picture: Image.Image = frame.to_image()
    return picture.rotate(frame.rotation, expand=True)


def _shown(picture: Image.Image) -> tuple[Facts, bytes]:
    small = fit(picture.convert("RGB"), _PREVIEW_PIXELS)
    preview = encode(small, "JPEG", {"quality": 85})
    return Facts(
        preview_width=small.width,
        preview_height=small.height,
        blurhash=hash_of(small),
    ), preview


def _cover(container: InputContainer, stream: Any, job: dict[str, Any]) -> tuple[Facts, bytes]:
    """Return the picture that came with a sound, and its colours; nothing for a damaged one."""
    packet = next((each for each in container.demux(stream) if each.size), None)
    try:
        picture = open_picture(bytes(packet or b""), job["max_pixels"])
        facts, preview = _shown(picture)
    except Exception:  # a sound is heard without its cover
        return Facts(), b""
    facts.colors = _colors(picture)
    return facts, preview


def _colors(picture: Image.Image) -> dict[str, str]:
    """Return the commonest colour, black or white upon it, and the most vivid one."""
    few = picture.convert("RGB").resize((40, 40)).quantize(8).convert("RGB")
    counted = sorted(few.getcolors(1600) or [], reverse=True)
    shades: list[Any] = [colour for _, colour in counted] or [(0, 0, 0)]
    ground = shades[0]
    vivid = max(shades, key=lambda each: max(each) - min(each))
    is_light = sum(ground) > 3 * 128
    names = {
        "background": ground,
        "foreground": (0, 0, 0) if is_light else (255, 255, 255),
        "accent": vivid,
    }
    return {name: "#{:02x}{:02x}{:02x}".format(*colour) for name, colour in names.items()}


def _tell_sound(facts: Facts, container: InputContainer, codec: str) -> None:
    if container.duration:
        facts.duration = round(container.duration / av.time_base, 3)
    for stream in container.streams.audio[:1]:
        facts.audio_codec = codec
        facts.audio_bit_rate = stream.codec_context.bit_rate or None
        facts.audio_channels = stream.layout.name


def main() -> int:
    """Read the job from the arguments; exit 0, or 3 with a sentence."""
    job = json.loads(sys.argv[1])
    Image.init()
    limit_process(MEMORY_BYTES, CPU_SECONDS, job["max_bytes"])
    av.logging.set_level(None)
    try:
        with io.FileIO(0, closefd=False) as source, os.fdopen(job["target"], "r+b") as target:
            facts, preview = convert(source, target, job)
    except Refused as refusal:
        sys.stdout.write(str(refusal))
        return 3
    except Exception:  # a damaged file may raise anything
        sys.stdout.write("This recording is damaged, or of a kind that can't be played here.")
        return 3
    sys.stdout.buffer.write(json.dumps(asdict(facts)).encode() + b"\n" + preview)
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
