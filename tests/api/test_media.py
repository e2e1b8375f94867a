"""Pictures on their way into a post: upload, description, focus, discarding."""

import io
from typing import Any

import aiohttp
import pytest
from PIL import Image

from fedimmp.workers import housekeeping, jobs
from tests.api.contract.entities import check
from tests.api.office import Office
from tests.api.posts import STATUSES, file_form, picture, post, upload, uploaded

MEDIA = "/api/v1/media"
UPDATE = "/api/v1/accounts/update_credentials"


@pytest.mark.parametrize("path", ["/api/v1/media", "/api/v2/media"])
async def test_a_picture_is_ready_at_once(office: Office, path: str) -> None:
    ana = await office.member("ana")
    answer = await upload(ana, picture(800, 600), path, description="a lake", focus="0.25,-1")
    assert answer.status == 200
    media = answer.data
    check("MediaAttachment", media)
    assert (media["type"], media["description"]) == ("image", "a lake")
    assert media["url"].startswith(f"{office.url}/files/")
    meta = media["meta"]
    assert meta["original"] == {
        "width": 800,
        "height": 600,
        "size": "800x600",
        "aspect": pytest.approx(4 / 3),
    }
    assert meta["small"]["width"] < 800
    assert meta["focus"] == {"x": 0.25, "y": -1.0}
    assert media["blurhash"]
    assert await ana.ok("GET", f"{MEDIA}/{media['id']}") == media
    for url in (media["url"], media["preview_url"]):
        shown = await office.anonymous().get(url)
        assert (shown.status, shown.headers["Content-Type"]) == (200, "image/png")
        with Image.open(io.BytesIO(shown.data)) as image:
            size = meta["original"] if url == media["url"] else meta["small"]
            assert image.size == (size["width"], size["height"])


@pytest.mark.parametrize("encoder", ["JPEG", "PNG", "GIF", "WEBP", "AVIF"])
async def test_what_a_picture_is_lies_in_its_bytes(office: Office, encoder: str) -> None:
    ana = await office.member("ana")
    form = aiohttp.FormData()
    data = picture(encoder=encoder)
    form.add_field("file", data, filename="../../etc/passwd", content_type="text/html")
    answer = await ana.request("POST", "/api/v2/media", data=form)
    assert answer.status == 200, answer.data
    shown = await office.anonymous().get(answer.data["url"])
    kind = "jpeg" if encoder == "AVIF" else encoder.lower()
    assert shown.headers["Content-Type"] == f"image/{kind}"
    assert answer.data["url"].rpartition("/")[2].startswith("original.")


REFUSED = {
    "no picture": b"<html>",
    "nothing": b"",
    "a drawing that runs scripts": b'<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>',
    "a video list": b"#EXTM3U\nfile:///etc/passwd\n",
    "half a picture": picture(400, 400)[:90],
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
async def test_what_is_no_picture_is_refused(office: Office, data: bytes) -> None:
    ana = await office.member("ana")
    answer = await ana.request("POST", "/api/v2/media", data=file_form(data))
    assert (answer.status, len(answer.error) > 10) == (422, True)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"file": "no file"},
        {"file": ["a"]},
        {"file": {"name": "a.png"}},
    ],
)
async def test_an_upload_needs_a_file(office: Office, form: dict[str, Any]) -> None:
    ana = await office.member("ana")
    answer = await ana.post("/api/v2/media", form)
    assert (answer.status, "file" in answer.error) == (422, True)


@pytest.mark.parametrize(
    "fields",
    [
        {"description": "a" * 20_000},
        {"description": "nul \0"},
        {"focus": "left"},
        {"focus": "1"},
        {"focus": "0,0,0"},
        {"focus": "2,0"},
        {"focus": "nan,0"},
        {"focus": "inf,0"},
    ],
)
async def test_impossible_words_are_refused_before_and_after(
    office: Office, fields: dict[str, str]
) -> None:
    ana = await office.member("ana")
    answer = await ana.request("POST", "/api/v2/media", data=file_form(picture(), **fields))
    assert (answer.status, len(answer.error) > 10) == (422, True)
    media = await uploaded(ana, description="as it was", focus="0,0")
    answer = await ana.put(f"{MEDIA}/{media['id']}", fields)
    assert (answer.status, len(answer.error) > 10) == (422, True)
    assert await ana.ok("GET", f"{MEDIA}/{media['id']}") == media


