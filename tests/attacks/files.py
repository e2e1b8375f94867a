"""Files as strangers make them, how they come in, and how somebody then looks at one."""

import io
import zlib
from struct import pack
from typing import Any
from urllib.parse import urlsplit

import orjson
from aiohttp import web
from PIL import Image

from activitypub.signatures.message import Message
from fedimmp.services import authorising
from fedimmp.web.scopes import USER_SCOPES
from tests.attacks.door import Door
from tests.attacks.reading import deliver, status_shown
from tests.federation.foreign import Foreign, Person
from tests.federation.members import Member

# The beginnings of films and sounds that browsers play, by their content type.
RECORDINGS = {
    "video/mp4": b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41" + b"\0\0\0\x08free",
    "audio/mp4": b"\0\0\0\x1cftypM4A \0\0\0\0M4A mp42isom" + b"\0\0\0\x08free",
    "video/webm": b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm\x42\x87\x81\x04",
    "video/ogg": b"OggS\0\x02" + bytes(20) + b"\x01\x2a\x80theora\x03\x02\x01",
    "audio/ogg": b"OggS\0\x02" + bytes(20) + b"\x01\x13OpusHead\x01\x02",
    "audio/mpeg": b"ID3\x04\0\0\0\0\x0f\x76" + bytes(100) + b"\xff\xfb\x90\x64",
    "audio/flac": b"fLaC\0\0\0\x22" + bytes(34),
    "audio/wav": b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0",
}


def encoded(picture: Image.Image, encoder: str = "PNG", **options: Any) -> bytes:
    """Return a picture's bytes."""
    buffer = io.BytesIO()
    picture.save(buffer, encoder, **options)
    return buffer.getvalue()


def plain(encoder: str = "PNG", width: int = 40, height: int = 30) -> bytes:
    """Return a small and harmless picture."""
    return encoded(Image.new("RGB", (width, height), "teal"), encoder)


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *extra: bytes) -> bytes:
    """Return a black PNG of one bit a pixel, complete however large it is."""
    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = (chunk(b"IHDR", header), *extra, chunk(b"IDAT", data), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def gif(frames: int, width: int = 1, height: int = 1) -> bytes:
    """Return a GIF of many frames, each of them of one pixel."""
    frame = b"\x21\xf9\x04\0\0\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0"
    head = b"GIF89a" + pack("<HH", width, height) + b"\x80\0\0\0\0\0\xff\xff\xff"
    return head + frame * frames + b"\x3b"


async def upload(
    door: Door, owner: Member, data: bytes, *, name: str = "a.png", said: str = "image/png"
) -> tuple[int, dict[str, Any]]:
    """Upload a file as an app does, its name byte for byte; return status and answer."""
    token = await authorising.create_token(door.app, owner.id, USER_SCOPES, "tests")
    headers = [
        ("Host", door.app.uris.host),
        ("Authorization", f"Bearer {token}"),
        ("Content-Type", "multipart/form-data; boundary=limit"),
    ]
    head = f'--limit\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    head += f"Content-Type: {said}\r\n\r\n"
    body = head.encode() + data + b"\r\n--limit--\r\n"
    status, _, answer = await door.read(Message("POST", "/api/v2/media", headers, body))
    found: dict[str, Any] = orjson.loads(answer)
    return status, found


async def look(door: Door, target: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Ask for a file, by its URL or by what is to stand in the request line, as anybody may."""
    path = urlsplit(target).path if target.startswith("http") else target
    named = [("Host", door.app.uris.host), *((k.replace("_", "-"), v) for k, v in headers.items())]
    return await door.read(Message("GET", path, named, b""))


def key_of(url: str) -> str:
    """Return the key in a file's address."""
    return urlsplit(url).path.split("/")[2]


def serve(porto: Foreign, path: str, body: bytes, said: str = "video/mp4") -> str:
    """Let an office serve a file under a content type that need not be true; return its address."""
    porto.peer.pages[path] = lambda _request: web.Response(
        body=body, headers={"Content-Type": said}
    )
    return porto.peer.uri(path)


async def shared(
    door: Door, reader: Member, author: Person, url: str, *, kind: str = "Image", said: str = ""
) -> dict[str, Any]:
    """Have somebody post a file; return the MediaAttachment that an app here gets."""
    item = {"type": kind, "url": url, "mediaType": said or f"{kind.lower()}/x-any"}
    note = author.note(attachment=[item])
    assert await deliver(door, author, author.create(note)) == [202]
    (found,) = (await status_shown(door.app, reader, note["id"]))["media_attachments"]
    file: dict[str, Any] = found
    return file
