"""Four offices as people run them, each in processes of its own."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from pathlib import Path

import pytest

from activitypub.manifest.bundles import write_bundle
from activitypub.manifest.keys import OrganisationKey
from fedimmp.app import App
from fedimmp.services import publishing_manifest
from tests.live import Member, Office, offices, until
from tests.organisation.company import LOOPBACK
from tests.organisation.source import Publisher, members

NETWORKS = ("--network", "127.0.0.0/8", "--network", "::1/128")


@pytest.fixture
async def four(tmp_path: Path) -> AsyncIterator[list[Office]]:
    """Run hq, porto and osaka, and an outsider; nobody trusts anybody."""
    names = ("hq", "porto", "osaka", "outsider")
    async with offices(tmp_path, names, trust=False) as found:
        yield found


class Desk:
    """The desk at hq where the list is kept; two of two people sign."""

    def __init__(self, hq: Office) -> None:
        self._hq = hq
        self._people = [OrganisationKey.generate() for _ in range(2)]
        self.fingerprint = ""

    async def begin(self) -> None:
        self.fingerprint = await publishing_manifest.found(
            app_of(self._hq),
            "corp.example",
            "Corp",
            [key.public for key in self._people],
            needed=2,
            life_days=90,
            actor="tests",
        )

    async def add(self, office: Office) -> None:
        app = app_of(office)
        async with app.db.reader() as conn:
            own = await publishing_manifest.own_member(conn, app)
        listed = replace(own, networks=LOOPBACK)
        await publishing_manifest.put_member(app_of(self._hq), listed, actor="tests")

    async def remove(self, office: Office) -> None:
        await publishing_manifest.end_member(
            app_of(self._hq), office.host, "removed", confirmed=True, actor="tests"
        )

    async def publish(self) -> None:
        for key in self._people:
            await publishing_manifest.sign(app_of(self._hq), key, actor="tests")
        await self._hq.command("org", "publish")

    async def subscribe(self, office: Office) -> None:
        await office.command(
            "org", "subscribe", self._hq.host, "--fingerprint", self.fingerprint, *NETWORKS
        )


def app_of(office: Office) -> App:
    assert office.app is not None
    return office.app


async def version_at(office: Office) -> int:
    async with app_of(office).db.reader() as conn:
        return await conn.fetchval("SELECT version FROM organisation") or 0


async def state_at(office: Office, other: Office) -> str | None:
    async with app_of(office).db.reader() as conn:
        state: str | None = await conn.fetchval(
            "SELECT state FROM peers WHERE host = $1", other.host
        )
        return state


async def posts_of(author: Member, at: Office) -> int:
    async with app_of(at).db.reader() as conn:
        found: int = await conn.fetchval(
            "SELECT count(*) FROM statuses JOIN accounts ON accounts.id = account_id"
            " WHERE username = $1 AND domain = $2",
            author.username,
            author.office.host,
        )
        return found


async def write(author: Member, ending: asyncio.Event) -> int:
    """Post without a pause until the end; returns how many posts that were."""
    number = 0
    while not ending.is_set():
        number += 1
        await author.call("POST", "/api/v1/statuses", {"status": f"Post {number}"})
        await asyncio.sleep(0.1)
    return number


async def test_one_list_for_all_offices(four: list[Office], tmp_path: Path) -> None:
    hq, porto, osaka, outsider = four
    # Another process of porto delivers as well.
    await porto.start("worker", wait=False)
    desk = Desk(hq)
    await desk.begin()
    await desk.add(porto)
    await desk.publish()
    await desk.subscribe(porto)
    await until(lambda: _is(version_at(porto), 1), seconds=30)
    await desk.subscribe(osaka)

    rui, kyo, eve = (
        await porto.member("rui"),
        await osaka.member("kyo"),
        await outsider.member("eve"),
    )
    began = time.monotonic()
    await desk.add(osaka)
    await desk.publish()
    published = time.monotonic()
    # Nobody does anything at porto; who is at osaka finds who is there.
    await until(lambda: _is(version_at(porto), 2), seconds=60)
    await until(lambda: _is(version_at(osaka), 2), seconds=60)
    await kyo.follow(rui)
    assert time.monotonic() - published < 60, f"begun {published - began:.0f} s before"

    await outsider.command("peer", "add", porto.host, *NETWORKS)
    path = f"/api/v2/search?type=accounts&resolve=true&q=@{rui.handle}"
    assert (await eve.call("GET", path))["accounts"] == []
    assert await state_at(porto, outsider) is None
    await _removal_stops_what_goes_on(desk, porto, osaka, rui, tmp_path)


async def _removal_stops_what_goes_on(
    desk: Desk, porto: Office, osaka: Office, rui: Member, folder: Path
) -> None:
    """Attack porto while somebody writes, then remove osaka: within two seconds nothing leaves."""
    ending = asyncio.Event()
    writing = asyncio.create_task(write(rui, ending))
    try:
        await until(lambda: _at_least(posts_of(rui, osaka), 5), seconds=30)
        await _attack(porto, folder)
        seen = await posts_of(rui, osaka)
        await until(lambda: _at_least(posts_of(rui, osaka), seen + 5), seconds=30)

        await desk.remove(osaka)
        await desk.publish()
        await until(lambda: _is(state_at(porto, osaka), "removed"), seconds=60)
        await asyncio.sleep(2)
        stopped = await posts_of(rui, osaka)
        await asyncio.sleep(3)
        assert await posts_of(rui, osaka) == stopped
    finally:
        ending.set()
        written = await writing
    assert written > stopped


async def _attack(porto: Office, folder: Path) -> None:
    """Bring porto a list of somebody else's, which it does not take."""
    forged = folder / "forged.json"
    forged.write_bytes(write_bundle(Publisher().publish(9, members("evil.example"))))
    sentence = await porto.command("org", "import", str(forged), expect=1)
    assert "keys of the organisation" in sentence
    assert "Traceback" not in sentence
    assert await version_at(porto) == 2


async def _is(asked: Awaitable[object], wanted: object) -> bool:
    return await asked == wanted


async def _at_least(asked: Awaitable[int], least: int) -> bool:
    return await asked >= least
