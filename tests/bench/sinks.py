"""A process of inboxes on 50 addresses of this machine that take whatever is posted to them.

It prints its port once it listens, and how many requests came at each line that it is sent.
"""

import asyncio
import sys
from typing import cast

import uvloop

from tests.live import free_ports

HOSTS = [f"127.0.1.{number}" for number in range(1, 51)]

_TAKEN = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
_NOTHING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class Inbox(asyncio.Protocol):
    """One connection of a sender; reads no more of HTTP than where a request ends."""

    taken = 0

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._end()) is not None:
            is_delivery = self._buffer.startswith(b"POST ")
            self._buffer = self._buffer[end:]
            Inbox.taken += is_delivery
            self._transport.write(_TAKEN if is_delivery else _NOTHING)

    def _end(self) -> int | None:
        head, mark, _ = self._buffer.partition(b"\r\n\r\n")
        if not mark:
            return None
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        end = len(head) + len(mark) + length
        return end if len(self._buffer) >= end else None


async def main() -> None:
    """Listen until standard input ends."""
    loop = asyncio.get_running_loop()
    (port,) = free_ports(1)
    for host in HOSTS:
        await loop.create_server(Inbox, host, port)
    print(port, flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(Inbox.taken, flush=True)


if __name__ == "__main__":
    uvloop.run(main())
