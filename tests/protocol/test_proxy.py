"""Peers that are reached through an HTTP proxy, and those that are not."""

import base64
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from aiohttp import web
from aiohttp.test_utils import TestServer

from activitypub.client import Client
from activitypub.errors import NotTrusted, Unreachable
from activitypub.proxy import read_proxy
from tests.protocol.conftest import LIMITS
from tests.protocol.peers import LOOPBACK, Allowlist, Peer, TrapResolver, file_at, resolving
from tests.protocol.people import key_of
from tests.protocol.proxies import Tunnel, tunnelling

KEY = key_of("instance", "https://a.corp.example/actor#main-key")


@dataclass
class Place:
    """A client behind a proxy, a peer on https, and who is asked about names."""

    client: Client
    policy: Allowlist
    peer: Peer
    proxy: Tunnel
    names: TrapResolver


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[tuple[Peer, Path]]:
    """Run a peer on https://b.corp.example:PORT."""
    authority = trustme.CA()
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("b.corp.example").configure_cert(context)
    peer = Peer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", peer.answer)
    server = TestServer(app, host="127.0.0.1", scheme="https")
    await server.start_server(ssl=context)
    peer.origin = f"https://b.corp.example:{server.port}"
    yield peer, bundle
    await server.close()


@pytest.fixture
async def place(office: tuple[Peer, Path], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    peer, bundle = office
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    policy = Allowlist()
    policy.allow(peer.host, ())
    async with tunnelling() as proxy, resolving({"b.corp.example": ["127.0.0.1"]}) as found:
        names, address = found
        client = Client(
            origin="https://a.corp.example",
            user_agent="x",
            policy=policy,
            nameservers=[address],
            proxy=f"http://us:pass%20word@{proxy.address}",
            ca_bundle=bundle,
            limits=LIMITS,
        )
        yield Place(client, policy, peer, proxy, names)
        await client.close()


async def test_everything_goes_through_the_proxy_which_looks_up_names(place: Place) -> None:
    document = place.peer.document("/1", type="Note")
    place.peer.pages["/1.png"] = lambda _request: web.Response(body=b"picture")
    place.peer.pages["/inbox"] = lambda _request: web.Response(status=202)

    assert (await place.client.get_document(place.peer.uri("/1"), KEY)).doc == document
    assert (await file_at(place.client, place.peer.uri("/1.png"), max_bytes=9))[0] == b"picture"
    assert (await place.client.deliver(place.peer.uri("/inbox"), b"{}", KEY)).status == 202

    # One connection is kept for all of them.
    (head,) = place.proxy.heads
    assert head.startswith(f"CONNECT {place.peer.host} HTTP/1.1\r\n")
    credentials = base64.b64encode(b"us:pass word").decode()
    assert f"Proxy-Authorization: Basic {credentials}\r\n" in head
    assert place.names.questions == []
    assert len(place.peer.seen) == 3
    for message in place.peer.seen:
        assert "Proxy-Authorization" not in dict(message.headers)


async def test_a_peer_whose_networks_are_declared_is_reached_directly(place: Place) -> None:
    document = place.peer.document("/1", type="Note")
    place.policy.allow(place.peer.host, LOOPBACK)

    assert (await place.client.get_document(place.peer.uri("/1"), KEY)).doc == document

    assert place.proxy.heads == []
    assert set(place.names.questions) == {"b.corp.example"}


async def test_the_proxy_hears_of_no_stranger_and_of_no_private_address(place: Place) -> None:
    place.peer.redirect("/1", "https://evil.example/1")
    for host in ("10.1.2.3", "127.0.0.1", "169.254.169.254", "[::1]", "[64:ff9b::7f00:1]"):
        place.policy.allow(host, ())
        with pytest.raises(NotTrusted):
            await place.client.get_document(f"https://{host}/1", KEY)
    with pytest.raises(NotTrusted):
        await place.client.get_document("https://evil.example/1", KEY)
    assert place.proxy.heads == []

    with pytest.raises(NotTrusted):
        await place.client.get_document(place.peer.uri("/1"), KEY)
    assert len(place.proxy.heads) == 1


@pytest.mark.parametrize("refusal", ["407 Proxy Authentication Required", "403 Forbidden"])
async def test_a_proxy_that_refuses(place: Place, refusal: str) -> None:
    place.proxy.refusal = refusal
    sentence = f"the proxy answers with status {refusal[:3]}"
    with pytest.raises(Unreachable, match=sentence):
        await place.client.get_document(place.peer.uri("/1"), KEY)
    with pytest.raises(Unreachable, match=sentence):
        await place.client.deliver(place.peer.uri("/inbox"), b"{}", KEY)
    assert place.peer.seen == []


async def test_a_proxy_that_is_down(place: Place, office: tuple[Peer, Path]) -> None:
    client = Client(
        origin="https://a.corp.example",
        user_agent="x",
        policy=place.policy,
        proxy="http://127.0.0.1:1",
        ca_bundle=office[1],
        limits=LIMITS,
    )
    with pytest.raises(Unreachable, match="the proxy cannot be connected to"):
        await client.get_document(place.peer.uri("/1"), KEY)
    await client.close()
    assert place.peer.seen == []


async def test_a_proxy_that_has_a_name_may_lie_anywhere(
    place: Place, office: tuple[Peer, Path]
) -> None:
    document = place.peer.document("/1", type="Note")
    port = place.proxy.address.rpartition(":")[2]
    client = Client(
        origin="https://a.corp.example",
        user_agent="x",
        policy=place.policy,
        proxy=f"http://localhost:{port}",
        ca_bundle=office[1],
        limits=LIMITS,
    )
    assert (await client.get_document(place.peer.uri("/1"), KEY)).doc == document
    assert len(place.proxy.heads) == 1
    await client.close()


async def test_the_certificate_is_checked_through_the_proxy(place: Place) -> None:
    client = Client(
        origin="https://a.corp.example",
        user_agent="x",
        policy=place.policy,
        proxy=f"http://{place.proxy.address}",
        limits=LIMITS,
    )
    with pytest.raises(Unreachable, match="TLS certificate"):
        await client.get_document(place.peer.uri("/1"), KEY)
    await client.close()
    assert place.peer.seen == []


def test_the_password_of_a_proxy_is_not_shown() -> None:
    proxy = read_proxy("http://us:secret@proxy.example:3128")
    assert "secret" not in repr(proxy)
    assert "secret" not in str(proxy.url)
    assert proxy.place == ("proxy.example", 3128)
