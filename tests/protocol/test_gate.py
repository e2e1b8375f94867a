"""The gate to the network: schemes, addresses, names, bytes and time."""

import asyncio
import contextlib
import gzip
import ssl
import time
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
import trustme
from aiohttp import web
from aiohttp.test_utils import TestServer

from activitypub.client import Client, Limits
from activitypub.errors import Malformed, NotTrusted, ProtocolError, TooLarge, Unreachable
from activitypub.network import GuardedResolver
from activitypub.vocabulary import AS2
from tests.protocol.conftest import LIMITS, OWN_ORIGIN, another_client
from tests.protocol.peers import (
    LOOPBACK,
    Allowlist,
    Peer,
    drip,
    file_at,
    raw_serving,
    resolving,
)
from tests.protocol.people import key_of

KEY = key_of("instance", "http://localhost:1/actor#main-key")
HTTPS_KEY = key_of("instance", "https://a.corp.example/actor#main-key")


# ---------------------------------------------------------------------- schemes and addresses


async def test_an_https_instance_never_speaks_http(peer: Peer, allowlist: Allowlist) -> None:
    client = another_client(allowlist, "https://a.corp.example")
    for attempt in (
        client.get_document(peer.uri("/1"), HTTPS_KEY),
        client.deliver(peer.uri("/inbox"), b"{}", HTTPS_KEY),
        file_at(client, peer.uri("/1"), max_bytes=9),
    ):
        with pytest.raises(NotTrusted, match="only https"):
            await attempt
    assert peer.seen == []
    await client.close()


async def test_an_instance_does_not_fetch_from_itself(peer: Peer, allowlist: Allowlist) -> None:
    client = another_client(allowlist, peer.origin)
    with pytest.raises(NotTrusted, match="from itself"):
        await client.get_document(peer.uri("/1"), KEY)
    assert peer.seen == []
    assert allowlist.asked == []
    await client.close()


@pytest.mark.parametrize("networks", [(), (ip_network("10.0.0.0/8"),), (ip_network("0.0.0.0/0"),)])
async def test_sec_048_loopback_must_be_declared(
    client: Client, peer: Peer, allowlist: Allowlist, networks: tuple[object, ...]
) -> None:
    allowlist.allow(peer.host, networks)
    with pytest.raises(NotTrusted, match="private network"):
        await client.get_document(peer.uri("/1"), KEY)
    with pytest.raises(NotTrusted, match="private network"):
        await client.deliver(peer.uri("/inbox"), b"{}", KEY)
    assert peer.seen == []


async def test_a_change_of_networks_takes_effect_at_once(
    client: Client, peer: Peer, allowlist: Allowlist
) -> None:
    peer.pages["/inbox"] = lambda _request: web.Response(
        status=202, headers={"Connection": "close"}
    )
    for networks in ((), LOOPBACK, (), LOOPBACK):
        allowlist.allow(peer.host, networks)
        if networks:
            assert (await client.deliver(peer.uri("/inbox"), b"{}", KEY)).status == 202
        else:
            with pytest.raises(NotTrusted):
                await client.deliver(peer.uri("/inbox"), b"{}", KEY)
    assert len(peer.seen) == 2


@pytest.mark.sec("SEC-046")
@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
async def test_a_kept_connection_is_not_used_once_its_address_is_no_longer_permitted(
    client: Client, peer: Peer, allowlist: Allowlist, name: str
) -> None:
    ports: list[object] = []

    def inbox(request: web.Request) -> web.Response:
        assert request.transport is not None
        ports.append(request.transport.get_extra_info("peername"))
        return web.Response(status=202)

    peer.pages["/inbox"] = inbox
    host = peer.host.replace("localhost", name)
    for networks in (LOOPBACK, LOOPBACK, (ip_network("10.0.0.0/8"),), LOOPBACK):
        allowlist.allow(host, networks)
        delivery = client.deliver(f"http://{host}/inbox", b"{}", KEY)
        if networks == LOOPBACK:
            assert (await delivery).status == 202
        else:
            with pytest.raises(NotTrusted, match="network"):
                await delivery
    assert len(ports) == 3
    assert ports[0] == ports[1]


async def test_the_resolver_asks_nobody_about_an_unregistered_name() -> None:
    async with resolving({"evil.example": ["127.0.0.1"]}) as (trap, address):
        resolver = GuardedResolver([address])
        resolver.allow("evil.example", 443, LOOPBACK)
        with pytest.raises(OSError, match="not trusted"):
            await resolver.resolve("evil.example", 8443)
        assert trap.questions == []
        assert await resolver.resolve("evil.example", 443)
        await resolver.close()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "0.0.0.0",
        "224.0.0.1",
    ],
)
async def test_sec_040_sec_041_address_literals(host: str) -> None:
    policy = Allowlist()
    for spelled in (host, f"{host}:8443"):
        policy.allow(spelled, ())
    policy.allow("[::ffff:7f00:1]", ())
    client = another_client(policy, "https://a.corp.example", Limits(total=0.5))
    for authority in (host, f"{host}:8443"):
        with pytest.raises(NotTrusted):
            await client.get_document(f"https://{authority}/1", HTTPS_KEY)
    await client.close()


