"""Films and sounds made fit for browsers by a bounded child process, where PyAV is there."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final

from fedimmp.errors import Invalid
from fedimmp.media.recordings import MAX_FRAME_PIXELS, MAX_FRAME_RATE
from fedimmp.media.store import Incoming

# The extra `media` brings it.
IS_INSTALLED: Final = find_spec("av") is not None
# Less than a job may take.
SECONDS: Final = 220.0


class Refused(Exception):
    """The bytes are refused; str() is a sentence for the person who sent them."""


@dataclass(slots=True)
class Facts:
    """What a film or sound is: sizes in pixels, duration in seconds, rates in bits per second.

    `frame_rate` is a fraction such as 30000/1001; `colors` are those of a sound's cover. Without a
    preview its measures and the BlurHash are None.
    """

    kind: str = "video"
    content_type: str = ""
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    frame_rate: str | None = None
    preview_width: int | None = None
    preview_height: int | None = None
    blurhash: str | None = None
    audio_codec: str | None = None
    audio_bit_rate: int | None = None
    audio_channels: str | None = None
    colors: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Film:
    """What was made, and the JPEG that stands for it, if any."""

    facts: Facts
    preview: bytes


async def make_film(
    source: Incoming, target: Incoming, content_type: str, *, max_bytes: int
) -> Film:
    """Make a film or sound anew from one file into another; raises Invalid with a sentence."""
    job = {
        "content_type": content_type,
        "target": target.file.fileno(),
        "max_bytes": max_bytes,
        "max_pixels": MAX_FRAME_PIXELS,
        "max_frame_rate": MAX_FRAME_RATE,
    }
    await asyncio.to_thread(source.rewind)
    out, code = await _run(job, source)
    if code == 3:
        raise Invalid(out.decode(errors="replace"))
    if code != 0:
        raise Invalid("This recording could not be read within the limits of this server.")
    line, _, preview = out.partition(b"\n")
    await asyncio.to_thread(target.measure)
    return Film(Facts(**json.loads(line)), preview)


async def _run(job: dict[str, Any], source: Incoming) -> tuple[bytes, int | None]:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "fedimmp.media.converter",
        json.dumps(job),
        stdin=source.file,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        pass_fds=(job["target"],),
        env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd="/",
    )
    try:
        async with asyncio.timeout(SECONDS):
            out, _ = await child.communicate()
    except TimeoutError:
        raise Invalid("This recording takes too long to convert.") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return out, child.returncode
