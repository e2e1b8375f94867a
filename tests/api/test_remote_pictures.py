"""Pictures of other offices: fetched through the gate when somebody looks, and then kept."""

import asyncio
import contextlib
import dataclasses
import os
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from fedimmp.app import App
from fedimmp.errors import NotFound
from fedimmp.media.store import new_key
from fedimmp.services import file_keeping
from fedimmp.services.remote_files import access_file
from fedimmp.workers import housekeeping, jobs
from storage.ids import new_id
from storage.media import Kind, NewAttachment
from tests.api.contract.entities import check
from tests.api.office import Office
from tests.api.posts import arrive, bar, picture, seen, uploaded
from tests.protocol.peers import drip, raw_serving

FILM = b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41"


class Gallery:
    """Another office's web server, which counts who asks for what."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.url = ""
        self.open = asyncio.Event()
        self.open.set()

    async def show(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        await self.open.wait()
        if request.path.startswith("/film"):
            return web.Response(body=FILM + bytes(int(request.path[5:])))
        data = b"<html>" if request.path == "/page" else picture(64, 48)
        if request.path == "/huge":
            data += bytes(20 * 1024 * 1024)
        status = 500 if request.path == "/broken" else 200
        return web.Response(body=data, status=status, content_type="text/html")


@pytest.fixture
async def gallery() -> AsyncIterator[Gallery]:
    gallery = Gallery()
    async with serving(gallery):
        yield gallery


@contextlib.asynccontextmanager
async def serving(gallery: Gallery) -> AsyncIterator[None]:
    application = web.Application()
    application.router.add_get("/{name}", gallery.show)
    async with TestServer(application, host="127.0.0.1") as server:
        gallery.url = f"http://localhost:{server.port}"
        yield


async def shared(
    office: Office, gallery: Gallery, name: str, network: str = "127.0.0.0/8"
) -> tuple[str, str]:
    """Let Rui of that office post a picture; returns Rui's id and the post's."""
    host = gallery.url.removeprefix("http://")
    rui = await office.colleague("rui", host)
    async with office.app.db.writer() as tx:
        await tx.execute("UPDATE peers SET networks = $2 WHERE host = $1", host, [network])
    return rui, await posted(office, gallery, rui, name)


async def posted(
    office: Office, gallery: Gallery, author_id: str, name: str, *, kind: Kind = "image"
) -> str:
    """Let somebody of that office post a picture; returns the post's id."""
    attachment = NewAttachment(
        id=new_id(office.app.now()),
        kind=kind,
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


async def test_a_slow_office_holds_up_nobody_but_itself(office: Office, gallery: Gallery) -> None:
    rui, first = await shared(office, gallery, "p0")
    posts = [first] + [await posted(office, gallery, rui, f"p{number}") for number in range(1, 9)]
    slow = [await file_of(office, each) for each in posts]
    other = Gallery()
    gallery.open.clear()
    async with serving(other), asyncio.TaskGroup() as group:
        looks = [group.create_task(office.anonymous().get(url)) for url in slow]
        await until(lambda: len(gallery.asked) == 4)
        zoe = await office.colleague("zoe", other.url.removeprefix("http://"))
        async with office.app.db.writer() as tx:
            await tx.execute("UPDATE peers SET networks = '{127.0.0.0/8}'")
        quick = await file_of(office, await posted(office, other, zoe, "quick"))
        assert (await office.anonymous().get(quick)).status == 200
        # Of nine that are wanted at once four are asked for; the others wait for a place.
        assert len(gallery.asked) == 4
        gallery.open.set()
    assert [each.result().status for each in looks] == [200] * 9
    assert sorted(gallery.asked) == [f"/p{number}" for number in range(9)]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.01)


async def test_an_office_that_is_down_is_left_alone(office: Office, gallery: Gallery) -> None:
    asked = set()

    async def hang_up(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        asked.add((await reader.readline()).split(b" ")[1])

    async with raw_serving(hang_up) as origin:
        gallery.url = origin
        rui, first = await shared(office, gallery, "p0")
        posts = [first, *[await posted(office, gallery, rui, f"p{each}") for each in range(1, 9)]]
        for post in posts:
            assert (await office.anonymous().get(await file_of(office, post))).status == 404
    # After three that got no answer the others are not even tried.
    assert asked == {b"/p0", b"/p1", b"/p2"}


async def test_each_kind_of_file_has_its_limit(office: Office, gallery: Gallery) -> None:
    limits = dataclasses.replace(
        office.app.config.media, max_remote_bytes=1024, max_remote_recording_bytes=4096
    )
    app = dataclasses.replace(
        office.app, config=dataclasses.replace(office.app.config, media=limits)
    )
    rui, first = await shared(office, gallery, "film0")
    kinds: dict[str, Kind] = {"film3000": "video", "film5000": "audio", "film2000": "image"}
    found = {"film0": await access(app, await file_of(office, first))}
    for name, kind in kinds.items():
        post = await posted(office, gallery, rui, name, kind=kind)
        found[name] = await access(app, await file_of(office, post))
    # What is said to be a picture may be no larger than one.
    assert found == {
        "film0": "video/mp4",
        "film3000": "video/mp4",
        "film5000": None,
        "film2000": None,
    }


async def access(app: App, url: str) -> str | None:
    """Return what a file is, None if it can't be had."""
    try:
        return (await access_file(app, url.split("/")[-2], preview=False)).content_type
    except NotFound:
        return None


async def test_a_file_that_drips_is_given_up(office: Office, gallery: Gallery) -> None:
    limits = dataclasses.replace(office.app.config.media, fetch_seconds=0.3)
    app = dataclasses.replace(
        office.app, config=dataclasses.replace(office.app.config, media=limits)
    )
    async with raw_serving(drip) as origin:
        gallery.url = origin
        _, status_id = await shared(office, gallery, "p0")
        assert await access(app, await file_of(office, status_id)) is None
    assert list(app.media.root.glob("incoming/*")) == []
