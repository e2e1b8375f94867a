"""Delivery: any status is an answer, a lost connection is tried again, time is bounded."""

import asyncio
import time
from datetime import UTC, datetime

import pytest
import uvloop
from aiohttp import web

from activitypub.client import Client, Limits
from activitypub.errors import Malformed, NotTrusted, Unreachable
from activitypub.signatures.cavage import check_claim, read_claim, verify
from activitypub.signatures.keys import load_public
from tests.protocol.conftest import another_client
from tests.protocol.peers import Allowlist, Peer, drip, raw_serving
from tests.protocol.people import key_of, pems

KEY = key_of("instance", "http://localhost:1/actor#main-key")


async def test_a_delivery_is_signed_and_typed(client: Client, peer: Peer) -> None:
    peer.pages["/inbox"] = lambda _request: web.Response(status=202)
    answer = await client.deliver(peer.uri("/inbox"), b'{"type":"Like"}', KEY)
    assert (answer.status, answer.retry_after, answer.error) == (202, None, "")
    (request,) = peer.seen
    assert (request.method, request.body) == ("POST", b'{"type":"Like"}')
    assert request.header("content-type") == "application/activity+json"
    claim = read_claim(request)
    assert {"(request-target)", "host", "date", "digest"} <= set(claim.covered)
    check_claim(request, claim, origin=peer.origin, now=datetime.now(UTC))
    assert verify(request, claim, load_public(pems("instance")[1]))


async def test_each_status_is_an_answer(client: Client, peer: Peer, trap: Peer) -> None:
    for status, headers, text, wait, error in (
        (200, {}, "fine", None, ""),
        (401, {}, "no\x1b[31m\r\n signature", None, "Status 401: no[31m signature"),
        (410, {}, "", None, "Status 410"),
        (429, {"Retry-After": "30"}, "slowly", 30.0, "Status 429: slowly"),
        (500, {}, "x" * 70_000, None, "Status 500"),
        (302, {"Location": trap.uri("/inbox")}, "", None, "Status 302"),
    ):
        peer.pages["/inbox"] = lambda _r, s=status, h=headers, t=text: web.Response(  # type: ignore[misc]
            status=s, headers=h, text=t
        )
        answer = await client.deliver(peer.uri("/inbox"), b"{}", KEY)
        assert (answer.status, answer.retry_after, answer.error) == (status, wait, error)


async def two_deliveries(abort: bool) -> int:
    """Deliver twice to a peer that ends its kept connection at the second request.

    Returns how many requests the peer has seen.
    """
    requests: list[bytes] = []

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            requests.append(await reader.readuntil(b"\r\n\r\n"))
            await reader.readexactly(2)
            if len(requests) == 2:
                if abort:
                    writer.transport.abort()
                return
            writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()

    async with raw_serving(once) as origin:
        policy = Allowlist()
        policy.allow(origin.removeprefix("http://"))
        client = another_client(policy)
        for _ in range(2):
            assert (await client.deliver(f"{origin}/inbox", b"{}", KEY)).status == 202
        await client.close()
    return len(requests)


async def two_deliveries_on_new_connections() -> int:
    """Deliver twice to a peer that silently ends each connection after its first answer."""
    requests: list[bytes] = []

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        await reader.readexactly(2)
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async with raw_serving(once) as origin:
        policy = Allowlist()
        policy.allow(origin.removeprefix("http://"))
        client = another_client(policy)
        for _ in range(2):
            assert (await client.deliver(f"{origin}/inbox", b"{}", KEY)).status == 202
        await client.close()
    return len(requests)


@pytest.mark.parametrize("abort", [False, True])
async def test_a_connection_that_the_peer_ends_is_tried_again_at_once(abort: bool) -> None:
    assert await two_deliveries(abort) == 3
    assert await two_deliveries_on_new_connections() == 2


