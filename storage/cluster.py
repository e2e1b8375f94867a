"""The private cluster: a PostgreSQL that comes and goes with the processes that use it.

`running` is all that callers need. How a server is started, found and stopped is in
`cluster_server`, its programs in `cluster_binaries`, its user and socket in `cluster_folders`.
"""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from storage.cluster_server import Abandoned, Options, Server
from storage.errors import ClusterError

logger = logging.getLogger(__name__)

_WATCH_SECONDS = 1.0
_RETRY_SECONDS = 5.0


@asynccontextmanager
async def running(
    data_dir: Path,
    *,
    durable: bool = True,
    connections: int = 60,
    patience_seconds: float = 300.0,
) -> AsyncIterator[str]:
    """Yield the URL of the cluster in `data_dir`/postgres, made on first use.

    Any number of processes may be inside. The first one starts the server, any of them starts it
    again when it dies, the last one to leave stops it; one that was killed leaves it running for
    the next. Waits up to `patience_seconds` for crash recovery. Raises `ClusterError`.
    `durable=False` is for tests: it loses data when the machine stops.
    """
    abandoned = threading.Event()
    options = Options(durable, connections, patience_seconds)
    server = Server(data_dir / "postgres", options, abandoned)
    await _enter(server, abandoned)
    leaving = asyncio.Event()
    watcher = asyncio.create_task(_watch(server, leaving), name="cluster watcher")
    try:
        yield server.url
    finally:
        leaving.set()
        abandoned.set()
        # Not cancelled: its thread must have ended before the share is given back, or it could
        # start a server that nobody stops.
        await watcher
        await asyncio.shield(asyncio.to_thread(server.leave))


async def _enter(server: Server, abandoned: threading.Event) -> None:
    task = asyncio.ensure_future(asyncio.to_thread(server.enter))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        # A thread cannot be cancelled: tell it, wait for it, and give back what it took.
        abandoned.set()
        await asyncio.wait({task})
        if task.exception() is None:
            await asyncio.to_thread(server.leave)
        raise


async def _watch(server: Server, leaving: asyncio.Event) -> None:
    pause = _WATCH_SECONDS
    while not leaving.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await leaving.wait()
            return
        pause = _WATCH_SECONDS
        try:
            if await asyncio.to_thread(server.revive):
                logger.warning("PostgreSQL had ended and was started again")
        except Abandoned:
            return
        except (ClusterError, OSError) as error:
            logger.error("PostgreSQL ended and could not be started again: %s", error)
            pause = _RETRY_SECONDS
