"""Pictures of other offices: fetched through the gate when somebody looks, and then kept."""

import asyncio
import dataclasses
import os
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from fedimmp.media.store import new_key
from fedimmp.services import file_keeping
from fedimmp.workers import housekeeping, jobs
from storage.ids import new_id
from storage.media import NewAttachment
from tests.api.contract.entities import check
from tests.api.office import Office
from tests.api.posts import arrive, bar, picture, seen, uploaded


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
    return rui, await posted(office, gallery, rui, name)


async def posted(office: Office, gallery: Gallery, author_id: str, name: str) -> str:
    """Let somebody of that office post a picture; returns the post's id."""
    attachment = NewAttachment(
        id=new_id(office.app.now()),
        kind="image",
        file_key=f"{new_id(office.app.now()):032x}",
        content_type="image/jpeg",
        remote_url=f"{gallery.url}/{name}",
        description="a lake",
    )
    return await arrive(office, author_id, name, attachments=(attachment,))


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


async def file_of(office: Office, status_id: str) -> str:
    """Return the address of a post's picture."""
    async with office.app.db.reader() as conn:
        row = await conn.fetchrow(
            "SELECT file_key, content_type FROM media WHERE status_id = $1", int(status_id)
        )
    assert row is not None
    return office.app.uris.file(row["file_key"], row["content_type"])


async def tidied(office: Office, *names: str) -> None:
    """Do some chores, and all that they ask for."""
    for chore in housekeeping.CHORES:
        if chore.name in names:
            await housekeeping.do(office.app, chore)
    while await jobs.run_once(office.app):
        pass


def lies_here(office: Office, url: str) -> tuple[bool, bool]:
    """Tell whether a file is in the store, and its preview."""
    key = url.split("/")[-2]
    paths = [office.app.media.path(key, preview=preview) for preview in (False, True)]
    return paths[0].exists(), paths[1].exists()


async def test_a_picture_that_nobody_looks_at_goes_and_comes_again(
    office: Office, gallery: Gallery
) -> None:
    rui, status_id = await shared(office, gallery, "lake")
    url = await file_of(office, status_id)
    other = await file_of(office, await posted(office, gallery, rui, "hill"))
    own = (await uploaded(await office.member("bo")))["url"]
    anonymous = office.anonymous()
    assert [(await anonymous.get(each)).status for each in (url, other)] == [200] * 2
    office.clock.offset += timedelta(days=20)
    assert (await anonymous.get(other)).status == 200
    await tidied(office, "files long unseen")
    assert lies_here(office, url) == (True, True)

    office.clock.offset += timedelta(days=11)
    await tidied(office, "files long unseen")

    assert lies_here(office, url) == (False, False)
    assert lies_here(office, other) == lies_here(office, own) == (True, True)
    assert gallery.asked == ["/lake", "/hill"]
    assert [(await anonymous.get(url)).status for _ in range(2)] == [200] * 2
    assert gallery.asked == ["/lake", "/hill", "/lake"]


async def test_beyond_the_room_those_longest_unseen_go(office: Office, gallery: Gallery) -> None:
    rui, first = await shared(office, gallery, "one")
    urls = []
    for status_id in (
        first,
        await posted(office, gallery, rui, "two"),
        await posted(office, gallery, rui, "three"),
    ):
        urls.append(await file_of(office, status_id))
        assert (await office.anonymous().get(urls[-1])).status == 200
        office.clock.offset += timedelta(days=1)
    async with office.app.db.reader() as conn:
        size = await conn.fetchval("SELECT sum(size)::int FROM media WHERE stored")
    room = dataclasses.replace(office.app.config.media, remote_gigabytes=size * 0.7 / 1e9)
    app = dataclasses.replace(office.app, config=dataclasses.replace(office.app.config, media=room))

    async with app.db.writer() as tx:
        assert await file_keeping.drop_surplus(tx, app, app.now()) == 1
    await tidied(office, "surplus files")

    assert [lies_here(office, url)[0] for url in urls] == [False, True, True]


async def test_a_picture_that_was_lost_is_fetched_again(office: Office, gallery: Gallery) -> None:
    _, status_id = await shared(office, gallery, "lake")
    url = await address(office, status_id)
    assert (await office.anonymous().get(url)).status == 200
    await office.app.media.delete(url.split("/")[-2])
    assert (await office.anonymous().get(url)).status == 200
    assert gallery.asked == ["/lake"] * 2


async def test_files_without_a_row_are_swept(office: Office) -> None:
    store, now = office.app.media, office.app.now().timestamp()
    own = (await uploaded(await office.member("ana")))["url"].split("/")[-2]
    stray, fresh = new_key(), new_key()
    for key in (stray, fresh):
        await store.put(key, b"x", preview=b"y")
    unfinished = store.path(stray).with_name(f"{stray}.0123abcd.part")
    received = store.scratch()
    for path in (unfinished, received):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"z")
    old = [unfinished, received, store.path(own)]
    old += [store.path(stray, preview=preview) for preview in (False, True)]
    for path in old:
        os.utime(path, (now - 90_000, now - 90_000))

    for prefix in {key[:2] for key in (own, stray, fresh)}:
        await file_keeping.sweep(office.app, {"prefix": prefix})

    assert [path.exists() for path in old] == [False, False, True, False, False]
    assert await store.get(fresh) == b"x"


async def test_every_part_of_the_folder_has_its_turn(office: Office) -> None:
    parts = set()
    for _ in range(256):
        async with office.app.db.writer() as tx:
            await file_keeping.plan_sweep(tx, office.app, office.app.now())
            rows = await tx.fetch("DELETE FROM jobs WHERE kind = 'sweep_files' RETURNING payload")
        parts |= {row["payload"]["prefix"] for row in rows}
        office.clock.offset += file_keeping.SWEEP_EVERY
    assert len(parts) == 256
