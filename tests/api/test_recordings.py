"""Films and sounds on their way into a post, in an office that keeps them as they are."""

from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from activitypub import writing
from fedimmp.media import films
from fedimmp.outbound.notes import outgoing_note
from storage import notes
from tests.api.contract.entities import check
from tests.api.office import Office
from tests.api.posts import STATUSES, file_form, picture, post, uploaded
from tests.api.recordings import flac, mp3, mp4, wav

MEDIA = "/api/v1/media"
SECRET = b"38.7223N 9.1393W in my garden"

KINDS: dict[str, tuple[Callable[[bytes], bytes], str, float | None]] = {
    "film": (mp4, "video/mp4", 7.0),
    "WAV": (wav, "audio/wav", 2.0),
    "FLAC": (flac, "audio/flac", 10.0),
    "MP3": (mp3, "audio/mpeg", None),
}


@pytest.fixture(autouse=True)
def without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(films, "IS_INSTALLED", False)


def with_thumbnail(form: aiohttp.FormData, data: bytes) -> aiohttp.FormData:
    form.add_field("thumbnail", data, filename="t.jpg", content_type="image/jpeg")
    return form


@pytest.mark.parametrize("path", ["/api/v1/media", "/api/v2/media"])
@pytest.mark.parametrize("name", KINDS)
async def test_a_recording_is_kept_without_what_it_tells(
    office: Office, name: str, path: str
) -> None:
    ana = await office.member("ana")
    make, content_type, seconds = KINDS[name]
    data = make(SECRET)
    form = file_form(data, "../a.html", description="a lake", focus="0.5,0.5")
    answer = await ana.request("POST", path, data=form)
    assert answer.status == 200, answer.data
    media = answer.data
    check("MediaAttachment", media)
    assert (media["type"], media["preview_url"]) == (content_type.partition("/")[0], None)
    assert media["meta"].get("original", {}).get("duration") == seconds
    if name == "film":
        assert media["meta"]["original"]["size"] == "640x360"
    shown = await office.anonymous().get(media["url"])
    assert (shown.status, shown.headers["Content-Type"]) == (200, content_type)
    assert (len(shown.data), SECRET in data, SECRET in shown.data) == (len(data), True, False)
    assert shown.data == make(bytes(len(SECRET))) or name in ("film", "WAV", "FLAC")
    made = await post(ana, "", media_ids=[media["id"]])
    assert made["media_attachments"] == [media]
    assert (await ana.get(f"{MEDIA}/{media['id']}")).status == 404
    assert (await ana.delete(f"{MEDIA}/{media['id']}")).status == 422


async def test_a_film_that_lies_on_its_side_is_measured_as_it_stands(office: Office) -> None:
    ana = await office.member("ana")
    upright = (0x10000).to_bytes(4) + bytes(12) + (0x10000).to_bytes(4)
    turned = bytes(4) + (0x10000).to_bytes(4) + bytes(4) + (0xFFFF0000).to_bytes(4) + bytes(4)
    data = mp4()
    assert upright in data
    answer = await ana.request(
        "POST", "/api/v2/media", data=file_form(data.replace(upright, turned))
    )
    assert answer.data["meta"]["original"]["size"] == "360x640"


async def test_a_film_is_alone_in_its_post(office: Office) -> None:
    ana = await office.member("ana")
    film, image = await uploaded(ana, mp4()), await uploaded(ana)
    answer = await ana.post(STATUSES, {"status": "", "media_ids": [film["id"], image["id"]]})
    assert (answer.status, bool(answer.error)) == (422, True)


async def test_other_offices_hear_how_long_a_film_is_and_what_stands_for_it(
    office: Office,
) -> None:
    ana = await office.member("ana")
    form = with_thumbnail(file_form(mp4()), picture(80, 60, encoder="JPEG"))
    film = (await ana.request("POST", "/api/v2/media", data=form)).data
    made = await post(ana, "look", media_ids=[film["id"]])
    async with office.app.db.reader() as conn:
        (row,) = (await notes.load(conn, [int(made["id"])])).values()
    (attachment,) = writing.note(outgoing_note(office.app, row, office.app.now()))["attachment"]
    assert (attachment["url"], attachment["duration"]) == (film["url"], "PT7.000S")
    assert attachment["icon"] == {
        "type": "Image",
        "mediaType": "image/jpeg",
        "url": film["preview_url"],
    }


