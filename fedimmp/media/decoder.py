"""The child process that decodes a stranger's picture: `python -m fedimmp.media.decoder JOB`.

Before it reads a byte it limits its own memory and time, and forbids itself to open anything, be it
a file or a connection. It looks at the bytes, never at a name, decodes a few raster formats only,
drops every kind of metadata and encodes anew. The picture comes by stdin; a JSON line and then the
new files leave by stdout. It imports nothing of the house.
"""

import io
import json
import resource
import sys
from dataclasses import asdict, dataclass
from typing import Any

import blurhash

# What Pillow imports when it meets a format has to be here before nothing can be opened.
from PIL import (
    AvifImagePlugin,  # noqa: F401
    GifImagePlugin,  # noqa: F401
    Image,
    ImageColor,  # noqa: F401
    ImageOps,
    ImagePalette,  # noqa: F401
    ImageSequence,
    JpegImagePlugin,  # noqa: F401
    MpoImagePlugin,  # noqa: F401
    PngImagePlugin,  # noqa: F401
    TiffImagePlugin,  # noqa: F401
    WebPImagePlugin,  # noqa: F401
)

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF")
MEMORY_BYTES = 2 * 1024**3
CPU_SECONDS = 20
FRAMES = 300
FRAME_PIXELS = 150_000_000

# The format we write for a format we read, with its media type and options.
ENCODINGS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "JPEG": ("JPEG", "image/jpeg", {"quality": 90, "progressive": True}),
    "AVIF": ("JPEG", "image/jpeg", {"quality": 90, "progressive": True}),
    "PNG": ("PNG", "image/png", {}),
    "WEBP": ("WEBP", "image/webp", {"quality": 90, "method": 4}),
    "GIF": ("GIF", "image/gif", {}),
}


class NotAPicture(Exception):
    """The bytes are refused; str() is a sentence for the person who sent them."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to make: the longest area in pixels, and an exact size to crop to, if any."""

    pixels: int
    preview_pixels: int
    crop: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """What was made; sizes are in pixels, lengths in bytes. `preview_length` 0 means none."""

    content_type: str
    width: int
    height: int
    length: int
    preview_width: int
    preview_height: int
    preview_length: int
    blurhash: str | None
    is_animated: bool = False


def limit_process(
    memory_bytes: int = MEMORY_BYTES, cpu_seconds: int = CPU_SECONDS, file_bytes: int = 0
) -> None:
    """Bound memory and processor time, and forbid core dumps, files, and anything to be opened.

    What is open already may grow to `file_bytes`.
    """
    # Pillow would import the usual formats when it opens the first picture.
    Image.preinit()
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))


def open_picture(data: bytes, max_pixels: int) -> Image.Image:
    """Open the bytes as one of our formats, before any pixel is decoded.

    Raises NotAPicture for other formats and for sizes beyond the limits.
    """
    too_large = f"This picture has more than {max_pixels:,} pixels."
    Image.MAX_IMAGE_PIXELS = max_pixels
    try:
        picture = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise NotAPicture(too_large) from error
    except Exception as error:
        raise NotAPicture("This file is not a picture that can be shown here.") from error
    width, height = picture.size
    if width * height > max_pixels:
        raise NotAPicture(too_large)
    frames = getattr(picture, "n_frames", 1)
    if frames > FRAMES or frames * width * height > FRAME_PIXELS:
        raise NotAPicture("This animation has too many frames.")
    return picture


def fit(picture: Image.Image, pixels: int) -> Image.Image:
    """Scale down to an area, keeping the shape; smaller pictures stay as they are."""
    width, height = picture.size
    if width * height <= pixels:
        return picture
    factor = (pixels / (width * height)) ** 0.5
    return picture.resize(
        (max(1, int(width * factor)), max(1, int(height * factor))), Image.Resampling.LANCZOS
    )


def _plain(picture: Image.Image, encoder: str) -> Image.Image:
    """Return a copy with a colour mode that the encoder knows and nothing but pixels."""
    alpha = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    mode = "RGBA" if alpha and encoder != "JPEG" else "RGB"
    if alpha and encoder == "JPEG":
        ground = Image.new("RGB", picture.size, "white")
        coloured = picture.convert("RGBA")
        ground.paste(coloured, mask=coloured.getchannel("A"))
        return ground
    plain = picture.convert(mode)
    plain.info = {}
    return plain


def encode(picture: Image.Image, encoder: str, options: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    picture.save(out, encoder, **options)
    return out.getvalue()


def encode_frames(picture: Image.Image, job: Job, encoder: str, options: dict[str, Any]) -> bytes:
    """Encode an animation anew, frame by frame, with its durations and its loop."""
    frames, durations = [], []
    for frame in ImageSequence.Iterator(picture):
        durations.append(max(20, int(frame.info.get("duration") or 100)))
        frames.append(fit(_plain(frame, encoder), job.pixels))
    out = io.BytesIO()
    frames[0].save(
        out,
        encoder,
        save_all=True,
        append_images=frames[1:],
        duration=durations,
        loop=int(picture.info.get("loop") or 0),
        **options,
    )
    return out.getvalue()


def hash_of(picture: Image.Image) -> str:
    """Return the BlurHash, computed on a thumbnail, with more parts along the longer side."""
    small = picture.convert("RGB")
    small.thumbnail((32, 32))
    width, height = small.size
    pixels = list(small.getdata())
    rows = [pixels[row * width : (row + 1) * width] for row in range(height)]
    across, down = (4, 3) if width >= height else (3, 4)
    return str(blurhash.encode(rows, across, down))


def make(data: bytes, job: Job, max_pixels: int) -> tuple[Made, bytes, bytes]:
    """Decode, scale, and encode anew. Returns the description, the file and its preview."""
    picture = open_picture(data, max_pixels)
    encoder, content_type, options = ENCODINGS[picture.format or ""]
    animated = getattr(picture, "n_frames", 1) > 1 and job.crop is None
    upright = ImageOps.exif_transpose(picture) if not animated else picture
    still = _plain(upright, encoder)
    if job.crop is not None:
        still = ImageOps.fit(still, job.crop, Image.Resampling.LANCZOS)
    still = fit(still, job.pixels)
    if animated and encoder in ("GIF", "WEBP", "PNG"):
        file = encode_frames(picture, job, encoder, options)
    else:
        file = encode(still, encoder, options)
    small = fit(still, job.preview_pixels) if job.preview_pixels else still
    preview = encode(small, encoder, options) if job.preview_pixels else b""
    made = Made(
        content_type=content_type,
        width=still.width,
        height=still.height,
        length=len(file),
        preview_width=small.width,
        preview_height=small.height,
        preview_length=len(preview),
        blurhash=hash_of(small),
        is_animated=animated,
    )
    return made, file, preview


def main() -> int:
    """Read the job from the arguments and the picture from stdin; exit 0, or 3 with a sentence."""
    limit_process()
    words = json.loads(sys.argv[1])
    crop = tuple(words["crop"]) if words.get("crop") else None
    job = Job(int(words["pixels"]), int(words["preview_pixels"]), crop)
    try:
        made, file, preview = make(sys.stdin.buffer.read(), job, int(words["max_pixels"]))
    except NotAPicture as refusal:
        sys.stdout.write(str(refusal))
        return 3
    except Exception:  # a damaged picture may raise anything
        sys.stdout.write("This picture is damaged and could not be read.")
        return 3
    sys.stdout.buffer.write(json.dumps(asdict(made)).encode() + b"\n" + file + preview)
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
