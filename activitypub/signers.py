"""The threads that sign requests: RSA takes long, and nothing else waits for it meanwhile."""

import asyncio
import functools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

Headers = dict[str, str]
Work = Callable[[], Headers]

# cryptography lets the other threads run while it computes; more of them would only wait.
_THREADS = 2
_AT_ONCE = 16


class Signers:
    """Signs what is asked for: requests that wait at one moment share a visit to a thread."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="signing")
        self._waiting: list[tuple[Work, asyncio.Future[Headers]]] = []
        self._busy = 0

    async def sign(self, work: Work) -> Headers:
        """Return what `work` makes in a thread; raises what that raises."""
        future: asyncio.Future[Headers] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, future))
        if self._busy < _THREADS:
            self._start()
        return await future

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False)

    def _start(self) -> None:
        batch = self._waiting[:_AT_ONCE]
        del self._waiting[:_AT_ONCE]
        self._busy += 1
        done = asyncio.get_running_loop().run_in_executor(
            self._threads, _sign_all, [work for work, _ in batch]
        )
        futures = [future for _, future in batch]
        done.add_done_callback(functools.partial(self._finished, futures))

    def _finished(
        self,
        futures: Sequence[asyncio.Future[Headers]],
        done: asyncio.Future[list[Headers | Exception]],
    ) -> None:
        self._busy -= 1
        for future, result in zip(futures, done.result(), strict=True):
            # Whoever asked may have gone away meanwhile.
            if future.done():
                continue
            if isinstance(result, dict):
                future.set_result(result)
            else:
                future.set_exception(result)
        if self._waiting:
            self._start()


def _sign_all(works: Sequence[Work]) -> list[Headers | Exception]:
    return [_sign_one(work) for work in works]


def _sign_one(work: Work) -> Headers | Exception:
    try:
        return work()
    except Exception as error:
        # Raised anew where it was asked for: nobody fails for a neighbour.
        return error
