"""Signs of life: every socket is asked for one in its turn, by one task for all of them."""

import asyncio
from typing import Final, Protocol

HEARTBEAT_SECONDS: Final = 30.0
# A round is cut into so many parts, so that thousands of sockets are not asked at one moment.
_PARTS: Final = 30


class Living(Protocol):
    """What can be asked for a sign of life."""

    def beat(self) -> None: ...


class Heart:
    """Beats once a round for each that has joined."""

    def __init__(self) -> None:
        self._parts: list[set[Living]] = [set() for _ in range(_PARTS)]
        self._joined = 0

    def join(self, one: Living) -> None:
        """Let one be asked from now on."""
        self._joined += 1
        self._parts[self._joined % _PARTS].add(one)

    def leave(self, one: Living) -> None:
        """Ask one no more."""
        for part in self._parts:
            part.discard(one)

    async def run(self) -> None:
        """Go round until cancelled."""
        while True:
            for part in self._parts:
                await asyncio.sleep(HEARTBEAT_SECONDS / _PARTS)
                for one in tuple(part):
                    one.beat()