async def test_a_picture_of_ones_own_stands_for_a_film(office: Office) -> None:
    ana, bea = await office.member("ana"), await office.member("bea")
    form = with_thumbnail(file_form(mp4()), picture(800, 600, encoder="JPEG"))
    film = (await ana.request("POST", "/api/v2/media", data=form)).data
    check("MediaAttachment", film)
    assert (film["preview_url"].rpartition(".")[2], bool(film["blurhash"])) == ("jpg", True)
    assert film["meta"]["small"]["aspect"] == pytest.approx(4 / 3, abs=0.01)
    shown = await office.anonymous().get(film["preview_url"])
    assert (shown.status, shown.headers["Content-Type"]) == (200, "image/jpeg")

    path = f"{MEDIA}/{film['id']}"
    other = with_thumbnail(aiohttp.FormData(), picture(30, 40))
    assert (await bea.request("PUT", path, data=other)).status == 404
    other = with_thumbnail(aiohttp.FormData(), picture(30, 40))
    changed = (await ana.request("PUT", path, data=other)).data
    check("MediaAttachment", changed)
    assert changed["meta"]["small"]["size"] == "30x40"
    shown = await office.anonymous().get(changed["preview_url"])
    assert (shown.status, shown.headers["Content-Type"]) == (200, "image/png")

    bad = with_thumbnail(aiohttp.FormData(), b"<html>")
    assert (await ana.request("PUT", path, data=bad)).status == 422
    bad = with_thumbnail(file_form(mp4()), b"<svg/>")
    assert (await ana.request("POST", "/api/v2/media", data=bad)).status == 422
    own = with_thumbnail(file_form(picture(400, 400)), picture(90, 30))
    image = (await ana.request("POST", "/api/v2/media", data=own)).data
    assert image["meta"]["small"]["size"] == "90x30"


ODD = {
    "boxes in boxes": mp4()
    + b"".join((8 * (20_000 - depth)).to_bytes(4) + b"moov" for depth in range(20_000)),
    "nothing but empty boxes": mp4() + b"\0\0\0\x08free" * 100_000,
    "a box beyond the end": mp4()[:-20],
    "a box without a length": mp4() + b"\0\0\0\1free" + bytes(8),
    "a comment beyond the end": b"fLaC" + b"\x04\xff\xff\xff" + bytes(9),
    "a sound of nothing": wav()[:16],
    "a tag beyond the end": b"ID3\3\0\0\x7f\x7f\x7f\x7f" + bytes(20),
}


@pytest.mark.parametrize("data", ODD.values(), ids=ODD)
async def test_odd_headers_are_no_trouble(office: Office, data: bytes) -> None:
    ana = await office.member("ana")
    answer = await ana.request("POST", "/api/v2/media", data=file_form(data))
    assert answer.status in (200, 422), answer.data
    if answer.status == 200:
        check("MediaAttachment", answer.data)


async def test_what_is_too_large_is_refused_and_leaves_nothing(office: Office) -> None:
    ana, before = await office.member("ana"), _files(office)
    wide = await ana.request("POST", "/api/v2/media", data=file_form(mp4(width=9000, height=9000)))
    assert (wide.status, "pixels" in wide.error) == (422, True)
    limit = office.app.config.media.max_recording_bytes
    long = await ana.request("POST", "/api/v2/media", data=file_form(mp4() + bytes(limit)))
    assert (long.status, "MiB" in long.error) == (413, True)
    assert _files(office) == before


async def test_a_full_disk_is_an_answer(office: Office) -> None:
    ana = await office.member("ana")
    before = _files(office)
    incoming = office.app.config.media_dir / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    away = incoming.rename(incoming.with_name("away"))
    incoming.write_bytes(b"in the way")
    try:
        answer = await ana.request("POST", "/api/v2/media", data=file_form(mp4()))
    finally:
        incoming.unlink()
        away.rename(incoming)
    assert (answer.status, "no room" in answer.error) == (503, True)
    assert _files(office) == before


async def test_the_office_says_what_it_takes(office: Office) -> None:
    config = office.app.config.media
    for version in ("v1", "v2"):
        said = await office.anonymous().ok("GET", f"/api/{version}/instance")
        limits = said["configuration"]["media_attachments"]
        assert {"video/mp4", "audio/mpeg", "image/avif"} <= set(limits["supported_mime_types"])
        assert limits["image_size_limit"] == config.max_image_bytes
        assert limits["image_matrix_limit"] == config.max_image_pixels
        assert limits["video_size_limit"] == config.max_recording_bytes
        assert limits["video_matrix_limit"] == 3840 * 2160
        assert limits["video_frame_rate_limit"] == 120
    said = await office.anonymous().ok("GET", "/api/v2/instance")
    limits = said["configuration"]["media_attachments"]
    assert limits["description_limit"] == config.max_description_characters


def _files(office: Office) -> set[Path]:
    return {path for path in office.app.config.media_dir.rglob("*") if path.is_file()}
