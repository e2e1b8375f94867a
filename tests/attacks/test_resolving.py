"""What names resolve to: checked at each connection, and against the entry of that very host."""

import itertools
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from aiohttp import web
from aiohttp.test_utils import TestServer

from fedimmp.app import App
from fedimmp.errors import Invalid
from fedimmp.services import discovery, peering
from fedimmp.workers.settle import settle
from tests.attacks.outbound import Watch, port_of
from tests.databases import wipe
from tests.federation.foreign import Foreign
from tests.federation.here import office
from tests.live import until
from tests.protocol.peers import Peer, TrapResolver, resolving

LOOPBACK = ["127.0.0.0/8"]


@dataclass(frozen=True, slots=True)
class Corp:
    """Our office, the name server that it asks, and a peer on https://b.corp.example:PORT."""

    app: App
    names: TrapResolver
    peer: Foreign

    async def finds_anew(self, name: str) -> bool:
        """Say whether somebody of the peer is found over a new connection."""
        await self.app.client.close()
        uri = self.peer.person(name).uri
        return await discovery.account_by_uri(self.app, uri) is not None


@pytest.fixture
async def corp(database_url: str, tmp_path: Path) -> AsyncIterator[Corp]:
    authority = trustme.CA()
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("b.corp.example").configure_cert(context)
    peer = Peer()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", peer.answer)
    server = TestServer(application, host="127.0.0.1", scheme="https")
    await server.start_server(ssl=context)
    try:
        async with resolving({"b.corp.example": ["127.0.0.1"]}) as (names, address):
            peer.origin = f"https://b.corp.example:{server.port}"
            settings = f'[network]\nnameservers = ["{address}"]\nca_bundle = "{bundle}"'
            async with office(database_url, tmp_path, settings=settings) as app:
                yield Corp(app, names, Foreign(peer))
    finally:
        await server.close()
        await wipe(database_url)


@pytest.mark.sec("SEC-044")
@pytest.mark.parametrize("elsewhere", ["10.0.0.5", "169.254.169.254", "0.0.0.0", "127.0.0.9"])
async def test_a_name_that_resolves_to_another_address_the_second_time(
    corp: Corp, monkeypatch: pytest.MonkeyPatch, elsewhere: str
) -> None:
    watch = Watch(monkeypatch)
    await peering.add_peer(corp.app, corp.peer.host, networks=["127.0.0.1/32"], actor="tests")
    assert await corp.finds_anew("ana")

    corp.names.table["b.corp.example"] = [elsewhere]
    corp.names.questions.clear()
    assert not await corp.finds_anew("bela")

    assert elsewhere not in {address for address, _port in watch.addresses}
    assert set(corp.names.questions) == {"b.corp.example"}


@pytest.mark.sec("SEC-046")
async def test_a_kept_connection_is_checked_like_a_new_one(
    corp: Corp, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(monkeypatch)
    port = port_of(corp.peer.host)

    numbers = itertools.count()

    async def finds_somebody() -> bool:
        uri = corp.peer.person(f"person{next(numbers)}").uri
        return await discovery.account_by_uri(corp.app, uri) is not None

    async def refused() -> bool:
        return not await finds_somebody()

    async def declare(network: str) -> None:
        await peering.add_peer(corp.app, corp.peer.host, networks=[network], actor="tests")

    await declare("127.0.0.1/32")
    assert await finds_somebody() and await finds_somebody()
    # One connection served both and stays open. What was permitted is so no longer, and within a
    # second the client knows.
    assert [each for each in watch.addresses if each[1] == port] == [("127.0.0.1", port)]
    corp.names.table["b.corp.example"] = ["10.0.0.5"]
    for network in ("10.0.0.0/30", "127.0.0.2/31"):
        await declare(network)
        await until(refused)
        seen = len(corp.peer.peer.seen)
        assert await refused()
        assert len(corp.peer.peer.seen) == seen
        assert not [each for each in watch.addresses if each[0] == "10.0.0.5"]


@pytest.mark.sec("SEC-044", "SEC-048")
async def test_of_several_addresses_only_the_declared_are_connected_to(
    corp: Corp, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(monkeypatch)
    await peering.add_peer(corp.app, corp.peer.host, networks=LOOPBACK, actor="tests")
    corp.names.table["b.corp.example"] = ["10.0.0.5", "127.0.0.1", "169.254.169.254"]

    assert await corp.finds_anew("ana")

    port = port_of(corp.peer.host)
    assert {each for each in watch.addresses if each[1] == port} == {("127.0.0.1", port)}


@pytest.mark.sec("SEC-048")
@pytest.mark.parametrize("networks", [[], ["10.0.0.0/8"], ["127.0.0.2/31"], ["fd00::/8"]])
async def test_a_network_of_one_host_is_no_network_of_another(
    corp: Corp, monkeypatch: pytest.MonkeyPatch, networks: list[str]
) -> None:
    watch = Watch(monkeypatch)
    await peering.add_peer(corp.app, "a.corp.example", networks=LOOPBACK, actor="tests")
    await peering.add_peer(corp.app, corp.peer.host, networks=networks, actor="tests")
    await settle(corp.app)

    assert not await corp.finds_anew("ana")

    assert not [each for each in watch.addresses if each[1] == port_of(corp.peer.host)]
    assert corp.peer.peer.seen == []


@pytest.mark.sec("SEC-048")
@pytest.mark.parametrize("network", ["0.0.0.0/0", "::/0", "0.0.0.0/8", "224.0.0.0/4", "8.0.0.0/5"])
async def test_a_network_that_is_wider_than_a_private_range_opens_nothing(
    corp: Corp, monkeypatch: pytest.MonkeyPatch, network: str
) -> None:
    watch = Watch(monkeypatch)
    with pytest.raises(Invalid):
        await peering.add_peer(corp.app, corp.peer.host, networks=[network], actor="tests")
    await peering.add_peer(corp.app, corp.peer.host, actor="tests")
    async with corp.app.db.writer() as tx:
        # Even if the row were there.
        await tx.execute("UPDATE peers SET networks = $1", [network])

    assert not await corp.finds_anew("ana")

    assert not [each for each in watch.addresses if each[1] == port_of(corp.peer.host)]
    assert corp.peer.peer.seen == []
