"""The server on real sockets: slow and many clients, what is no HTTP, and the end."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
import trustme
from aiohttp import web

from fedimmp.config import Config
from fedimmp.web.application import application
from fedimmp.web.call import Call
from fedimmp.web.responses import empty
from fedimmp.web.routes import Route
from fedimmp.web.server import ListenError, serving
from tests.unit.web.offices import configured, make_app

PATIENCE = 10.0


async def ok(_call: Call) -> web.StreamResponse:
    return empty()


ROUTES = [Route("GET", "/livez", ok, public=True, limit="none")]


def app_of(config: Config, routes: list[Route] | None = None) -> web.Application:
    return application(make_app(config), routes or ROUTES)


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def seconds_until_closed(reader: asyncio.StreamReader) -> float:
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with asyncio.timeout(PATIENCE):
        with suppress(ConnectionError):
            await reader.read()
    return loop.time() - started


@pytest.mark.parametrize("sent", [b"", b"GET /livez HT", b"GET /livez HTTP/1.1\r\nHost: a\r\nX: "])
async def test_headers_that_do_not_come_end_the_connection(tmp_path: Path, sent: bytes) -> None:
    config = configured(tmp_path, limits__header_seconds="0.3", limits__keepalive_seconds="60")
    async with serving(app_of(config), config) as (_, port), connected(port) as (reader, writer):
        writer.write(sent)
        assert 0.2 < await seconds_until_closed(reader) < 3


async def test_dripping_headers_do_not_keep_a_connection(tmp_path: Path) -> None:
    config = configured(tmp_path, limits__header_seconds="0.4")

    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET /livez HTTP/1.1\r\n")
        while True:
            writer.write(b"X-A: b\r\n")
            await asyncio.sleep(0.05)

    async with serving(app_of(config), config) as (_, port), connected(port) as (reader, writer):
        dripping = asyncio.create_task(drip(writer))
        assert await seconds_until_closed(reader) < 3
        dripping.cancel()


async def test_the_next_request_of_a_connection_has_the_same_deadline(tmp_path: Path) -> None:
    config = configured(tmp_path, limits__header_seconds="0.3", limits__keepalive_seconds="60")
    async with serving(app_of(config), config) as (_, port), connected(port) as (reader, writer):
        request = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
        for _ in range(2):
            writer.write(request)
            assert b"200 OK" in await reader.readuntil(b"{}")
            # Idle between requests is no crime, for longer than headers may take.
            await asyncio.sleep(0.5)
        writer.write(b"GET /livez HT")
        assert await seconds_until_closed(reader) < 3


async def test_a_slow_answer_is_not_cut_by_the_deadline_of_headers(tmp_path: Path) -> None:
    async def slow(_call: Call) -> web.StreamResponse:
        await asyncio.sleep(0.5)
        return empty()

    config = configured(tmp_path, limits__header_seconds="0.2")
    routes = [Route("GET", "/livez", slow, public=True)]
    async with (
        serving(app_of(config, routes), config) as (_, port),
        connected(port) as (reader, writer),
    ):
        writer.write(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"200 OK" in await reader.readuntil(b"{}")


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
        b"GET /livez HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: a\r\nX y: z\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
        b"GET /" + b"y" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 500 + b"\r\n",
    ],
)
async def test_what_is_no_http_is_400_in_the_one_shape(tmp_path: Path, sent: bytes) -> None:
    config = configured(tmp_path)
    async with serving(app_of(config), config) as (_, port), connected(port) as (reader, writer):
        writer.write(sent)
        async with asyncio.timeout(PATIENCE):
            answer = await reader.read()
        assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
        assert answer.endswith(b'{"error":"The request is malformed"}')


async def test_a_client_that_goes_away_is_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def read(call: Call) -> web.StreamResponse:
        await call.params()
        return empty()

    config = configured(tmp_path)
    caplog.set_level("INFO", logger="fedimmp")
    routes = [Route("POST", "/livez", read, public=True, limit="none")]
    async with serving(app_of(config, routes), config) as (_, port):
        async with connected(port) as (_, writer):
            writer.write(
                b"POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n"
                b"Content-Type: application/json\r\n\r\n{"
            )
            await asyncio.sleep(0.1)
        async with asyncio.timeout(PATIENCE):
            while "went away" not in caplog.text:
                await asyncio.sleep(0.01)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_one_address_has_so_many_connections(tmp_path: Path) -> None:
    config = configured(tmp_path, limits__connections_per_address="3")
    async with serving(app_of(config), config) as (_, port):
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        async with connected(port) as (reader, _writer):
            assert await seconds_until_closed(reader) < 2
        _, writer = held.pop()
        writer.close()
        await writer.wait_closed()
        assert await answers_in_time(port)
        for _, writer in held:
            writer.close()


async def answers_in_time(port: int) -> bool:
    """Tell whether a new connection is served before long: a closed one is noticed a bit later."""
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while asyncio.get_running_loop().time() < deadline:
        async with connected(port) as (reader, writer):
            writer.write(b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            with suppress(ConnectionError):
                if b"200 OK" in await reader.read():
                    return True
        await asyncio.sleep(0.02)
    return False


async def test_a_trusted_proxy_has_as_many_as_it_wants(tmp_path: Path) -> None:
    config = configured(
        tmp_path, limits__connections_per_address="1", server__trusted_proxies="127.0.0.1"
    )
    async with serving(app_of(config), config) as (_, port):
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
        assert await answers_in_time(port)
        for _, writer in held:
            writer.close()


async def test_at_the_end_requests_under_way_finish_and_new_ones_are_refused(
    tmp_path: Path,
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def wait(_call: Call) -> web.StreamResponse:
        begun.set()
        await go_on.wait()
        return empty()

    config = configured(tmp_path)
    routes = [Route("GET", "/livez", wait, public=True)]
    stack = serving(app_of(config, routes), config)
    _, port = await stack.__aenter__()
    async with aiohttp.ClientSession() as session:
        under_way = asyncio.create_task(session.get(f"http://127.0.0.1:{port}/livez"))
        await begun.wait()
        ending = asyncio.create_task(stack.__aexit__(None, None, None))
        await asyncio.sleep(0.1)
        assert not ending.done()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        go_on.set()
        answer = await under_way
        assert answer.status == 200
        answer.release()
        async with asyncio.timeout(PATIENCE):
            await ending


async def test_at_the_end_a_body_that_is_on_its_way_still_arrives(tmp_path: Path) -> None:
    async def echo(call: Call) -> web.StreamResponse:
        return web.Response(text=str((await call.params())["status"]))

    config = configured(tmp_path)
    routes = [Route("POST", "/livez", echo, public=True, limit="none")]
    stack = serving(app_of(config, routes), config)
    _, port = await stack.__aenter__()
    async with connected(port) as (reader, writer), connected(port) as (idle, _):
        writer.write(
            b"POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n\r\nstatus="
        )
        await asyncio.sleep(0.1)
        ending = asyncio.create_task(stack.__aexit__(None, None, None))
        # Who asks nothing is let go at once.
        assert await seconds_until_closed(idle) < 1
        assert not ending.done()
        writer.write(b"hello")
        async with asyncio.timeout(PATIENCE):
            answer = await reader.read()
            await ending
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"connection: close" in answer.lower()
    assert answer.endswith(b"hello")


async def test_at_the_end_nobody_is_waited_for_longer_than_the_drain(tmp_path: Path) -> None:
    async def forever(_call: Call) -> web.StreamResponse:
        await asyncio.Event().wait()
        return empty()

    config = configured(tmp_path, limits__drain_seconds="0.2")
    routes = [Route("GET", "/livez", forever, public=True)]
    async with aiohttp.ClientSession() as session:
        async with serving(app_of(config, routes), config) as (_, port):
            asking = asyncio.create_task(session.get(f"http://127.0.0.1:{port}/livez"))
            idle = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.sleep(0.1)
            started = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - started < 3
        with pytest.raises(aiohttp.ClientError):
            await asking
        idle[1].close()


async def test_a_port_in_use_is_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = configured(tmp_path, server__listen=f"127.0.0.1:{port}")
        with pytest.raises(ListenError, match=f"Port {port} is in use"):
            async with serving(app_of(config), config):
                pass
    config = configured(tmp_path, server__listen="192.0.2.1:1")
    with pytest.raises(ListenError, match=r"cannot listen on 192\.0\.2\.1:1"):
        async with serving(app_of(config), config):
            pass


def with_certificate(folder: Path, **settings: str) -> tuple[Config, ssl.SSLContext]:
    """Configure an office that serves https, and what a client needs to trust it."""
    authority = trustme.CA()
    issued = authority.issue_cert("hq.localhost")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    config = configured(
        folder,
        server__origin="https://hq.localhost",
        server__tls_certificate=str(certificate),
        server__tls_key=str(key),
        **settings,
    )
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return config, context


async def test_https_from_certificate_files(tmp_path: Path) -> None:
    config, context = with_certificate(tmp_path)
    async with serving(app_of(config), config) as (_, port), aiohttp.ClientSession() as session:
        url = f"https://127.0.0.1:{port}/livez"
        async with session.get(url, ssl=context, server_hostname="hq.localhost") as answer:
            assert answer.status == 200
    (tmp_path / "key.pem").write_text("nonsense")
    with pytest.raises(ListenError, match="cannot be used"):
        async with serving(app_of(config), config):
            pass
