"""Which scheme a host is signed for: the one that it took lately, and the other where it refuses.

RFC 9421 calls for no such guess, but nobody says beforehand what they verify: Mastodon before 4.5,
GoToSocial and Misskey know draft-cavage only, Fedify asks for RFC 9421 first.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Literal

from activitypub.signatures.claims import Scheme

Choice = Literal["auto", "cavage", "rfc9421"]

# A peer that is updated is found out within a day.
_TAKEN_SECONDS = 86_400.0
# One that takes neither refuses for another reason: each delivery is then sent once, not twice.
_REFUSED_SECONDS = 600.0
_CAPACITY = 2_000
_DOUBTS = frozenset({400, 401})


class Knocking:
    """What one client learned about the hosts that it signs for."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, tuple[Scheme, ...]]] = OrderedDict()

    def schemes(self, host: str, choice: Choice) -> tuple[Scheme, ...]:
        """Return what to sign with, in this order, as long as the answer `is_doubt`."""
        if choice != "auto":
            return (choice,)
        known = self._known.get(host)
        if known is None or self._clock() > known[0]:
            return ("cavage", "rfc9421")
        return known[1]

    def learn(self, host: str, second: Scheme, status: int) -> None:
        """Note how a host answered the second scheme, after it had refused the first."""
        first: Scheme = "rfc9421" if second == "cavage" else "cavage"
        if status < 400:
            self._remember(host, (second, first), _TAKEN_SECONDS)
        elif is_doubt(status):
            self._remember(host, (first,), _REFUSED_SECONDS)

    def _remember(self, host: str, schemes: tuple[Scheme, ...], seconds: float) -> None:
        self._known[host] = (self._clock() + seconds, schemes)
        self._known.move_to_end(host)
        if len(self._known) > _CAPACITY:
            self._known.popitem(last=False)


def is_doubt(status: int) -> bool:
    """Say whether a status may mean that the signature was not understood."""
    return status in _DOUBTS
