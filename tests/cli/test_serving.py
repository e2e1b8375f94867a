"""`fedimmp serve` as a process: it begins, answers, survives its database, and ends in order."""

import asyncio
import json
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest

from fedimmp.build import build, web_app
from fedimmp.config import load
from fedimmp.web.server import serving
from tests.cli.conftest import CommandLine
from tests.conftest import CloneDatabase
from tests.live import free_ports, until


async def start(config: Path, *words: str) -> Process:
    command = (sys.executable, "-m", "fedimmp", "serve", *words, "--config", str(config))
    return await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)


async def status_of(session: aiohttp.ClientSession, url: str) -> int:
    try:
        async with session.get(url) as answer:
            return answer.status
    except aiohttp.ClientError:
        return 0


def with_port(config: Path, folder: Path) -> tuple[Path, int]:
    port = free_ports(1)[0]
    text = config.read_text().replace(
        'origin = "https://hq.example"\n',
        f'origin = "https://hq.example"\nlisten = "127.0.0.1:{port}"\n',
    )
    text += f'[storage]\ndata_dir = "{config.parent}/data"\n'
    copy = folder / "fedimmp.toml"
    copy.write_text(text)
    return copy, port


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_serves_until_it_is_told_to_end(
    fedimmp: CommandLine, tmp_path: Path, number: signal.Signals
) -> None:
    config, port = with_port(fedimmp.config, tmp_path)
    process = await start(config)
    try:
        async with aiohttp.ClientSession() as session:

            async def ready() -> bool:
                assert process.returncode is None
                return await status_of(session, f"http://127.0.0.1:{port}/readyz") == 200

            await until(ready, seconds=60)
            checked = await fedimmp("healthcheck", "--config", str(config), config=False)
            assert checked.out == "The server is ready.\n"
            process.send_signal(number)
            async with asyncio.timeout(30):
                out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, err.decode()
    assert out == b""
    entries = [json.loads(line) for line in err.decode().splitlines()]
    assert {entry["level"] for entry in entries} == {"info"}
    requests = [entry for entry in entries if entry["message"] == "GET /readyz 200"]
    assert all(len(entry["request"]) == 16 for entry in requests)
    assert requests


async def test_a_database_that_is_away_at_the_start_is_one_sentence(tmp_path: Path) -> None:
    config = tmp_path / "fedimmp.toml"
    config.write_text(
        '[server]\norigin = "https://hq.example"\n'
        f'[database]\nurl = "postgresql:///x?host={tmp_path}"\n'
    )
    process = await start(config)
    async with asyncio.timeout(60):
        _, err = await process.communicate()
    assert process.returncode == 1
    assert err.count(b"\n") == 1
    assert b"Traceback" not in err


async def test_a_port_in_use_is_one_sentence(fedimmp: CommandLine, tmp_path: Path) -> None:
    config, port = with_port(fedimmp.config, tmp_path)
    with socket.create_server(("127.0.0.1", port)):
        process = await start(config)
        async with asyncio.timeout(60):
            _, err = await process.communicate()
    assert process.returncode == 1
    last = err.decode().splitlines()[-1]
    assert last == f"Port {port} is in use: stop the other program, or set server.listen."
    assert b"Traceback" not in err


def remove(path: str) -> None:
    Path(path).unlink(missing_ok=True)


class Cut:
    """A way to the database that can be cut, as a Unix socket in a folder of its own."""

    def __init__(self, target: Path, folder: Path) -> None:
        self._target = str(target)
        self._path = str(folder / target.name)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_unix_server(self._join, self._path)

    async def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        remove(self._path)
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(self._target)
        self._writers |= {writer, back}
        for pair in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._copy(*pair))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
        except ConnectionError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()


@asynccontextmanager
async def cuttable(url: str, folder: Path) -> AsyncIterator[tuple[str, Cut]]:
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    place = Path(query["host"][0])
    cut = Cut(place / f".s.PGSQL.{query.get('port', ['5432'])[0]}", folder)
    await cut.open()
    try:
        query["host"] = [str(folder)]
        yield parts._replace(query=urlencode(query, doseq=True)).geturl(), cut
    finally:
        await cut.cut()


@asynccontextmanager
async def served(way: str, folder: Path) -> AsyncIterator[str]:
    environ = {
        "FEDIMMP_SERVER__ORIGIN": "http://hq.localhost",
        "FEDIMMP_SERVER__LISTEN": "127.0.0.1:0",
        "FEDIMMP_STORAGE__DATA_DIR": str(folder / "data"),
        "FEDIMMP_DATABASE__URL": way,
    }
    config = load(None, environ).config
    async with build(config) as app, serving(web_app(app), config) as (host, port):
        yield f"http://{host}:{port}"


async def ask(session: aiohttp.ClientSession, url: str) -> tuple[int, Any, str | None]:
    async with session.get(url, headers={"Authorization": "Bearer x"}) as answer:
        return answer.status, await answer.json(), answer.headers.get("Retry-After")


async def test_without_the_database_it_answers_503_and_recovers_by_itself(
    clone_database: CloneDatabase, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = await clone_database()
    if "host=" not in url:
        pytest.skip("The database of this run has no Unix socket to cut.")
    folder = tmp_path_factory.mktemp("cut")
    async with (
        cuttable(url, folder) as (way, cut),
        served(way, folder) as base,
        aiohttp.ClientSession() as session,
    ):
        ready, home = f"{base}/readyz", f"{base}/api/v1/timelines/home"
        assert (await status_of(session, ready), (await ask(session, home))[0]) == (200, 401)
        await cut.cut()
        away = {"error": "The service is temporarily unavailable"}
        assert await ask(session, ready) == (503, away, "5")
        assert await ask(session, home) == (503, away, "5")
        assert await status_of(session, f"{base}/livez") == 200
        await cut.open()

        async def back() -> bool:
            return await status_of(session, ready) == 200

        await until(back)
        assert (await ask(session, home))[0] == 401
