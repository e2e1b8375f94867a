"""Pictures made safe: each is decoded and encoded anew by a bounded child process."""

import asyncio
import json
import os
import sys
from dataclasses import asdict, dataclass

from fedimmp.errors import Invalid
from fedimmp.media.decoder import Job, Made

ATTACHMENT = Job(pixels=3840 * 2160, preview_pixels=640 * 360)
PREVIEW = Job(pixels=640 * 360, preview_pixels=0)
AVATAR = Job(pixels=400 * 400, preview_pixels=0, crop=(400, 400))
EMOJI = Job(pixels=256 * 256, preview_pixels=0)
HEADER = Job(pixels=1500 * 500, preview_pixels=0, crop=(1500, 500))

SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as we keep it: what it is, its bytes, and the bytes of its preview (or none)."""

    made: Made
    file: bytes
    preview: bytes


async def make_picture(data: bytes, job: Job, *, max_pixels: int) -> Picture:
    """Decode a stranger's bytes in a child process and return what we keep.

    Pictures of more than `max_pixels` are refused before a pixel is decoded.

    Raises Invalid with a sentence when they are no picture, too large, damaged, or take too long.
    """
    words = {**asdict(job), "max_pixels": max_pixels}
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "fedimmp.media.decoder",
        json.dumps(words),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd="/",
    )
    try:
        async with asyncio.timeout(SECONDS):
            out, _ = await child.communicate(data)
    except TimeoutError:
        raise Invalid("This picture takes too long to read.") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode == 3:
        raise Invalid(out.decode(errors="replace"))
    if child.returncode != 0:
        raise Invalid("This picture could not be read within the limits of this server.")
    line, _, rest = out.partition(b"\n")
    made = Made(**json.loads(line))
    return Picture(made, rest[: made.length], rest[made.length :])
