"""What a peer runs is asked when it is added, and then every week."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from activitypub.nodeinfo import build_index, build_nodeinfo
from fedimmp.app import App
from fedimmp.services import peer_overview, peering
from fedimmp.workers.settle import settle
from tests.federation.foreign import LOOPBACK, Foreign, foreign
from tests.protocol.peers import jrd_answer


async def _add(app: App, office: Foreign) -> None:
    await peering.add_peer(app, office.host, networks=LOOPBACK, actor="tests")
    await settle(app)


async def _asked_again(app: App) -> datetime | None:
    async with app.db.reader() as conn:
        due_at: datetime | None = await conn.fetchval(
            "SELECT due_at FROM jobs WHERE kind = 'read_nodeinfo'"
        )
        return due_at


def says(office: Foreign, version: str = "4.6.0", name: str = "mastodon") -> dict[str, Any]:
    """Let an office tell what it runs; returns the document."""
    document = build_nodeinfo("2.1", software=name, software_version=version, name="Porto")
    index = build_index(office.peer.origin)
    office.peer.pages["/.well-known/nodeinfo"] = lambda _request: jrd_answer(index)
    office.peer.pages["/nodeinfo/2.1"] = lambda _request: jrd_answer(document)
    return document


async def test_a_peer_that_is_added_tells_what_it_runs(hq: App) -> None:
    async with foreign() as porto:
        document = says(porto)
        before = hq.now()

        await _add(hq, porto)

        peer = await peer_overview.get_peer(hq, porto.host)
        assert (peer.software, peer.software_version) == ("mastodon", "4.6.0")
        assert peer.software_read_at is not None and peer.software_read_at >= before
        due_at = await _asked_again(hq)
        assert due_at is not None and due_at - peer.software_read_at == timedelta(days=7)
        assert [each.target for each in porto.peer.seen[:2]] == [
            "/.well-known/nodeinfo",
            "/nodeinfo/2.1",
        ]

        document["software"]["version"] = "4.7.0"
        await _add(hq, porto)
        assert (await peer_overview.get_peer(hq, porto.host)).software_version == "4.7.0"


async def test_a_peer_that_does_not_say_is_asked_again_tomorrow(hq: App) -> None:
    async with foreign() as porto:
        says(porto)
        await _add(hq, porto)
        porto.peer.pages.clear()

        await _add(hq, porto)

        assert (await peer_overview.get_peer(hq, porto.host)).software == "mastodon"
        due_at = await _asked_again(hq)
        assert due_at is not None
        assert timedelta(hours=23) < due_at - hq.now() <= timedelta(days=1)


async def test_a_peer_that_refuses_us_is_named_until_it_does_not(hq: App) -> None:
    async with foreign() as porto:
        says(porto)
        porto.peer.pages["/actor"] = lambda _request: web.Response(status=403)

        await _add(hq, porto)

        (finding,) = await peer_overview.findings(hq, porto.host)
        assert (finding.host, finding.kind) == (porto.host, "refuses_fetches")
        assert "status 403" in finding.sentence
        assert f"fedimmp peer add {hq.uris.host}" in finding.cure
        due_at = await _asked_again(hq)
        assert due_at is not None and due_at - hq.now() <= timedelta(hours=1)
        porto.peer.pages["/actor"] = lambda _request: web.Response(status=500)
        await _add(hq, porto)
        assert len(await peer_overview.findings(hq)) == 1
        porto.peer.actor("/actor", type="Application")
        await _add(hq, porto)
        assert await peer_overview.findings(hq) == []


async def test_a_removed_peer_is_not_asked(hq: App) -> None:
    async with foreign() as porto:
        says(porto)
        await peering.add_peer(hq, porto.host, networks=LOOPBACK, actor="tests")
        await peering.remove_peer(hq, porto.host, actor="tests")

        await settle(hq)

        assert porto.peer.seen == []
        assert await _asked_again(hq) is None


@pytest.mark.parametrize(
    ("name", "version", "shown"),
    [
        ("GoToSocial", "0.19.1+git-abc", ("gotosocial", "0.19.1+git-abc")),
        ("mastodon", "4.6\x1b[2J\n", ("mastodon", "4.6[2J")),
        ("mastodon", "9" * 500, ("mastodon", "9" * 100)),
        ("<b>", "1", (None, None)),
        ("", "1", (None, None)),
        ("x" * 200, "1", ("x" * 100, "1")),
    ],
)
async def test_what_it_says_can_be_shown(
    hq: App, name: str, version: str, shown: tuple[str | None, str | None]
) -> None:
    async with foreign() as porto:
        says(porto, version, name)

        await _add(hq, porto)

        peer = await peer_overview.get_peer(hq, porto.host)
        assert (peer.software, peer.software_version) == shown
