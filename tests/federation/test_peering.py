"""The allowlist as an administrator changes it."""

from collections.abc import Awaitable

import pytest
from aiohttp import web

from fedimmp.app import App
from fedimmp.errors import Invalid, NotFound
from fedimmp.remote.policy import PeerPolicy
from fedimmp.services import peer_overview, peering
from fedimmp.workers.settle import settle
from tests.federation.foreign import Foreign
from tests.federation.members import member
from tests.federation.quoting import publish
from tests.live import until


async def test_added_peer_is_stored_audited_and_told(hq: App) -> None:
    peer = await peering.add_peer(
        hq,
        "Porto.example",
        networks=["10.20.0.0/16"],
        media_hosts=["files.porto.example"],
        note="Portugal",
        actor="cli",
    )

    assert (peer.host, peer.state, peer.networks) == (
        "porto.example",
        "allowed",
        ("10.20.0.0/16",),
    )
    async with hq.db.reader() as conn:
        act = await conn.fetchrow("SELECT actor, action, target FROM audit")
        kinds = await conn.fetch("SELECT kind FROM stream_events")
    assert act is not None
    assert tuple(act) == ("cli", "peer.add", "porto.example")
    assert [row["kind"] for row in kinds] == ["peers.changed"]


@pytest.mark.parametrize(
    "network", ["10.0.0.0/7", "0.0.0.0/0", "::/0", "10.0.0.1/8", "corp", "127.0.0.0/4"]
)
async def test_networks_that_open_too_much_are_refused(hq: App, network: str) -> None:
    with pytest.raises(Invalid):
        await peering.add_peer(hq, "porto.example", networks=[network], actor="cli")
    assert await peer_overview.list_peers(hq) == []


async def test_unknown_peers_cannot_be_removed_or_shown(hq: App) -> None:
    with pytest.raises(NotFound):
        await peering.remove_peer(hq, "porto.example", actor="cli")
    with pytest.raises(NotFound):
        await peer_overview.get_peer(hq, "porto.example")
    await peering.add_peer(hq, "porto.example", actor="cli")
    await peering.remove_peer(hq, "porto.example", actor="cli")
    assert (await peer_overview.get_peer(hq, "porto.example")).state == "removed"
    with pytest.raises(NotFound):
        await peering.remove_peer(hq, "porto.example", actor="cli")


async def test_the_scheme_of_signatures_is_a_term_of_a_peer(hq: App) -> None:
    policy = PeerPolicy(hq.db, hq.uris.own_hosts)
    await peering.add_peer(hq, "porto.example", media_hosts=["files.porto.example"], actor="cli")
    porto = await policy.trust("porto.example")
    assert porto is not None and porto.signatures == "auto"

    await peering.add_peer(hq, "porto.example", signatures="rfc9421", actor="cli")

    changed = await PeerPolicy(hq.db, hq.uris.own_hosts).trust("porto.example")
    assert changed is not None and changed.signatures == "rfc9421"


async def test_a_peer_that_takes_one_scheme_only_is_a_whole_neighbour(
    hq: App, porto: Foreign
) -> None:
    """It verifies RFC 9421 and nothing else: fetches and deliveries reach it, by the second try."""
    ana, bela = await member(hq, "ana"), porto.person("bela")
    profile = porto.peer.pages["/users/bela"]

    def only_modern(request: web.Request) -> web.StreamResponse | Awaitable[web.StreamResponse]:
        return profile(request) if _is_modern(request) else web.Response(status=401)

    def inbox(request: web.Request) -> web.Response:
        return web.Response(status=202 if _is_modern(request) else 401)

    porto.peer.pages |= {"/users/bela": only_modern, "/inbox": inbox}
    await bela.send(hq, bela.activity("Follow", ana.uri))
    await publish(ana, "First")
    await publish(ana, "Second")
    await settle(hq)

    taken = [each for each in porto.peer.seen if each.header("signature-input")]
    in_vain = [each for each in porto.peer.seen if not each.header("signature-input")]
    assert [each.target for each in in_vain] == ["/users/bela"]
    assert sum(each.target == "/inbox" for each in taken) == 3
    async with hq.db.reader() as conn:
        assert await conn.fetchval("SELECT count(*) FROM deliveries") == 0


def _is_modern(request: web.Request) -> bool:
    return "Signature-Input" in request.headers


async def test_other_processes_obey_a_change_within_two_seconds(hq: App) -> None:
    policy = PeerPolicy(hq.db, hq.uris.own_hosts)
    assert await policy.trust("porto.example") is None

    await peering.add_peer(hq, "porto.example", media_hosts=["files.porto.example"], actor="cli")

    async def trusted() -> bool:
        return await policy.trust("porto.example") is not None

    await until(trusted, seconds=2)
    assert await policy.trust("files.porto.example") is not None
    await peering.remove_peer(hq, "porto.example", actor="cli")

    async def distrusted() -> bool:
        return await policy.trust("porto.example") is None

    await until(distrusted, seconds=2)


async def test_own_host_is_never_trusted(hq: App) -> None:
    async with hq.db.writer() as tx:
        await tx.execute("INSERT INTO peers (host, state) VALUES ($1, 'allowed')", hq.uris.host)

    assert await PeerPolicy(hq.db, hq.uris.own_hosts).trust(hq.uris.host) is None
