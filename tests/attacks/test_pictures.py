"""Pictures that strangers made, uploaded and fetched: SEC-138, SEC-150, SEC-152, SEC-154."""

import io
import zlib
from struct import pack

import pytest
from aiohttp import web
from PIL import Image, PngImagePlugin

from fedimmp.app import App
from fedimmp.media import films
from fedimmp.workers.settle import settle
from tests.attacks.door import Door
from tests.attacks.files import chunk, encoded, gif, look, plain, png, serve, shared, upload
from tests.federation.foreign import Foreign
from tests.federation.members import count, member

SCRIPT = b"<script>alert('polyglot')</script>"

NO_PICTURES = {
    "HTML": b"<!doctype html>" + SCRIPT,
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'>" + SCRIPT + b"</svg>",
    "PDF": b"%PDF-1.7\n" + SCRIPT,
    "a script": b"GIF89a=1;alert('polyglot')//",
    "a document": b'{"id": "https://hq.example/ap/users/1", "type": "Person"}',
}
CHIMERAS = {
    "GIF and script": plain("GIF") + b"*/=alert('polyglot')//",
    "JPEG and HTML": plain("JPEG") + SCRIPT,
    "PNG and HTML": png(8, 8, chunk(b"tEXt", b"Title\0" + SCRIPT)) + SCRIPT,
}