@pytest.mark.parametrize("abort", [False, True])
async def test_a_connection_that_the_peer_ends_is_tried_again_on_uvloop(abort: bool) -> None:
    def run() -> tuple[int, int]:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            first = runner.run(two_deliveries(abort))
            return first, runner.run(two_deliveries_on_new_connections())

    assert await asyncio.to_thread(run) == (3, 2)


async def test_a_connection_that_was_kept_is_not_replaced_by_another_that_was_kept(
    allowlist: Allowlist,
) -> None:
    """All connections that were kept have ended when the next delivery comes."""
    together = asyncio.Barrier(4)
    kept: list[asyncio.StreamWriter] = []
    requests: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        await reader.readexactly(2)
        if len(requests) <= 4:
            kept.append(writer)
            await together.wait()
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        # Silent until the next request comes, and only then gone.
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.transport.abort()

    async with raw_serving(talk) as origin:
        allowlist.allow(origin.removeprefix("http://"))
        client = another_client(allowlist)
        inbox = f"{origin}/inbox"
        await asyncio.gather(*(client.deliver(inbox, b"{}", KEY) for _ in range(4)))
        assert len(kept) == 4
        assert (await client.deliver(inbox, b"{}", KEY)).status == 202
        assert len(requests) == 6
        await client.close()


async def test_a_peer_that_only_closes_is_unreachable(client: Client, allowlist: Allowlist) -> None:
    visits: list[bytes] = []

    async def close(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        visits.append(await reader.readuntil(b"\r\n\r\n"))

    async with raw_serving(close) as origin:
        allowlist.allow(origin.removeprefix("http://"))
        with pytest.raises(Unreachable, match="closes the connection"):
            await client.deliver(f"{origin}/inbox", b"{}", KEY)
    assert len(visits) == 2


async def test_a_dead_peer_is_unreachable(client: Client, allowlist: Allowlist) -> None:
    async with raw_serving(drip) as origin:
        pass
    allowlist.allow(origin.removeprefix("http://"))
    with pytest.raises(Unreachable, match="refuses the connection"):
        await client.deliver(f"{origin}/inbox", b"{}", KEY)


async def test_a_silent_peer_is_unreachable_in_time(allowlist: Allowlist) -> None:
    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with raw_serving(silent) as origin:
        allowlist.allow(origin.removeprefix("http://"))
        client = another_client(allowlist, limits=Limits(deliver=0.3))
        begun = time.perf_counter()
        with pytest.raises(Unreachable, match="in time"):
            await client.deliver(f"{origin}/inbox", b"{}", KEY)
        assert time.perf_counter() - begun < 2
        await client.close()


async def test_a_status_counts_though_its_text_drips(allowlist: Allowlist) -> None:
    async with raw_serving(drip) as origin:
        allowlist.allow(origin.removeprefix("http://"))
        client = another_client(allowlist, limits=Limits(read=0.2, deliver=5))
        assert (await client.deliver(f"{origin}/inbox", b"{}", KEY)).status == 200
        await client.close()


async def test_sec_092_delivery_to_an_odd_inbox(client: Client) -> None:
    for inbox in ("http://[", "ftp://localhost/inbox", "", "/inbox", "http://localhost:1/inbox"):
        with pytest.raises((Malformed, NotTrusted)):
            await client.deliver(inbox, b"{}", KEY)


async def test_connections_are_kept(client: Client, peer: Peer) -> None:
    ports: set[object] = set()

    def inbox(request: web.Request) -> web.Response:
        assert request.transport is not None
        ports.add(request.transport.get_extra_info("peername"))
        return web.Response(status=202)

    peer.pages["/inbox"] = inbox
    for _ in range(5):
        await client.deliver(peer.uri("/inbox"), b"{}", KEY)
    assert len(ports) == 1


async def test_a_client_can_be_closed_and_used_again(client: Client, peer: Peer) -> None:
    peer.pages["/inbox"] = lambda _request: web.Response(status=202)
    for _ in range(2):
        assert (await client.deliver(peer.uri("/inbox"), b"{}", KEY)).status == 202
        await client.close()
    await client.close()