@pytest.mark.parametrize(
    "location",
    [
        "",
        "file:///etc/passwd",
        "gopher://localhost/",
        "data:text/plain,x",
        "//evil.example/x",
        "https://evil.example/x",
        "http://evil.example/x",
        "http://10.0.0.1/",
        "http://localhost:2/",
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://localhost:1/own",
        "http://alice@localhost/",
        "http://[",
        "/a b",
    ],
)
async def test_sec_045_redirects(
    client: Client, peer: Peer, location: str, allowlist: Allowlist
) -> None:
    peer.redirect("/1", location)
    with pytest.raises((NotTrusted, Malformed, Unreachable)):
        await client.get_document(peer.uri("/1"), KEY)
    assert {request.target for request in peer.seen} == {"/1"}


async def test_sec_045_a_redirect_upwards_stays_on_the_host(client: Client, peer: Peer) -> None:
    document = peer.document("/1", type="Note")
    peer.redirect("/a/b", "../../../1")
    assert (await client.get_document(peer.uri("/a/b"), KEY)).doc == document


async def test_the_guard_is_asked_before_each_request(peer: Peer, allowlist: Allowlist) -> None:
    asked: list[str] = []

    def guard(what: str) -> None:
        asked.append(what)
        if len(asked) > 2:
            raise RuntimeError("inside a transaction")

    client = Client(origin=OWN_ORIGIN, user_agent="x", policy=allowlist, guard=guard, limits=LIMITS)
    peer.document("/2", type="Note")
    peer.redirect("/1", "/2")
    await client.get_document(peer.uri("/1"), KEY)
    assert asked == [f"HTTP request to {peer.uri('/1')}", f"HTTP request to {peer.uri('/2')}"]
    with pytest.raises(RuntimeError):
        await client.deliver(peer.uri("/inbox"), b"{}", KEY)
    assert len(peer.seen) == 2
    await client.close()


# ------------------------------------------------------------------------------ names and TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def office(authority: trustme.CA) -> AsyncIterator[Peer]:
    """A peer on https://b.corp.example:PORT, certified by the company's own authority."""
    async with secured(authority.issue_cert("b.corp.example")) as peer:
        yield peer


@contextlib.asynccontextmanager
async def secured(certificate: trustme.LeafCert) -> AsyncIterator[Peer]:
    """Run a peer on https://b.corp.example:PORT with this certificate."""
    peer = Peer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", peer.answer)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    server = TestServer(app, host="127.0.0.1", scheme="https")
    await server.start_server(ssl=context)
    peer.origin = f"https://b.corp.example:{server.port}"
    yield peer
    await server.close()


def office_client(
    office: Peer, nameserver: str, bundle: Path | None, networks: tuple[object, ...] = LOOPBACK
) -> Client:
    policy = Allowlist()
    policy.allow(office.origin.removeprefix("https://"), networks)
    return Client(
        origin="https://a.corp.example",
        user_agent="x",
        policy=policy,
        nameservers=[nameserver],
        ca_bundle=bundle,
        limits=LIMITS,
    )


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


async def test_a_company_authority_is_accepted_where_it_is_configured(
    office: Peer, bundle: Path
) -> None:
    document = office.document("/1", type="Note")
    async with resolving({"b.corp.example": ["127.0.0.1"]}) as (resolver, address):
        client = office_client(office, address, bundle)
        assert (await client.get_document(office.uri("/1"), HTTPS_KEY)).doc == document
        assert set(resolver.questions) == {"b.corp.example"}
        await client.close()
        stranger = office_client(office, address, None)
        with pytest.raises(Unreachable, match="TLS certificate"):
            await stranger.get_document(office.uri("/1"), HTTPS_KEY)
        await stranger.close()


@pytest.mark.parametrize("fault", ["expired", "of another host", "of a stranger"])
async def test_a_certificate_that_does_not_hold_is_told(
    authority: trustme.CA, bundle: Path, fault: str
) -> None:
    issuer = trustme.CA() if fault == "of a stranger" else authority
    name = "c.corp.example" if fault == "of another host" else "b.corp.example"
    ends = datetime.now(UTC) + timedelta(days=-1 if fault == "expired" else 1)
    certificate = issuer.issue_cert(name, not_before=ends - timedelta(days=9), not_after=ends)
    async with (
        secured(certificate) as office,
        resolving({"b.corp.example": ["127.0.0.1"]}) as (_, address),
    ):
        client = office_client(office, address, bundle)
        with pytest.raises(Unreachable, match="its TLS certificate is not accepted here"):
            await client.deliver(office.uri("/inbox"), b"{}", HTTPS_KEY)
        assert office.seen == []
        await client.close()


