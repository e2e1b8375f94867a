"""A pool of connections that are lent for moments: who borrows one that is idle waits for nothing.

asyncpg's own pool wraps each connection anew and starts a task to take it back, which costs more
than a small query. What is kept in a session between uses does not matter here: nothing is.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import cast

import asyncpg

from storage.errors import Unavailable

Connect = Callable[[], Awaitable[asyncpg.Connection]]

# A connection that was not needed for so long is given up.
_IDLE_SECONDS = 300.0
_MEND_SECONDS = 5.0
_CLOSED = "The database cannot answer now: its connections are closed."


class Pool:
    """At most `size` connections, opened when they are wanted; the last one used goes out first."""

    def __init__(self, connect: Connect, *, size: int) -> None:
        self._connect = connect
        self._size = size
        # Lent, idle, being opened or being mended.
        self._count = 0
        self._lent: set[asyncpg.Connection] = set()
        self._idle: deque[tuple[asyncpg.Connection, float]] = deque()
        # Given a connection, or None for the right to open one.
        self._waiting: deque[asyncio.Future[asyncpg.Connection | None]] = deque()
        self._mending: set[asyncio.Task[None]] = set()
        self._closed = False
        self._drained = asyncio.Event()

    async def acquire(self, seconds: float) -> asyncpg.Connection:
        """Borrow a connection; raises `Unavailable` when none is free for so long.

        What asyncpg raises while it connects passes unchanged.
        """
        connection = self._take_idle()
        if connection is None and self._count < self._size and not self._closed:
            self._count += 1
        elif connection is None:
            connection = await self._wait(seconds)
        if connection is None:
            connection = await self._open()
        self._lent.add(connection)
        return connection

    def release(self, connection: asyncpg.Connection, *, interrupted: bool = False) -> None:
        """Give a connection back; an `interrupted` one is lent again once it answers."""
        self._lent.discard(connection)
        if connection.is_closed() or self._closed:
            self._drop(connection)
        elif interrupted:
            task = asyncio.get_running_loop().create_task(self._mend(connection))
            self._mending.add(task)
            task.add_done_callback(self._mending.discard)
        else:
            self._keep(connection)

    async def close(self) -> None:
        """Take no more borrowers, and end all connections once they are given back."""
        self._closed = True
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_exception(Unavailable(_CLOSED))
        while self._idle:
            connection, _ = self._idle.popleft()
            try:
                await connection.close()
            finally:
                self._count -= 1
        if self._count > 0:
            await self._drained.wait()

    def terminate(self) -> None:
        """End all connections at once."""
        self._closed = True
        for task in self._mending:
            task.cancel()
        for connection in (*self._lent, *(each for each, _ in self._idle)):
            connection.terminate()

    def _take_idle(self) -> asyncpg.Connection | None:
        while self._idle:
            connection, _ = self._idle.pop()
            if not connection.is_closed():
                return connection
            self._count -= 1
        return None

    async def _wait(self, seconds: float) -> asyncpg.Connection | None:
        if self._closed:
            raise Unavailable(_CLOSED)
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        try:
            async with asyncio.timeout(seconds):
                return cast("asyncpg.Connection | None", await future)
        except TimeoutError as error:
            self._return_grant(future)
            sentence = f"No database connection was free within {seconds:g} seconds."
            raise Unavailable(sentence) from error
        except BaseException:
            self._return_grant(future)
            raise

    def _return_grant(self, future: "asyncio.Future[asyncpg.Connection | None]") -> None:
        """Pass on what was granted at the very moment in which its borrower gave up."""
        if future.done() and not future.cancelled() and future.exception() is None:
            self._pass_on(future.result())

    async def _open(self) -> asyncpg.Connection:
        try:
            return await self._connect()
        except BaseException:
            self._free()
            raise

    def _keep(self, connection: asyncpg.Connection) -> None:
        if self._grant(connection):
            return
        now = time.monotonic()
        self._idle.append((connection, now))
        oldest, since = self._idle[0]
        if now - since > _IDLE_SECONDS:
            self._idle.popleft()
            self._drop(oldest)

    def _pass_on(self, connection: asyncpg.Connection | None) -> None:
        if connection is None:
            self._free()
        elif connection.is_closed() or self._closed:
            self._drop(connection)
        else:
            self._keep(connection)

    def _drop(self, connection: asyncpg.Connection) -> None:
        connection.terminate()
        self._free()

    def _free(self) -> None:
        """Let somebody open a connection in place of one that is gone."""
        if not self._grant(None):
            self._count -= 1
        if self._closed and self._count <= 0:
            self._drained.set()

    def _grant(self, connection: asyncpg.Connection | None) -> bool:
        while self._waiting:
            future = self._waiting.popleft()
            if not future.done():
                future.set_result(connection)
                return True
        return False

    async def _mend(self, connection: asyncpg.Connection) -> None:
        # asyncpg tells the server to give up the statement, and lets the next one wait for that.
        try:
            async with asyncio.timeout(_MEND_SECONDS):
                await connection.fetchval("SELECT 1")
        except (Exception, asyncio.CancelledError):
            self._drop(connection)
        else:
            self._pass_on(connection)