@pytest.mark.sec("SEC-138")
@pytest.mark.parametrize("data", NO_PICTURES.values(), ids=NO_PICTURES)
async def test_138_what_is_no_picture_is_refused(
    hq: App, door: Door, porto: Foreign, data: bytes
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")

    status, answer = await upload(door, ana, data, name="a.jpg", said="image/jpeg")
    assert (status, len(answer["error"]) > 10) == (422, True)
    assert await count(hq, "media") == 0

    file = await shared(door, ana, bela, serve(porto, "/a.jpg", data, "image/jpeg"))
    for url in (file["url"], file["preview_url"]):
        status, headers, body = await look(door, url)
        assert (status, b"polyglot" in body) == (404, False)
        assert headers["content-type"].startswith("application/json")
    assert porto.fetched("/a.jpg") == 1


@pytest.mark.sec("SEC-138")
@pytest.mark.parametrize("data", CHIMERAS.values(), ids=CHIMERAS)
async def test_138_what_is_also_a_picture_is_made_anew(
    hq: App, door: Door, porto: Foreign, data: bytes
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")

    status, own = await upload(door, ana, data, name="a.html", said="text/html")
    assert status == 200
    remote = await shared(door, ana, bela, serve(porto, "/a.html", data, "text/html"))

    for url in (own["url"], own["preview_url"], remote["url"], remote["preview_url"]):
        status, headers, body = await look(door, url)
        assert (status, b"polyglot" in body) == (200, False)
        assert headers["content-type"] in ("image/gif", "image/jpeg", "image/png")
        assert headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in headers["content-security-policy"]


def webp_canvas(side: int) -> bytes:
    """Return a WebP animation of one small frame on a huge canvas."""
    small = encoded(Image.new("RGB", (2, 2)), "WEBP", lossless=True)[12:]
    size = pack("<I", side - 1)[:3]
    frame = bytes(6) + pack("<I", 1)[:3] * 2 + pack("<I", 100)[:3] + b"\0" + small

    def part(kind: bytes, data: bytes) -> bytes:
        return kind + pack("<I", len(data)) + data

    parts = part(b"VP8X", b"\x02\0\0\0" + size * 2) + part(b"ANIM", bytes(6))
    parts += part(b"ANMF", frame)
    return b"RIFF" + pack("<I", len(parts) + 4) + b"WEBP" + parts


def apng(frames: int) -> bytes:
    """Return a PNG that says that it moves."""
    control = pack(">IIIIIHHBB", 0, 8, 8, 0, 0, 1, 10, 0, 0)
    return png(8, 8, chunk(b"acTL", pack(">II", frames, 0)), chunk(b"fcTL", control))


def _packed(length: int) -> bytes:
    packer = zlib.compressobj(9)
    return packer.compress(bytes(length)) + packer.flush()


BOMBS = {
    "PNG of 900 megapixels": lambda: png(30_000, 30_000),
    "GIF of 100,000 frames": lambda: gif(100_000),
    "GIF of a huge canvas": lambda: gif(2, 65_535, 65_535),
    "GIF of large frames": lambda: gif(299, 5_000, 5_000),
    "APNG of 100,000 frames": lambda: apng(100_000),
    "WebP of a huge canvas": lambda: webp_canvas(16_000),
    "TIFF": lambda: plain("TIFF"),
    "ICO": lambda: plain("ICO"),
    "BMP": lambda: plain("BMP"),
    "HEIC": lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(500),
    "PNG with 100 MB of text": lambda: png(8, 8, chunk(b"zTXt", b"a\0\0" + _packed(100_000_000))),
}


@pytest.mark.sec("SEC-150")
@pytest.mark.parametrize("name", BOMBS)
async def test_150_bombs_are_refused(hq: App, door: Door, porto: Foreign, name: str) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    bomb = BOMBS[name]()
    assert len(bomb) < hq.config.media.max_image_bytes

    status, answer = await upload(door, ana, bomb)
    assert (status, len(answer["error"]) > 10) == (422, True)
    file = await shared(door, ana, bela, serve(porto, "/bomb.png", bomb, "image/png"))
    assert [(await look(door, file["url"]))[0] for _ in range(3)] == [404] * 3

    # Nobody asks for it again at each look, and others go on.
    assert porto.fetched("/bomb.png") == 1
    assert (await upload(door, ana, plain()))[0] == 200


@pytest.mark.sec("SEC-150")
async def test_150_a_usual_animation_goes_through(
    hq: App, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(films, "IS_INSTALLED", False)
    ana = await member(hq, "ana")
    status, file = await upload(door, ana, gif(12), name="a.gif")
    assert status == 200
    shown = Image.open(io.BytesIO((await look(door, file["url"]))[2]))
    assert (shown.format, shown.size) == ("GIF", (1, 1))


NAMES = [
    "../../../../etc/cron.d/x",
    "/etc/cron.d/x",
    "%2e%2e%2f%2e%2e%2fx",
    "..\\..\\x",
    "con",
    "a\0.png",
    "a\r\nX-Evil: 1",
    "n" * 5_000,
    ".",
    "",
    "\u202egnp.exe",
]


# The library warns of a name that breaks its header, once; that is no failure.
@pytest.mark.filterwarnings("ignore::aiohttp.multipart.BadContentDispositionHeader")
@pytest.mark.sec("SEC-152")
async def test_152_names_of_files_are_never_used(hq: App, door: Door, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    urls = []
    for name in NAMES:
        status, answer = await upload(door, ana, plain(), name=name)
        assert status in (200, 400, 422), name
        urls += [answer["url"]] if status == 200 else []
    for path in ("/%2e%2e%2fx.png", "/" + "n" * 500, "/con"):
        porto.peer.pages[path] = porto.peer.pages[path.replace("%2e", ".").replace("%2f", "/")] = (
            lambda _request: web.Response(body=plain())
        )
        urls.append((await shared(door, ana, bela, porto.peer.uri(path)))["url"])

    for url in urls:
        assert (await look(door, url))[0] == 200
        assert url.rsplit("/", 1)[1] in ("original.png", "original.bin")
    await settle(hq)
    root = hq.config.media_dir
    files = [path.relative_to(root) for path in root.rglob("*") if path.is_file()]
    assert files
    for file in files:
        first, second, name = file.parts
        key = name.removesuffix(".preview")
        assert (len(key), key[:2], key[2:4]) == (32, first, second)
        assert set(key) <= set("0123456789abcdef")
    assert [path.name for path in root.parent.iterdir() if path.name == "x"] == []


SECRET = b"38.7223N 9.1393W in my garden"


def telling(encoder: str) -> bytes:
    """Return a picture that says in every way it can where it was taken, lying on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = SECRET.decode()
    exif.get_ifd(0x8825)[2] = (38.0, 43.0, 20.0)
    picture = Image.new("RGB", (60, 40), "teal")
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + SECRET + b"</x:xmpmeta>"
    options: dict[str, object] = {"exif": exif, "icc_profile": bytes(128) + SECRET}
    if encoder == "GIF":
        return encoded(picture, encoder, comment=SECRET)
    if encoder == "PNG":
        texts = PngImagePlugin.PngInfo()
        texts.add_text("Comment", SECRET.decode())
        texts.add_itxt("XML:com.adobe.xmp", xmp.decode())
        return encoded(picture, encoder, pnginfo=texts, **options)
    comment = {"comment": SECRET} if encoder == "JPEG" else {}
    return encoded(picture, encoder, xmp=xmp, **options, **comment)


@pytest.mark.sec("SEC-154")
@pytest.mark.parametrize("encoder", ["JPEG", "PNG", "WEBP", "AVIF", "GIF"])
async def test_154_pictures_do_not_tell_where_they_were_taken(
    hq: App, door: Door, porto: Foreign, encoder: str
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    data = telling(encoder)
    assert SECRET in data or encoder in ("PNG", "AVIF")

    status, own = await upload(door, ana, data)
    assert status == 200
    remote = await shared(door, ana, bela, serve(porto, "/a", data, "image/png"))

    for url in (own["url"], own["preview_url"], remote["url"], remote["preview_url"]):
        status, _, body = await look(door, url)
        assert (status, SECRET in body) == (200, False)
        shown = Image.open(io.BytesIO(body))
        shown.load()
        assert dict(shown.getexif()) == {}
        assert not {"icc_profile", "xmp", "exif", "comment", "Comment"} & set(shown.info)
        # It stands upright all the same.
        assert shown.size == ((60, 40) if encoder == "GIF" else (40, 60))
