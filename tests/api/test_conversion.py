"""Films and sounds made fit for browsers, in an office that has the extra for it."""

import io
from typing import Any

import aiohttp
import av
import pytest
from PIL import Image

from fedimmp.media import films
from fedimmp.workers import jobs
from tests.api.contract.entities import check
from tests.api.office import Api, Office
from tests.api.posts import STATUSES, file_form, picture, post
from tests.api.recordings import film, mp4, sound

MEDIA = "/api/v1/media"
SECRET = "38.7223N 9.1393W in my garden"


async def work(office: Office) -> None:
    while await jobs.run_once(office.app):
        pass


async def sent(person: Api, data: bytes, path: str = "/api/v2/media", **words: str) -> Any:
    answer = await person.request("POST", path, data=file_form(data, **words))
    assert answer.status in (200, 202), answer.data
    # Apps expect an address of each file but one that they just sent.
    url = answer.data["url"] if answer.status == 200 else "https://hq.example/later"
    check("MediaAttachment", answer.data | {"url": url})
    return answer.data


async def played(office: Office, url: str) -> tuple[bytes, list[str], dict[str, str]]:
    """Return a file as anybody gets it, the codecs in it, and its metadata."""
    shown = await office.anonymous().get(url)
    assert shown.status == 200
    with av.open(io.BytesIO(shown.data)) as container:
        codecs = [stream.codec_context.name for stream in container.streams]
        return shown.data, codecs, container.metadata


FILMS = {
    "H.264 in MP4": film(secret=SECRET),
    "H.264 without sound": film(audio=None, secret=SECRET),
    "VP8 in WebM": film("webm", "libvpx", "libopus", secret=SECRET),
    "MPEG-4 in MP4": film("mp4", "mpeg4", "aac", secret=SECRET),
}


@pytest.mark.parametrize("name", FILMS)
async def test_a_film_is_made_fit_for_browsers(office: Office, name: str) -> None:
    ana, bea = await office.member("ana"), await office.member("bea")
    data = FILMS[name]
    assert SECRET.encode() in data
    waiting = await sent(ana, data, description="a lake", focus="0.5,0.5")
    assert (waiting["type"], waiting["url"], waiting["preview_url"]) == ("video", None, None)
    path = f"{MEDIA}/{waiting['id']}"
    assert (await ana.get(path)).status == 206
    assert (await bea.get(path)).status == 404
    early = await ana.post(STATUSES, {"status": "look", "media_ids": [waiting["id"]]})
    assert (early.status, "not ready" in early.error) == (422, True)

    await work(office)
    done = await ana.get(path)
    assert done.status == 200
    check("MediaAttachment", done.data)
    media, meta = done.data, done.data["meta"]
    assert (media["id"], media["description"], meta["focus"]) == (
        waiting["id"],
        "a lake",
        {"x": 0.5, "y": 0.5},
    )
    assert (meta["original"]["size"], meta["small"]["size"]) == ("320x180", "320x180")
    assert meta["original"]["duration"] == pytest.approx(2, abs=0.2)
    assert (meta["original"]["frame_rate"], meta["fps"], bool(media["blurhash"])) == (
        "15/1",
        15,
        True,
    )
    assert ("audio_encode" in meta) == (name != "H.264 without sound")
    body, codecs, metadata = await played(office, media["url"])
    assert (codecs[0], SECRET.encode() in body, "title" in metadata) == ("h264", False, False)
    preview = await office.anonymous().get(media["preview_url"])
    assert Image.open(io.BytesIO(preview.data)).size == (320, 180)
    made = await post(ana, "look", media_ids=[media["id"]])
    assert made["media_attachments"] == [media]


async def test_the_older_upload_answers_when_the_film_is_ready(office: Office) -> None:
    ana = await office.member("ana")
    media = await sent(ana, film(), MEDIA)
    assert media["url"] is not None
    await post(ana, "look", media_ids=[media["id"]])
    answer = await ana.request("POST", MEDIA, data=file_form(mp4()))
    assert (answer.status, len(answer.error) > 10) == (422, True)


SOUNDS = {
    "MP3": sound("mp3", "libmp3lame", secret=SECRET),
    "FLAC": sound("flac", "flac", secret=SECRET),
    "WAV": sound("wav", "pcm_s16le", secret=SECRET),
    "Ogg": sound("ogg", "libopus", secret=SECRET),
    "M4A": sound("ipod", "aac", secret=SECRET),
}


