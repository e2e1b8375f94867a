"""GET /files: the key opens the picture, as long as what carries it may be seen."""

import pytest

from tests.api.office import Answer, Office
from tests.api.posts import STATUSES, bar, picture, post, uploaded


async def test_a_picture_is_never_a_page(office: Office) -> None:
    ana = await office.member("ana")
    media = await uploaded(ana)
    anonymous = office.anonymous()
    shown = await anonymous.get(media["url"])
    assert shown.status == 200
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert shown.headers["Cache-Control"] == "no-store"
    head = await anonymous.request("HEAD", media["url"])
    assert (head.status, head.data) == (200, b"")
    for name in ("Content-Type", "Content-Length", "Content-Security-Policy"):
        assert head.headers[name] == shown.headers[name]
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert (await anonymous.request(method, media["url"])).status == 405


async def test_an_app_in_a_browser_may_read_a_picture(office: Office) -> None:
    ana = await office.member("ana")
    media = await uploaded(ana)
    origin = {"Origin": "https://app.example"}
    for method in ("GET", "HEAD"):
        for url in (media["url"], media["preview_url"]):
            answer = await office.anonymous().request(method, url, headers=origin)
            assert answer.status == 200
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            assert "Access-Control-Allow-Credentials" not in answer.headers
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "sandbox" in answer.headers["Content-Security-Policy"]
    page = await office.anonymous().request("GET", "/auth/sign_in", headers=origin)
    assert "Access-Control-Allow-Origin" not in page.headers


async def ranged(office: Office, url: str, value: str) -> Answer:
    async with office.session.get(url, headers={"Range": value}) as answer:
        return Answer(answer.status, answer.headers, await answer.read())


async def test_parts_of_a_picture(office: Office) -> None:
    ana = await office.member("ana")
    media = await uploaded(ana, picture(300, 200))
    whole = (await office.anonymous().get(media["url"])).data
    part = await ranged(office, media["url"], "bytes=2-5")
    assert (part.status, part.data) == (206, whole[2:6])
    assert part.headers["Content-Range"] == f"bytes 2-5/{len(whole)}"
    tail = await ranged(office, media["url"], "bytes=-3")
    assert (tail.status, tail.data) == (206, whole[-3:])
    many = "bytes=" + ",".join(["0-"] * 1000)
    for odd in (many, "bytes=9-2", "bytes=99999999999-", "bytes=--1", "bytes=a-b", "lines=1-2"):
        answer = await ranged(office, media["url"], odd)
        assert answer.status in {200, 206, 416}, odd
        assert len(answer.data) <= len(whole) or answer.status == 416
    assert (await ranged(office, media["url"], "bytes=99999999999-")).status == 416


async def test_a_key_dies_with_what_carries_it(office: Office) -> None:
    ana = await office.member("ana")
    anonymous = office.anonymous()
    one, two, three = [await uploaded(ana) for _ in range(3)]
    made = await post(ana, "one", media_ids=[one["id"]])
    edited = await post(ana, "two", media_ids=[two["id"]])
    await post(ana, "three", media_ids=[three["id"]], visibility="private")
    for media in (one, two, three):
        assert (await anonymous.get(media["url"])).status == 200
        assert (await anonymous.get(media["preview_url"])).status == 200
    await ana.ok("DELETE", f"{STATUSES}/{made['id']}")
    await ana.ok("PUT", f"{STATUSES}/{edited['id']}", json={"status": "without"})
    for media in (one, two):
        assert (await anonymous.get(media["url"])).status == 404
        assert (await anonymous.get(media["preview_url"])).status == 404
    assert (await anonymous.get(three["url"])).status == 200


@pytest.mark.parametrize("column", ["suspended_at", "deleted_at"])
async def test_files_of_a_barred_member_are_gone(office: Office, column: str) -> None:
    ana, bo = await office.member("ana"), await office.member("bo")
    media, other = await uploaded(ana), await uploaded(bo)
    await post(ana, "look", media_ids=[media["id"]])
    await bar(office, ana.account_id, column)
    assert (await office.anonymous().get(media["url"])).status == 404
    assert (await office.anonymous().get(other["url"])).status == 200