async def test_sec_044_only_reachable_addresses_are_used(office: Peer, bundle: Path) -> None:
    document = office.document("/1", type="Note")
    async with resolving({"b.corp.example": ["10.0.0.5", "127.0.0.1"]}) as (resolver, address):
        client = office_client(office, address, bundle)
        begun = time.perf_counter()
        assert (await client.get_document(office.uri("/1"), HTTPS_KEY)).doc == document
        assert time.perf_counter() - begun < 1
        await client.close()
        for rebound in (["10.0.0.5"], ["169.254.169.254"], ["0.0.0.0"]):
            resolver.table["b.corp.example"] = rebound
            client = office_client(office, address, bundle)
            with pytest.raises(NotTrusted, match="private network"):
                await client.get_document(office.uri("/1"), HTTPS_KEY)
            await client.close()


async def test_sec_210_a_stranger_is_not_even_looked_up(office: Peer, bundle: Path) -> None:
    async with resolving({"evil.example": ["127.0.0.1"]}) as (resolver, address):
        client = office_client(office, address, bundle)
        office.redirect("/1", "https://evil.example/1")
        for attempt in (
            client.get_document("https://evil.example/1", HTTPS_KEY),
            client.get_actor("https://evil.example/1", HTTPS_KEY),
            client.get_note("https://evil.example/1", HTTPS_KEY),
            client.get_key("https://evil.example/1#main-key", HTTPS_KEY),
            client.webfinger("alice", "evil.example", HTTPS_KEY),
            client.nodeinfo("evil.example", HTTPS_KEY),
            file_at(client, "https://evil.example/1.png", max_bytes=9),
            client.deliver("https://evil.example/inbox", b"{}", HTTPS_KEY),
            client.get_document("https://sub.b.corp.example/1", HTTPS_KEY),
            client.get_document("https://b.corp.example/1", HTTPS_KEY),
        ):
            with pytest.raises(NotTrusted):
                await attempt
        assert resolver.questions == []
        await client.close()


async def test_an_unknown_name_is_unreachable(office: Peer) -> None:
    async with resolving({}) as (resolver, address):
        client = office_client(office, address, None)
        with pytest.raises(Unreachable, match="cannot be resolved"):
            await client.get_document(office.uri("/1"), HTTPS_KEY)
        assert "b.corp.example" in resolver.questions
        await client.close()


# ----------------------------------------------------------------------------- bytes and time


async def test_sec_050_large_answers(client: Client, peer: Peer) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/activity+json"})
        await response.prepare(request)
        try:
            while True:
                await response.write(b" " * 65536)
        except ConnectionError:
            return response

    peer.pages["/endless"] = endless
    peer.pages["/long"] = lambda _request: web.Response(body=b" " * (LIMITS.document + 1))
    for path in ("/endless", "/long"):
        with pytest.raises(TooLarge):
            await client.get_document(peer.uri(path), KEY)


def zipped(body: bytes, encoding: str = "gzip") -> web.Response:
    headers = {"Content-Type": "application/activity+json", "Content-Encoding": encoding}
    return web.Response(body=body, headers=headers)


async def test_sec_050_compressed_answers(client: Client, peer: Peer) -> None:
    uri = peer.uri("/1")
    document = b'{"@context":"' + AS2.encode() + b'","id":"' + uri.encode() + b'","type":"Note"}'
    small = gzip.compress(document)
    peer.pages["/1"] = lambda _request: zipped(small)
    assert (await client.get_document(uri, KEY)).doc["type"] == "Note"
    bomb = gzip.compress(b" " * 50_000_000)
    peer.pages["/bomb"] = lambda _request: zipped(bomb)
    tracemalloc.start()
    with pytest.raises(TooLarge):
        await client.get_document(peer.uri("/bomb"), KEY)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()
    for body, encoding, error in (
        (gzip.compress(small), "gzip, gzip", Malformed),
        (small, "br", Malformed),
        (zlib.compress(document), "deflate", Malformed),
        (small[:-12], "gzip", Malformed),
        (b"no gzip", "gzip", ProtocolError),
    ):
        peer.pages["/1"] = lambda _request, b=body, e=encoding: zipped(b, e)  # type: ignore[misc]
        with pytest.raises(error):
            await client.get_document(uri, KEY)


async def test_a_dripping_answer_has_a_deadline(allowlist: Allowlist) -> None:
    async with raw_serving(drip) as origin:
        allowlist.allow(origin.removeprefix("http://"))
        client = another_client(allowlist, limits=Limits(total=0.4))
        begun = time.perf_counter()
        with pytest.raises(Unreachable, match="in time"):
            await client.get_document(f"{origin}/1", KEY)
        assert time.perf_counter() - begun < 2
        await client.close()


async def test_what_is_no_http_is_unreachable(client: Client, allowlist: Allowlist) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HELLO\r\n\r\n" * 10)
        await writer.drain()

    async with raw_serving(babble) as origin:
        allowlist.allow(origin.removeprefix("http://"))
        with pytest.raises(Unreachable):
            await client.get_document(f"{origin}/1", KEY)


async def test_media_have_a_limit_of_their_own(client: Client, peer: Peer) -> None:
    peer.pages["/1.png"] = lambda _request: web.Response(body=b"x" * 200_000)
    assert len((await file_at(client, peer.uri("/1.png"), max_bytes=200_000))[0]) == 200_000
    with pytest.raises(TooLarge):
        await file_at(client, peer.uri("/1.png"), max_bytes=199_999)
