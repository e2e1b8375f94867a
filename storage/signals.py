"""Wake-ups between processes: NOTIFY as a hint, never as a fact.

One connection per process listens and notifies. Whoever waits also polls, since a hint may be lost
whenever that connection is.
"""

import asyncio
import contextlib
import logging
import weakref
from collections.abc import Awaitable, Callable, Iterable

from asyncpg import Connection as RawConnection

from storage.translation import translate

logger = logging.getLogger(__name__)

# One PostgreSQL channel for all hints; the payload lists the names, separated by commas.
_CHANNEL = "fedimmp"
# NOTIFY takes a lock that all committing notifiers share, so what happens within this is one.
_COALESCE_SECONDS = 0.015
_CHECK_SECONDS = 10.0
_STATEMENT_SECONDS = 5.0
_LONGEST_PAUSE_SECONDS = 2.0


class Hint:
    """One waiter's view of a channel. A notice that comes while nobody waits is kept."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def notify(self) -> None:
        """Wake the waiter, now or as soon as it waits."""
        self._event.set()

    async def wait(self, seconds: float) -> bool:
        """Return True after a notice, False after `seconds` without one."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True


class Signals:
    """The process's one connection for hints, made on first use and made again when lost."""

    def __init__(self, connect: Callable[[], Awaitable[RawConnection]]) -> None:
        self._connect = connect
        self._hints: dict[str, weakref.WeakSet[Hint]] = {}
        self._pending: set[str] = set()
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()
        self._closing = False

    def subscribe(self, channel: str) -> Hint:
        """Return a waiter for a channel; it ends with its last reference."""
        hint = Hint()
        self._hints.setdefault(channel, weakref.WeakSet()).add(hint)
        self._start()
        return hint

    def send(self, channels: Iterable[str]) -> None:
        """Wake this process's waiters at once and those of the others within 20 ms."""
        names = set(channels)
        if not names:
            return
        self._wake(names)
        self._pending |= names
        self._wanted.set()
        self._start()

    async def listening(self) -> None:
        """Return once the connection listens."""
        self._start()
        await self._connected.wait()

    async def close(self) -> None:
        """Send what is pending, for at most a second, and end the connection."""
        self._closing = True
        self._wanted.set()
        if self._task is None:
            return
        done, _ = await asyncio.wait({self._task}, timeout=1.0)
        if not done:
            self._task.cancel()
            await asyncio.wait({self._task})

    def _start(self) -> None:
        if self._task is None and not self._closing:
            self._task = asyncio.create_task(self._run(), name="storage signals")

    def _wake(self, channels: Iterable[str]) -> None:
        for channel in channels:
            for hint in self._hints.get(channel, ()):
                hint.notify()

    def _received(self, _conn: object, _pid: int, _channel: str, payload: object) -> None:
        self._wake(str(payload).split(","))

    async def _run(self) -> None:
        pause = 0.1
        while not (self._closing and not self._pending):
            try:
                connection = await self._connect()
            except Exception as error:
                if self._closing:
                    return
                self._log_loss(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
                continue
            pause = 0.1
            try:
                await self._serve(connection)
            except Exception as error:
                self._log_loss(error)
            finally:
                self._connected.clear()
                connection.terminate()

    async def _serve(self, connection: RawConnection) -> None:
        await connection.add_listener(_CHANNEL, self._received)
        connection.add_termination_listener(lambda _: self._wanted.set())
        self._connected.set()
        # Something may have been said while nobody listened.
        self._wake(self._hints)
        while not connection.is_closed():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CHECK_SECONDS):
                    await self._wanted.wait()
            self._wanted.clear()
            if not self._closing and self._pending:
                await asyncio.sleep(_COALESCE_SECONDS)
            await self._flush(connection)
            if self._closing and not self._pending:
                await connection.close(timeout=_STATEMENT_SECONDS)
                return

    async def _flush(self, connection: RawConnection) -> None:
        if not self._pending:
            # A half-open connection shows only when it is asked.
            await connection.execute("SELECT 1", timeout=_STATEMENT_SECONDS)
            return
        names, self._pending = self._pending, set()
        try:
            await connection.execute(
                "SELECT pg_notify($1, $2)",
                _CHANNEL,
                ",".join(sorted(names)),
                timeout=_STATEMENT_SECONDS,
            )
        except BaseException:
            self._pending |= names
            raise

    def _log_loss(self, error: Exception) -> None:
        logger.warning("The connection for hints was lost: %s", translate(error) or error)
