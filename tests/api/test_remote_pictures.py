"""Pictures of other offices: fetched through the gate when somebody looks, and then kept."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from storage.ids import new_id
from storage.media import NewAttachment
from tests.api.contract.entities import check
from tests.api.office import Office
from tests.api.posts import arrive, bar, picture, seen


class Gallery:
    """Another office's web server, which counts who asks for what."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, web.Response] = {}
        self.url = ""

    async def show(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        data = b"<html>" if request.path == "/page" else picture(64, 48)
        if request.path == "/huge":
            data += bytes(20 * 1024 * 1024)
        status = 500 if request.path == "/broken" else 200
        return web.Response(body=data, status=status, content_type="text/html")


@pytest.fixture
async def gallery() -> AsyncIterator[Gallery]:
    gallery = Gallery()
    application = web.Application()
    application.router.add_get("/{name}", gallery.show)
    async with TestServer(application, host="127.0.0.1") as server:
        gallery.url = f"http://localhost:{server.port}"
        yield gallery


async def shared(
    office: Office, gallery: Gallery, name: str, network: str = "127.0.0.0/8"
) -> tuple[str, str]:
    """Let Rui of that office post a picture; returns Rui's id and the post's."""
    host = gallery.url.removeprefix("http://")
    rui = await office.colleague("rui", host)
    async with office.app.db.writer() as tx:
        await tx.execute("UPDATE peers SET networks = $2 WHERE host = $1", host, [network])
    attachment = NewAttachment(
        id=new_id(office.app.now()),
        kind="image",
        file_key=f"{new_id(office.app.now()):032x}",
        content_type="image/jpeg",
        remote_url=f"{gallery.url}/{name}",
        description="a lake",
    )
    return rui, await arrive(office, rui, name, attachments=(attachment,))


async def address(office: Office, status_id: str) -> str:
    reader = await office.member("ana")
    (media,) = (await seen(reader, {"id": status_id}))["media_attachments"]
    check("MediaAttachment", media)
    assert (media["remote_url"], media["description"]) == (None, "a lake")
    assert media["url"].startswith(f"{office.url}/files/")
    assert media["preview_url"].startswith(f"{office.url}/files/")
    return str(media["url"])


async def test_a_picture_is_fetched_when_somebody_looks_and_once(
    office: Office, gallery: Gallery
) -> None:
    _, status_id = await shared(office, gallery, "lake")
    url = await address(office, status_id)
    assert gallery.asked == []
    shown = await asyncio.gather(*(office.anonymous().get(url) for _ in range(5)))
    assert [each.status for each in shown] == [200] * 5
    assert gallery.asked == ["/lake"]
    # What a picture is, is told by its bytes and never by the office it came from.
    assert {each.headers["Content-Type"] for each in shown} == {"image/png"}
    preview = await office.anonymous().get(url.replace("original", "preview"))
    assert preview.status == 200
    assert gallery.asked == ["/lake"]


@pytest.mark.parametrize("name", ["page", "broken", "huge"])
async def test_what_is_no_picture_is_not_kept(office: Office, gallery: Gallery, name: str) -> None:
    _, status_id = await shared(office, gallery, name)
    url = await address(office, status_id)
    looks = await asyncio.gather(*(office.anonymous().get(url) for _ in range(3)))
    sentence = "This file could not be fetched from the office that has it"
    assert {(each.status, each.error) for each in looks} == {(404, sentence)}
    # Nobody asks again at each look.
    assert gallery.asked == [f"/{name}"]


async def test_nothing_is_fetched_from_an_address_that_the_entry_does_not_name(
    office: Office, gallery: Gallery
) -> None:
    _, status_id = await shared(office, gallery, "lake", network="10.0.0.0/8")
    url = await address(office, status_id)
    assert (await office.anonymous().get(url)).status == 404
    assert gallery.asked == []


async def test_a_kept_picture_goes_with_its_author_or_office(
    office: Office, gallery: Gallery
) -> None:
    rui, status_id = await shared(office, gallery, "lake")
    url = await address(office, status_id)
    assert (await office.anonymous().get(url)).status == 200
    host = gallery.url.removeprefix("http://")
    await office.allow(host, "removed")
    assert (await office.anonymous().get(url)).status == 404
    await office.allow(host)
    assert (await office.anonymous().get(url)).status == 200
    await bar(office, int(rui), "suspended_at")
    assert (await office.anonymous().get(url)).status == 404
    assert gallery.asked == ["/lake"]
