"""Streams: what an open socket costs, and how soon all of them have heard of one event."""

import asyncio
import base64
import os
import statistics
import time
from pathlib import Path
from typing import cast

from tests.live import Member, Office

SOCKETS = int(os.environ.get("FEDIMMP_BENCH_SOCKETS", "5000"))
LISTENERS = 100
ROUNDS = 7
AT_ONCE = 100
_MARK = b'"event":"update"'
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICK = os.sysconf("SC_CLK_TCK")


class _Listener(asyncio.Protocol):
    """The end of one socket: upgrades, then notes when an event has come."""

    def __init__(self, request: bytes, heard: list[float]) -> None:
        self._request = request
        self._heard = heard
        self._tail = b""
        self.open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        data = self._tail + data
        if not self.open.done():
            if b"\r\n\r\n" in data:
                assert data.startswith(b"HTTP/1.1 101"), data[:200]
                self.open.set_result(None)
        elif _MARK in data:
            self._heard.append(time.perf_counter())
            data = data.rpartition(_MARK)[2]
        self._tail = data[-len(_MARK) :]


def _request(office: Office, token: str) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    lines = (
        "GET /api/v1/streaming?stream=public HTTP/1.1",
        f"Host: {office.host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
        f"Sec-WebSocket-Protocol: {token}",
    )
    return "\r\n".join((*lines, "", "")).encode("ascii")


def _memory(pid: int) -> int:
    """Return the resident bytes of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * _PAGE


def _cpu(pid: int) -> float:
    """Return the seconds that a process has computed."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


async def _connect(office: Office, tokens: list[str], heard: list[float]) -> list[_Listener]:
    loop = asyncio.get_running_loop()
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(token: str) -> _Listener:
        async with gate:
            _, listener = await loop.create_connection(
                lambda: _Listener(_request(office, token), heard), "127.0.0.1", office.port
            )
            await listener.open
            return listener

    return await asyncio.gather(*(one(tokens[at % len(tokens)]) for at in range(SOCKETS)))


async def _tell(author: Member, number: int, heard: list[float]) -> tuple[float, float]:
    """Post once; returns ms until the first and the last socket had it."""
    heard.clear()
    began = time.perf_counter()
    text = f"Post {number}: some words to read, as people write them in an office."
    await author.call("POST", "/api/v1/statuses", {"status": text})
    async with asyncio.timeout(30):
        while len(heard) < SOCKETS:
            await asyncio.sleep(0.005)
    return (min(heard) - began) * 1000, (max(heard) - began) * 1000


async def measure_streams(office: Office) -> None:
    """Open the sockets, each with the public stream, and post some times."""
    people = [await office.member(f"l{number}") for number in range(LISTENERS)]
    author = await office.member("author")
    pid = office.processes[0].pid
    heard: list[float] = []
    await author.call("POST", "/api/v1/statuses", {"status": "Warm"})
    memory, cpu, began = _memory(pid), _cpu(pid), time.perf_counter()
    sockets = await _connect(office, [each.token for each in people], heard)
    spent = time.perf_counter() - began
    print(
        f"{SOCKETS} sockets in {spent:.1f} s, {(_cpu(pid) - cpu) / SOCKETS * 1e6:.0f} us of CPU"
        f" and {(_memory(pid) - memory) / SOCKETS / 1024:.1f} KiB for each",
        flush=True,
    )
    rounds = [await _tell(author, number, heard) for number in range(ROUNDS)]
    print(
        f"one post to all: first {statistics.median(first for first, _ in rounds):.0f} ms, last"
        f" {statistics.median(last for _, last in rounds):.0f} ms after the request"
        f" (worst {max(last for _, last in rounds):.0f}); then"
        f" {(_memory(pid) - memory) / SOCKETS / 1024:.1f} KiB for each",
        flush=True,
    )
    for socket in sockets:
        if socket.transport is not None:
            socket.transport.abort()