@pytest.mark.parametrize("name", SOUNDS)
async def test_a_sound_tells_nothing_but_itself(office: Office, name: str) -> None:
    ana = await office.member("ana")
    assert SECRET.encode() in SOUNDS[name]
    media = await sent(ana, SOUNDS[name], MEDIA)
    assert (media["type"], media["preview_url"], media["blurhash"]) == ("audio", None, None)
    assert media["meta"]["original"]["duration"] == pytest.approx(2, abs=0.2)
    body, codecs, _ = await played(office, media["url"])
    assert (len(codecs), SECRET.encode() in body) == (1, False)


async def test_a_film_on_its_side_stands_upright(office: Office) -> None:
    ana = await office.member("ana")
    media = await sent(ana, film(rotation=90), MEDIA)
    assert media["meta"]["original"]["size"] == media["meta"]["small"]["size"] == "180x320"


async def test_an_animation_becomes_a_film(office: Office) -> None:
    ana = await office.member("ana")
    frames = [Image.new("RGB", (41, 31), colour) for colour in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=50)
    waiting = await sent(ana, out.getvalue())
    assert (waiting["type"], waiting["url"]) == ("gifv", None)
    await work(office)
    media = await ana.ok("GET", f"{MEDIA}/{waiting['id']}")
    check("MediaAttachment", media)
    assert (media["type"], media["meta"]["original"]["size"]) == ("gifv", "40x30")
    assert (await played(office, media["url"]))[1] == ["h264"]
    still = await sent(ana, picture(encoder="GIF"))
    assert (still["type"], still["url"].rpartition(".")[2]) == ("image", "gif")


async def test_ones_own_preview_stays(office: Office) -> None:
    ana = await office.member("ana")
    form = file_form(film())
    form.add_field("thumbnail", picture(90, 30), filename="t.png", content_type="image/png")
    waiting = (await ana.request("POST", "/api/v2/media", data=form)).data
    path = f"{MEDIA}/{waiting['id']}"
    early = aiohttp.FormData()
    early.add_field("thumbnail", picture(), filename="t.png", content_type="image/png")
    assert (await ana.request("PUT", path, data=early)).status == 422
    assert (await ana.put(path, {"description": "meanwhile"})).status == 200
    await work(office)
    media = await ana.ok("GET", path)
    assert (media["meta"]["small"]["size"], media["description"]) == ("90x30", "meanwhile")
    shown = await office.anonymous().get(media["preview_url"])
    assert (shown.headers["Content-Type"], shown.data) == ("image/png", shown.data)


BAD = {
    "headers alone": mp4(),
    "half a film": film()[: len(film()) // 2],
    "too many frames a second": film(rate=240),
}


@pytest.mark.sec("SEC-157")
@pytest.mark.parametrize("name", BAD)
async def test_157_a_bad_film_fails_once_with_a_sentence(office: Office, name: str) -> None:
    ana = await office.member("ana")
    bad, good = await sent(ana, BAD[name]), await sent(ana, film())
    await work(office)
    answer = await ana.get(f"{MEDIA}/{bad['id']}")
    assert (answer.status, len(answer.error) > 10) == (422, True)
    posted = await ana.post(STATUSES, {"status": "look", "media_ids": [bad["id"]]})
    assert (posted.status, bool(posted.error)) == (422, True)
    assert (await ana.get(f"{MEDIA}/{good['id']}")).status == 200
    assert await ana.ok("DELETE", f"{MEDIA}/{bad['id']}") == {}


async def test_a_discarded_film_leaves_nothing(office: Office) -> None:
    ana = await office.member("ana")
    await work(office)
    root = office.app.config.media_dir
    before = {path for path in root.rglob("*") if path.is_file()}
    waiting = await sent(ana, film())
    assert await ana.ok("DELETE", f"{MEDIA}/{waiting['id']}") == {}
    await work(office)
    assert {path for path in root.rglob("*") if path.is_file()} == before


async def test_a_file_that_kills_the_worker_is_tried_twice(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = await office.member("ana")
    await work(office)
    waiting = await sent(ana, film())
    async with office.app.db.writer() as tx:
        await tx.execute("UPDATE media SET attempts = 2 WHERE id = $1", int(waiting["id"]))

    async def never(*_given: object, **_more: object) -> None:
        raise AssertionError("It was tried again.")

    monkeypatch.setattr(films, "make_film", never)
    await work(office)
    assert (await ana.get(f"{MEDIA}/{waiting['id']}")).status == 422
