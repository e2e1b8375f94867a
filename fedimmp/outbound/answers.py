"""What an inbox's answer means for a delivery: done, dead, or another try (federation D-02)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from activitypub.client import DeliveryAnswer
from activitypub.errors import Malformed, ProtocolError, Unreachable
from storage.inbox_hosts import Failure

# Nobody is made to wait longer than this by a header.
_LONGEST_PAUSE_SECONDS: Final = 3600.0
_REFUSED: Final = frozenset({401, 403})
# A request that came too slowly, or too many of them: not the activity's fault.
_TEMPORARY: Final = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Dead:
    """A delivery that will never succeed, and why."""

    reason: str


def judge(delivery_id: int, answer: DeliveryAnswer, now: datetime) -> Failure | Dead | None:
    """Return None for a delivery that was taken, else what stands in its way."""
    status = answer.status
    if 200 <= status < 300:
        return None
    reason = f"HTTP {status}" + (f": {answer.error}" if answer.error else "")
    if status in _REFUSED:
        return Failure(delivery_id, reason, refused=True)
    if status in (429, 503) and answer.retry_after is not None:
        return Failure(delivery_id, reason, pause_until=_pause_until(answer.retry_after, now))
    if status in _TEMPORARY or 300 <= status < 400:
        return Failure(delivery_id, reason)
    if 400 <= status < 500 or status == 501:
        return Dead(reason)
    return Failure(delivery_id, reason, server_error=True)


def judge_error(delivery_id: int, error: ProtocolError, now: datetime) -> Failure | Dead:
    """Say what an attempt without an answer means."""
    if isinstance(error, Malformed):
        return Dead(str(error))
    if isinstance(error, Unreachable) and error.retry_after is not None:
        pause = _pause_until(error.retry_after, now)
        return Failure(delivery_id, str(error), pause_until=pause)
    return Failure(delivery_id, str(error))


def _pause_until(seconds: float, now: datetime) -> datetime:
    return now + timedelta(seconds=min(max(seconds, 1.0), _LONGEST_PAUSE_SECONDS))
