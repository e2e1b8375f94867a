"""Files: who may have them, where they come from, and how they are served.

SEC-054, SEC-086, SEC-137, SEC-153, SEC-156, SEC-157, SEC-158, SEC-160.
"""

import pytest
from aiohttp import web

from fedimmp.app import App
from fedimmp.services import peering, posting
from fedimmp.services.posting import Draft
from fedimmp.workers.settle import settle
from storage.statuses import Visibility
from tests.attacks.door import Door, signed
from tests.attacks.files import RECORDINGS, key_of, look, plain, serve, shared, upload
from tests.attacks.reading import deliver, get
from tests.federation.foreign import Foreign, foreign
from tests.federation.members import Member, account_id, count, member, status_of

NOT_HAD = b'{"error":"This file could not be fetched from the office that has it"}'


async def posted(hq: App, author: Member, file_id: str, visibility: Visibility = "public") -> int:
    draft = Draft(text="look", visibility=visibility, media_ids=(int(file_id),))
    return await posting.publish(hq, author.id, draft, application_id=None)


@pytest.mark.sec("SEC-054")
async def test_054_files_of_strangers_are_not_fetched(
    hq: App, door: Door, porto: Foreign, evil: Foreign
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    serve(evil, "/a.png", plain())
    porto.peer.redirect("/away.png", evil.peer.uri("/a.png"))
    for kind, url in (
        ("Image", evil.peer.uri("/a.png")),
        ("Video", evil.peer.uri("/a.png")),
        ("Image", porto.peer.uri("/away.png")),
    ):
        file = await shared(door, ana, bela, url, kind=kind)
        # The app learns nothing of the stranger, and asks us alone.
        assert evil.host not in str(file)
        assert file["url"].startswith(f"{hq.uris.origin}/files/")
        status, _, body = await look(door, file["url"])
        assert (status, body) == (404, NOT_HAD)


@pytest.mark.sec("SEC-054")
async def test_054_files_at_our_own_address_are_not_fetched(
    hq: App, door: Door, porto: Foreign
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    _, own = await upload(door, ana, plain())
    porto.peer.redirect("/back.png", own["url"])
    for url in (own["url"], f"{hq.uris.origin}/livez", porto.peer.uri("/back.png")):
        file = await shared(door, ana, bela, url)
        assert (await look(door, file["url"]))[0] == 404
    assert (await look(door, own["url"]))[0] == 200


@pytest.mark.sec("SEC-054")
async def test_054_files_at_the_media_host_of_a_peer_are_fetched(
    hq: App, door: Door, porto: Foreign
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    async with foreign() as bucket:
        file = await shared(door, ana, bela, serve(bucket, "/a.png", plain()))
        assert (await look(door, file["url"]))[0] == 404
        assert bucket.peer.seen == []
        await peering.add_peer(hq, porto.host, media_hosts=[bucket.host], actor="tests")
        assert (await look(door, file["url"]))[0] == 200


@pytest.mark.sec("SEC-086")
async def test_086_no_file_of_ours_is_a_document(hq: App, door: Door, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    forged = b'{"@context":"https://www.w3.org/ns/activitystreams","type":"Note","content":"x"}'
    assert (await upload(door, ana, forged, name="evil.json"))[0] == 422
    status, own = await upload(door, ana, plain("GIF") + forged, name="evil.png")
    assert status == 200
    await posted(hq, ana, own["id"])
    before = await count(hq, "statuses")

    status, headers, body = await look(door, own["url"], Accept="application/activity+json")
    assert (status, headers["content-type"]) == (200, "image/gif")
    assert (headers["x-content-type-options"], forged in body) == ("nosniff", False)
    assert "sandbox" in headers["content-security-policy"]

    # Nor is it one to us: not to be boosted, answered, or taken for a key.
    note = bela.note(id=own["url"], attributedTo=own["url"])
    answer = bela.note(inReplyTo=own["url"])
    await deliver(door, bela, bela.announce(own["url"]), bela.create(note), bela.create(answer))
    assert await status_of(hq, own["url"]) is None
    assert await count(hq, "statuses") == before + 1
    assert await door.send(signed(hq, bela, bela.create(answer), key_id=own["url"])) in (401, 403)


PAGES = ("/", "/nowhere", "/@ana", "/auth/sign_in", "/about", "/oauth/authorize")


@pytest.mark.sec("SEC-137")
@pytest.mark.parametrize("path", PAGES)
async def test_137_pages_run_and_frame_nothing(door: Door, path: str) -> None:
    await member(door.app, "ana")
    _, headers, _ = await look(door, path, Accept="text/html")
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy and "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.sec("SEC-137")
async def test_137_files_can_do_nothing_at_our_address(hq: App, door: Door) -> None:
    ana = await member(hq, "ana")
    _, own = await upload(door, ana, plain())
    status, headers, _ = await look(door, own["url"])
    assert (status, headers["content-type"]) == (200, "image/png")
    assert headers["content-security-policy"] == (
        "default-src 'none'; frame-ancestors 'none'; sandbox"
    )
    assert headers["cross-origin-resource-policy"] == "cross-origin"
    assert headers["x-content-type-options"] == "nosniff"
    assert not {"set-cookie", "content-disposition"} & set(headers)

    # What nobody would look at in a browser is kept aside as a file, whatever it says it is.
    async with hq.db.writer() as tx:
        await tx.execute("UPDATE media SET content_type = 'text/html'")
    status, headers, _ = await look(door, own["url"])
    assert (status, headers["content-type"]) == (200, "application/octet-stream")
    assert headers["content-disposition"] == "attachment"


PATHS = [
    "/files/../../etc/passwd",
    "/files/..%2f..%2fetc%2fpasswd",
    "/files/%2e%2e/%2e%2e/etc/passwd",
    "/files/%252e%252e%252f/x",
    "//files//x/y",
    "///etc/passwd",
    "/files/..\\..\\etc\\passwd",
    "/files/KEY/../../../etc/passwd",
    "/files/KEY%00/original.png",
    "/files/KEY%2f..%2f/original.png",
    "/files/KEY/",
    "/files/KEY",
    "/files/UPPER/original.png",
    "/files/incoming/x",
    "/files/" + "0" * 32 + "/original.png",
    "/files/" + "a" * 5_000 + "/original.png",
]


@pytest.mark.sec("SEC-153")
async def test_153_no_path_leads_out_of_the_folder(hq: App, door: Door) -> None:
    ana = await member(hq, "ana")
    _, own = await upload(door, ana, plain())
    key = key_of(own["url"])
    upper = key.upper() if key.upper() != key else "A" * 32
    for path in PATHS:
        status, _, body = await look(door, path.replace("KEY", key).replace("UPPER", upper))
        assert (status, b"root:" in body) in ((400, False), (404, False)), path
    # With a right key the name only chooses between the picture and its preview.
    for name in ("..%2f..%2fx", "%2e%2e", "original.png", "x" * 500):
        status, headers, _ = await look(door, f"/files/{key}/{name}")
        assert (status, headers["content-type"]) == (200, "image/png"), name


@pytest.mark.sec("SEC-153")
@pytest.mark.parametrize("at", ["file", "folder"])
async def test_153_links_in_the_folder_are_not_followed(hq: App, door: Door, at: str) -> None:
    ana = await member(hq, "ana")
    _, own = await upload(door, ana, plain())
    path = hq.media.path(key_of(own["url"]))
    aside = hq.config.data_dir / "aside"
    if at == "file":
        path.replace(aside)
        path.symlink_to(aside)
    else:
        path.parent.replace(aside)
        path.parent.symlink_to(aside)
    assert path.read_bytes()
    assert (await look(door, own["url"]))[0] == 404


@pytest.mark.sec("SEC-156")
async def test_156_files_can_neither_be_guessed_nor_listed(hq: App, door: Door) -> None:
    ana = await member(hq, "ana")
    files = [(await upload(door, ana, plain()))[1] for _ in range(3)]
    keys = [key_of(file["url"]) for file in files]
    await posted(hq, ana, files[0]["id"], "private")
    # Neither the id nor a neighbour's key says anything about a key: 128 bits are random.
    assert len({key[:8] for key in keys}) == 3
    assert (await look(door, files[0]["url"]))[0] == 200
    for path in (
        "/files",
        "/files/",
        f"/files/{keys[0][:2]}/",
        f"/files/{int(keys[0], 16) + 1:032x}/x",
    ):
        assert (await look(door, path))[0] == 404


@pytest.mark.sec("SEC-156")
@pytest.mark.parametrize("end", ["deleted", "suspended"])
async def test_156_a_file_goes_with_what_carries_it(hq: App, door: Door, end: str) -> None:
    ana = await member(hq, "ana")
    _, own = await upload(door, ana, plain())
    status_id = await posted(hq, ana, own["id"], "private")
    assert (await look(door, own["url"]))[0] == 200

    if end == "deleted":
        await posting.delete(hq, ana.id, status_id, delete_media=True)
        await settle(hq)
        assert await hq.media.get(key_of(own["url"])) is None
    else:
        async with hq.db.writer() as tx:
            await tx.execute("UPDATE accounts SET suspended_at = now() WHERE id = $1", ana.id)
    missing = await look(door, f"/files/{'0' * 32}/original.png")
    for url in (own["url"], own["preview_url"]):
        status, _, body = await look(door, url)
        assert (status, body) == (404, missing[2])


@pytest.mark.sec("SEC-156")
async def test_156_files_of_a_removed_office_are_gone(hq: App, door: Door, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    file = await shared(door, ana, bela, serve(porto, "/a.png", plain()))
    assert (await look(door, file["url"]))[0] == 200
    await peering.remove_peer(hq, porto.host, actor="tests")
    assert (await look(door, file["url"]))[0] == 404
    assert porto.fetched("/a.png") == 1


LISTS = {
    "an HLS playlist": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\nhttp://127.0.0.1:1/\n",
    "a list to join": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "a DASH manifest": b"<?xml version='1.0'?><MPD><BaseURL>file:///etc/</BaseURL></MPD>",
    "QuickTime with references": b"\0\0\0\x14ftypqt  \0\0\0\0qt  " + b"\0\0\0\x10rmra/etc/passwd",
    "QuickTime of old": b"\0\0\0\x10moov\0\0\0\x08rmda" + bytes(100),
    "Matroska with attachments": b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska" + bytes(200),
    "an AVI": b"RIFF\x24\0\0\0AVI LIST" + bytes(100),
    "a SWF": b"FWS\x05" + bytes(100),
    "HTML": b"<video src='file:///etc/passwd'>",
    "HTML in disguise": b"\xff\xfe<script>alert(1)</script>",
    "nothing": b"",
}


@pytest.mark.sec("SEC-157")
@pytest.mark.parametrize("name", LISTS)
async def test_157_what_names_other_files_is_not_taken(
    hq: App, door: Door, porto: Foreign, name: str
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    assert (await upload(door, ana, LISTS[name], name="a.mp4", said="video/mp4"))[0] == 422

    url = serve(porto, "/a.mp4", LISTS[name])
    for kind in ("Video", "Audio", "Image"):
        file = await shared(door, ana, bela, url, kind=kind)
        status, _, body = await look(door, file["url"])
        assert (status, body) == (404, NOT_HAD)
    # Nothing was asked for but the file itself, once for each of the three.
    assert porto.fetched("/a.mp4") == 3
    assert [path for path in hq.config.media_dir.rglob("*") if path.is_file()] == []


@pytest.mark.sec("SEC-157")
@pytest.mark.parametrize("said", RECORDINGS)
async def test_157_films_and_sounds_are_passed_on_unchanged(
    hq: App, door: Door, porto: Foreign, said: str
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    data = RECORDINGS[said] + bytes(range(256)) * 600
    kind = said.partition("/")[0]
    url = serve(porto, "/film", data, "text/html")

    file = await shared(door, ana, bela, url, kind=kind.title(), said=said)
    assert (file["type"], file["preview_url"]) == (kind, None)
    assert porto.fetched("/film") == 0
    for _ in range(2):
        status, headers, body = await look(door, file["url"])
        assert (status, headers["content-type"], body == data) == (200, said, True)
        assert headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in headers["content-security-policy"]
        assert headers["accept-ranges"] == "bytes"
    status, headers, body = await look(door, file["url"], Range="bytes=100-199")
    assert (status, body) == (206, data[100:200])
    assert headers["content-range"] == f"bytes 100-199/{len(data)}"
    assert porto.fetched("/film") == 1


@pytest.mark.sec("SEC-157")
async def test_157_what_a_file_is_lies_in_its_bytes(hq: App, door: Door, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    film = serve(porto, "/film", RECORDINGS["video/mp4"], "image/png")
    image = serve(porto, "/image", plain(), "video/mp4")
    for url, told, found in ((film, "Image", "video/mp4"), (image, "Video", "image/png")):
        file = await shared(door, ana, bela, url, kind=told)
        status, headers, _ = await look(door, file["url"])
        assert (status, headers["content-type"]) == (200, found)
    # A face is a picture, and no film is shown in its place.
    bela.document["icon"] = {"type": "Image", "url": film}
    await deliver(door, bela, bela.update(bela.document))
    shown = await get(hq, ana, f"/api/v1/accounts/{await account_id(hq, bela.uri)}")
    assert (await look(door, shown["avatar"]))[0] == 404


@pytest.mark.sec("SEC-158")
async def test_158_a_new_picture_with_each_update_is_fetched_when_looked_at(
    hq: App, door: Door, porto: Foreign
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    serve(porto, "/a", plain())
    for number in range(15):
        path = f"/face{number}.png"
        bela.document["icon"] = {"type": "Image", "url": serve(porto, path, plain())}
        await deliver(door, bela, bela.update(bela.document))
    assert [each.target for each in porto.peer.seen if each.target.startswith("/face")] == []

    shown = await get(hq, ana, f"/api/v1/accounts/{await account_id(hq, bela.uri)}")
    assert [(await look(door, shown["avatar"]))[0] for _ in range(5)] == [200] * 5
    seen = [each.target for each in porto.peer.seen if each.target.startswith("/face")]
    assert seen == ["/face14.png"]


@pytest.mark.sec("SEC-158")
async def test_158_a_missing_picture_is_asked_for_once_by_many(
    hq: App, door: Door, porto: Foreign
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    porto.peer.pages["/gone.png"] = lambda _request: web.Response(status=500)
    file = await shared(door, ana, bela, porto.peer.uri("/gone.png"))
    assert [(await look(door, file["url"]))[0] for _ in range(20)] == [404] * 20
    assert porto.fetched("/gone.png") == 1


RANGES = [
    "bytes=" + ",".join(["0-"] * 1_000),
    "bytes=0-1,2-3",
    "bytes=9-2",
    "bytes=--1",
    "bytes=-0",
    "bytes=-",
    "bytes=a-b",
    "bytes=99999999999999999999999-",
    "bytes=0-99999999999999999999999",
    "bytes=-99999999999999999999999",
    "bytes=0x1-2",
    "lines=1-2",
    "",
]


@pytest.mark.sec("SEC-160")
@pytest.mark.parametrize("value", RANGES, ids=lambda value: value[:20])
async def test_160_absurd_ranges_cost_no_more_than_the_file(
    hq: App, door: Door, porto: Foreign, value: str
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    data = RECORDINGS["video/mp4"] + bytes(50_000)
    file = await shared(door, ana, bela, serve(porto, "/film", data), kind="Video")

    status, headers, body = await look(door, file["url"], Range=value)
    assert status in (200, 206, 416)
    assert "multipart" not in headers["content-type"]
    assert body == data if status != 416 else len(body) < 1_000
    # And the usual ones work.
    status, headers, body = await look(door, file["url"], Range="bytes=-4")
    assert (status, body) == (206, data[-4:])
