"""An office whose files have a host of their own: SEC-054, SEC-137, SEC-156."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from activitypub.signatures.message import Message
from fedimmp.app import App
from fedimmp.errors import Invalid
from fedimmp.remote.policy import PeerPolicy
from fedimmp.services import peering
from tests.attacks.door import Door, open_door
from tests.attacks.files import look, plain, serve, shared, upload
from tests.attacks.reading import get
from tests.databases import wipe
from tests.federation.foreign import Foreign
from tests.federation.here import office
from tests.federation.members import member

FILES = "https://files.hq.example"


@pytest.fixture
async def hq(database_url: str, tmp_path: Path) -> AsyncIterator[App]:
    """Build an office whose files are served elsewhere."""
    try:
        async with office(database_url, tmp_path, settings=f'[media]\norigin = "{FILES}"') as app:
            yield app
    finally:
        await wipe(database_url)


@pytest.fixture
async def door(hq: App) -> AsyncIterator[Door]:
    async with open_door(hq) as found:
        yield found


async def ask(door: Door, path: str, host: str, **headers: str) -> tuple[int, dict[str, str]]:
    message = Message("GET", path, [("Host", host), *headers.items()], b"")
    return await door.ask(message)


@pytest.mark.sec("SEC-137")
async def test_137_files_are_served_there_and_nothing_else_is(
    hq: App, door: Door, porto: Foreign
) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    _, own = await upload(door, ana, plain())
    remote = await shared(door, ana, bela, serve(porto, "/a.png", plain()))
    for file in (own, remote):
        assert file["url"].startswith(f"{FILES}/files/")
        assert file["preview_url"].startswith(f"{FILES}/files/")
        for host in ("files.hq.example", "FILES.hq.example:443"):
            status, headers = await ask(door, urlsplit(file["url"]).path, host)
            assert (status, headers["content-type"]) == (200, "image/png")
            assert "set-cookie" not in headers

    for path in ("/", "/@ana", "/api/v2/instance", "/oauth/authorize", "/actor", "/livez", "/x"):
        status, headers = await ask(door, path, "files.hq.example", Accept="text/html")
        assert (status, headers["content-type"]) == (404, "application/json; charset=utf-8"), path
        assert "set-cookie" not in headers
    assert (await ask(door, "/api/v2/instance", hq.uris.host))[0] == 200


@pytest.mark.sec("SEC-137")
async def test_137_older_addresses_lead_there_and_pages_may_show_them(hq: App, door: Door) -> None:
    ana = await member(hq, "ana")
    _, own = await upload(door, ana, plain())
    path = urlsplit(own["url"]).path
    status, headers, body = await look(door, path)
    assert (status, headers["location"], body) == (308, own["url"], b"")
    _, headers, _ = await look(door, "/auth/sign_in", Accept="text/html")
    assert f"img-src 'self' {FILES};" in headers["content-security-policy"]
    assert f"media-src 'self' {FILES};" in headers["content-security-policy"]
    shown = await get(hq, ana, f"/api/v1/accounts/{ana.id}")
    assert shown["avatar"].startswith(hq.uris.origin)


@pytest.mark.sec("SEC-054")
async def test_054_the_host_of_files_is_our_own(hq: App, door: Door, porto: Foreign) -> None:
    ana, bela = await member(hq, "ana"), porto.person("bela")
    with pytest.raises(Invalid, match="this instance itself"):
        await peering.add_peer(hq, "files.hq.example", actor="tests")
    # Even a row from before the setting changes nothing.
    async with hq.db.writer() as tx:
        await tx.execute("INSERT INTO peers (host, state) VALUES ('files.hq.example', 'allowed')")
    file = await shared(door, ana, bela, f"{FILES}/files/{'0' * 32}/original.png")
    assert (await ask(door, urlsplit(file["url"]).path, "files.hq.example"))[0] == 404
    assert await PeerPolicy(hq.db, hq.uris.own_hosts).trust("files.hq.example") is None
    assert await PeerPolicy(hq.db, hq.uris.own_hosts).trust(porto.host) is not None
