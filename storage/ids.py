"""Time-ordered 64-bit ids: milliseconds since 1970 shifted left by 16, the low bits random.

Two ids made in the same millisecond may collide; writers insert with `ON CONFLICT (id) DO NOTHING`
and try another.
"""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

_SHIFT = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def new_id(now: datetime) -> int:
    """Make an id for something that comes into being now."""
    return _make(_milliseconds(now))


def first_id(moment: datetime) -> int:
    """Return what no id is below that was made at this moment or later."""
    return _milliseconds(moment) << _SHIFT


def id_for_remote(published: datetime, uri: str, now: datetime) -> int:
    """Make an id that sorts a remote object by its time of publication, never in the future.

    Many servers publish whole seconds; the milliseconds of those are spread by a hash of `uri`, so
    that the posts of one second keep an order that does not depend on their arrival.
    """
    present = _milliseconds(now)
    moment = _milliseconds(published)
    if published.microsecond == 0:
        digest = hashlib.sha256(uri.encode("utf-8", "surrogatepass")).digest()
        moment += int.from_bytes(digest[:8]) % 1000
    return _make(min(moment, present))


def _milliseconds(moment: datetime) -> int:
    return max((moment - _EPOCH) // _MILLISECOND, 0)


def _make(milliseconds: int) -> int:
    # Never 0: no id is a value that an app could take for "none".
    return milliseconds << _SHIFT | (1 + secrets.randbelow((1 << _SHIFT) - 1))