async def test_a_picture_that_is_too_large_is_refused(office: Office) -> None:
    ana = await office.member("ana")
    limit = office.app.config.media.max_image_bytes
    answer = await ana.request("POST", "/api/v2/media", data=file_form(b"\x89PNG" + bytes(limit)))
    assert (answer.status, "MiB" in answer.error) == (413, True)
    pixels = office.app.config.media.max_image_pixels
    wide = picture(pixels // 1000 + 1, 1000)
    answer = await ana.request("POST", "/api/v2/media", data=file_form(wide))
    assert (answer.status, "pixels" in answer.error) == (422, True)


async def test_words_and_focus_change_one_by_one(office: Office) -> None:
    ana = await office.member("ana")
    media = await uploaded(ana)
    assert (media["description"], "focus" in media["meta"]) == (None, False)
    path = f"{MEDIA}/{media['id']}"
    changed = await ana.ok("PUT", path, json={"description": "a lake"})
    check("MediaAttachment", changed)
    assert changed == media | {"description": "a lake"}
    changed = await ana.ok("PUT", path, data=aiohttp.FormData({"focus": "0.5,0.5"}))
    assert (changed["description"], changed["meta"]["focus"]["x"]) == ("a lake", 0.5)
    assert (await ana.ok("PATCH", path, json={"description": ""}))["description"] is None


async def test_a_picture_that_is_posted_is_no_longer_ones_to_change(office: Office) -> None:
    ana = await office.member("ana")
    first, other = await uploaded(ana), await uploaded(ana)
    path = f"{MEDIA}/{first['id']}"
    made = await post(ana, "", media_ids=[first["id"]])
    assert made["media_attachments"] == [first]
    assert (await ana.get(path)).status == 404
    assert (await ana.put(path, {"description": "x"})).status == 404
    assert (await ana.delete(path)).status == 422
    answer = await ana.post(STATUSES, {"status": "again", "media_ids": [first["id"]]})
    assert (answer.status, bool(answer.error)) == (422, True)
    assert await ana.ok("DELETE", f"{MEDIA}/{other['id']}") == {}
    assert (await ana.get(f"{MEDIA}/{other['id']}")).status == 404
    assert (await office.anonymous().get(other["url"])).status == 404
    assert (await office.anonymous().get(other["preview_url"])).status == 404
    assert (await office.anonymous().get(first["url"])).status == 200


async def test_files_go_with_their_uploads_and_uploads_that_nobody_uses_go(office: Office) -> None:
    ana = await office.member("ana")
    kept, posted, discarded, abandoned = [await uploaded(ana) for _ in range(4)]
    face = aiohttp.FormData()
    face.add_field("avatar", picture(), filename="me.png", content_type="image/png")
    worn = (await ana.ok("PATCH", UPDATE, data=face))["avatar"]
    await post(ana, "", media_ids=[posted["id"]])
    await ana.ok("DELETE", f"{MEDIA}/{discarded['id']}")
    async with office.app.db.writer() as tx:
        await tx.execute(
            "UPDATE media SET created_at = created_at - interval '25 hours' WHERE id <> $1",
            int(kept["id"]),
        )

    (chore,) = (each for each in housekeeping.CHORES if each.name == "uploads")
    await housekeeping.do(office.app, chore)
    while await jobs.run_once(office.app):
        pass

    urls = [each["url"] for each in (kept, posted, discarded, abandoned)] + [worn]
    statuses = [(await office.anonymous().get(url)).status for url in urls]
    assert statuses == [200, 200, 404, 404, 200]
    there = [office.app.media.path(url.split("/")[-2]).exists() for url in urls]
    assert there == [True, True, False, False, True]


async def test_avatar_and_header_are_cropped_and_described(office: Office) -> None:
    ana = await office.member("ana")
    form = aiohttp.FormData()
    form.add_field("avatar", picture(900, 500), filename="me.png", content_type="image/png")
    form.add_field("header", picture(900, 900, encoder="JPEG"), filename="b", content_type="x/y")
    changed = await ana.ok("PATCH", UPDATE, data=form)
    check("CredentialAccount", changed)
    for name, size, kind in (("avatar", (400, 400), "png"), ("header", (1500, 500), "jpeg")):
        assert changed[name] == changed[f"{name}_static"]
        shown = await office.anonymous().get(changed[name])
        assert (shown.status, shown.headers["Content-Type"]) == (200, f"image/{kind}")
        with Image.open(io.BytesIO(shown.data)) as image:
            assert image.size == size
    # An avatar is no attachment: neither posted nor found among the uploads.
    key = changed["avatar"].split("/")[-2]
    async with office.app.db.reader() as conn:
        number = await conn.fetchval("SELECT id FROM media WHERE file_key = $1", key)
    assert (await ana.get(f"{MEDIA}/{number}")).status == 404
    assert (await ana.post(STATUSES, {"status": "me", "media_ids": [str(number)]})).status == 422
    # A new one takes the place of the old, whose address dies.
    again = aiohttp.FormData()
    again.add_field("avatar", picture(colour="red"), filename="me.png", content_type="image/png")
    newer = await ana.ok("PATCH", UPDATE, data=again)
    assert newer["avatar"] != changed["avatar"]
    anonymous = office.anonymous()
    assert (await anonymous.get(newer["avatar"])).status == 200
    assert (await anonymous.get(changed["avatar"])).status == 404
    assert (await anonymous.get(changed["header"])).status == 200
    await ana.ok("DELETE", "/api/v1/profile/header")
    assert (await anonymous.get(changed["header"])).status == 404
    while await jobs.run_once(office.app):
        pass
    for name in ("avatar", "header"):
        assert not office.app.media.path(changed[name].split("/")[-2]).exists()
    assert (await anonymous.get(newer["avatar"])).status == 200
