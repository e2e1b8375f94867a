"""A load generator that costs little: prebuilt HTTP/1.1 requests over keep-alive connections.

What it spends is taken from the server under test, which shares its cores.
"""

import asyncio
import statistics
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Rate:
    """Answers per second, and the median and 99th percentile of their times in ms."""

    per_second: float
    median: float
    p99: float
    answered: int


def encode(method: str, url: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """Return the bytes of a request; headers must hold Host."""
    lines = [f"{method} {urlsplit(url).path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


class _Caller(asyncio.Protocol):
    """One connection: sends the next request as soon as the one before is answered."""

    def __init__(self, requests: Iterator[bytes], expect: bytes, times: list[float]) -> None:
        self._requests = requests
        self._expect = b"HTTP/1.1 " + expect
        self._times = times
        self._received = b""
        self._began = 0.0
        self._transport: asyncio.Transport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none by inheritance.
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(_END)
        if not end or len(body) < _length(head):
            return
        if not head.startswith(self._expect):
            self._fail(AssertionError(self._received[:500]))
            return
        self._times.append((time.perf_counter() - self._began) * 1000)
        self._received = b""
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or AssertionError("The server closed the connection."))

    def _send(self) -> None:
        assert self._transport is not None
        request = next(self._requests, None)
        if request is None:
            if not self.done.done():
                self.done.set_result(None)
            self._transport.close()
            return
        self._began = time.perf_counter()
        self._transport.write(request)

    def _fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


async def send_all(
    host: str, port: int, requests: Iterable[bytes], *, connections: int, expect: bytes = b"202"
) -> Rate:
    """Send each request once and return how fast they were answered; asserts their status."""
    times: list[float] = []
    waiting = iter(requests)
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    callers = [
        (await loop.create_connection(lambda: _Caller(waiting, expect, times), host, port))[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(caller.done for caller in callers))
    spent = time.perf_counter() - began
    times.sort()
    count = len(times)
    return Rate(count / spent, statistics.median(times), times[int(count * 0.99)], count)


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length: ")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0
