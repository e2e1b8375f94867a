"""Pictures of strangers: made anew within limits, or refused with a sentence."""

import asyncio
import io
import sys
import zlib
from struct import pack

import pytest
from PIL import Image

from fedimmp.errors import Invalid
from fedimmp.media.pictures import ATTACHMENT, AVATAR, Picture, make_picture
from tests.house.source import ROOT

PIXELS = 33_177_600


def encoded(picture: Image.Image, encoder: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, encoder, **options)
    return out.getvalue()


async def make(data: bytes) -> Picture:
    return await make_picture(data, ATTACHMENT, max_pixels=PIXELS)


async def test_a_photograph_keeps_its_pixels_and_gets_a_preview() -> None:
    made = await make(encoded(Image.new("RGB", (1600, 900), "teal"), "JPEG"))
    assert (made.made.width, made.made.height) == (1600, 900)
    assert made.made.content_type == "image/jpeg"
    assert Image.open(io.BytesIO(made.preview)).size == (640, 360)
    assert made.made.blurhash


async def test_a_large_photograph_is_scaled_down() -> None:
    made = await make(encoded(Image.new("RGB", (6000, 4000), "teal"), "JPEG"))
    assert made.made.width * made.made.height <= ATTACHMENT.pixels
    assert made.made.width / made.made.height == pytest.approx(1.5, abs=0.01)


async def test_where_and_when_a_photograph_was_taken_is_forgotten() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Camera maker"
    exif.get_ifd(0x8825)[2] = (35.0, 0.0, 0.0)
    data = encoded(Image.new("RGB", (64, 48), "teal"), "JPEG", exif=exif)
    assert b"Camera maker" in data
    made = await make(data)
    assert b"Camera maker" not in made.file
    assert not Image.open(io.BytesIO(made.file)).getexif()


async def test_a_photograph_taken_on_its_side_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    made = await make(encoded(Image.new("RGB", (64, 48), "teal"), "JPEG", exif=exif))
    assert (made.made.width, made.made.height) == (48, 64)


async def test_an_animation_keeps_its_frames() -> None:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "green", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50)
    made = await make(data)
    again = Image.open(io.BytesIO(made.file))
    assert made.made.content_type == "image/gif"
    assert getattr(again, "n_frames", 1) == 3


async def test_transparency_stays_in_a_png() -> None:
    made = await make(encoded(Image.new("RGBA", (10, 10), (0, 0, 0, 0)), "PNG"))
    pixel = Image.open(io.BytesIO(made.file)).convert("RGBA").getpixel((5, 5))
    assert isinstance(pixel, tuple)
    assert pixel[3] == 0


async def test_an_avatar_becomes_a_square() -> None:
    data = encoded(Image.new("RGB", (900, 600), "teal"), "PNG")
    made = await make_picture(data, AVATAR, max_pixels=PIXELS)
    assert (made.made.width, made.made.height) == (400, 400)
    assert made.preview == b""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html><script>alert(1)</script></html>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"GIF89a" + b"\0" * 100,
        encoded(Image.new("RGB", (20, 20)), "TIFF"),
        encoded(Image.new("RGB", (20, 20)), "BMP"),
        encoded(Image.new("RGB", (20, 20)), "ICO"),
    ],
)
async def test_what_is_no_picture_of_ours_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid, match="picture"):
        await make(data)


async def test_a_damaged_picture_is_refused() -> None:
    whole = encoded(Image.effect_noise((300, 300), 60), "PNG")
    with pytest.raises(Invalid, match="damaged"):
        await make(whole[: len(whole) // 2])


async def test_a_small_file_with_a_billion_pixels_is_refused_before_it_is_decoded() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data))

    header = pack(">IIBBBBB", 40_000, 40_000, 8, 0, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    with pytest.raises(Invalid, match="33,177,600 pixels"):
        await make(data)


async def test_an_animation_of_very_many_frames_is_refused() -> None:
    frames = [Image.new("L", (8, 8), number % 256) for number in range(400)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    with pytest.raises(Invalid, match="frames"):
        await make(data)


MODES = [
    *[("JPEG", mode) for mode in ("L", "RGB", "CMYK")],
    *[("PNG", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")],
    *[("WEBP", mode) for mode in ("RGB", "RGBA")],
    *[("AVIF", mode) for mode in ("RGB", "RGBA")],
    ("GIF", "P"),
]


@pytest.mark.parametrize(("encoder", "mode"), MODES)
async def test_every_form_of_a_format_is_read(encoder: str, mode: str) -> None:
    made = await make(encoded(Image.new(mode, (20, 10)), encoder))
    assert (made.made.width, made.made.height) == (20, 10)


@pytest.mark.parametrize("encoder", ["WEBP", "AVIF", "PNG"])
async def test_other_animations_are_read_too(encoder: str) -> None:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "green", "blue")]
    data = encoded(frames[0], encoder, save_all=True, append_images=frames[1:], duration=50)
    assert (await make(data)).made.width == 40


TRIES = {
    "a file": "open('/etc/passwd')",
    "a new file": "open('/tmp/x', 'w')",
    "a connection": "socket.socket()",
    "memory": "bytearray(3 * 1024**3)",
}


@pytest.mark.parametrize("attempt", TRIES.values(), ids=TRIES)
async def test_the_decoder_can_open_nothing_and_grow_no_further(attempt: str) -> None:
    program = f"""
import socket
from fedimmp.media.decoder import limit_process
limit_process()
try:
    {attempt}
except (OSError, MemoryError) as error:
    print(type(error).__name__)
"""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program), stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    out, _ = await child.communicate()
    assert out.decode().strip() in ("OSError", "MemoryError")
