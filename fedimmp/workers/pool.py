"""A bounded number of tasks that is fed from leases: what both deliveries and jobs run in."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from storage.database import Hint
from storage.errors import StorageError

T = TypeVar("T")

logger = logging.getLogger(__name__)

# Hints may be lost, so everybody also looks by themselves.
POLL_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 5.0
# Tasks that end close together are followed by one look for more, not by one each.
_PACE_SECONDS: Final = 0.01


class BackOff:
    """How long a loop rests after errors; it says so once per trouble, and once when it is over."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._seconds = 0.0

    def failed(self, error: Exception) -> float:
        """Return how many seconds to rest."""
        if isinstance(error, StorageError):
            if not self._seconds:
                logger.warning("%s rest: %s", self._name, error)
        else:
            logger.error("%s failed", self._name, exc_info=error)
        self._seconds = min(max(self._seconds * 2, POLL_SECONDS), _LONGEST_PAUSE_SECONDS)
        return self._seconds

    def worked(self) -> None:
        """Note that the trouble, if there was one, is over."""
        if self._seconds:
            logger.info("%s go on", self._name)
        self._seconds = 0.0


async def rest(stopping: asyncio.Event, seconds: float) -> None:
    """Sleep, but not beyond the moment of stopping."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()


class Pool(Generic[T]):
    """Leases items while there is room and works on each in a task of its own."""

    def __init__(
        self,
        name: str,
        *,
        capacity: int,
        hint: Hint,
        lease: Callable[[int], Awaitable[list[T]]],
        work: Callable[[T], Awaitable[None]],
    ) -> None:
        self._name = name
        self._capacity = capacity
        self._hint = hint
        self._lease = lease
        self._work = work
        self._running: set[asyncio.Task[None]] = set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until stopping is set, then finish what was begun."""
        back_off = BackOff(self._name)
        async with asyncio.TaskGroup() as group:
            while not stopping.is_set():
                try:
                    items = await self._leased()
                    back_off.worked()
                except Exception as error:
                    await rest(stopping, back_off.failed(error))
                    continue
                for item in items:
                    task = group.create_task(self._worked(item))
                    self._running.add(task)
                    task.add_done_callback(self._ended)
                if items:
                    await asyncio.sleep(_PACE_SECONDS)
                else:
                    await self._hint.wait(POLL_SECONDS)

    async def _leased(self) -> list[T]:
        room = self._capacity - len(self._running)
        return await self._lease(room) if room > 0 else []

    async def _worked(self, item: T) -> None:
        try:
            await self._work(item)
        except Exception:
            # Its lease runs out, and the others go on.
            logger.exception("%s: a task failed", self._name)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._hint.notify()
