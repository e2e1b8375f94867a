"""When a signature was made, and how far that may lie from our own clock."""

import functools
import re
from datetime import UTC, datetime, timedelta

from activitypub.errors import NotAuthentic

# SWICG's report on HTTP signatures: an hour, and some skew.
MAX_AGE = timedelta(minutes=65)
MAX_SKEW = timedelta(minutes=5)
_MAX_AGE_SECONDS = MAX_AGE.total_seconds()
_MAX_SKEW_SECONDS = MAX_SKEW.total_seconds()

_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


# Whatever is sent within a second bears the same date.
@functools.lru_cache(maxsize=256)
def parse_http_date(text: str) -> datetime:
    """Return the time in an IMF-fixdate (RFC 9110 section 5.6.7); raises ValueError."""
    match = _DATE.fullmatch(text)
    if match is None or match[2] not in _MONTHS:
        raise ValueError("not an IMF-fixdate")
    day, year, hour, minute, second = (int(match[index]) for index in (1, 3, 4, 5, 6))
    # 60 is a leap second in the grammar.
    return datetime(year, _MONTHS.index(match[2]) + 1, day, hour, minute, min(second, 59), 0, UTC)


def check_age(seconds: float, now: datetime) -> None:
    """Check the time (Unix) at which a signature says it was made; raises NotAuthentic."""
    age = now.timestamp() - seconds
    if age > _MAX_AGE_SECONDS:
        raise NotAuthentic("The signature is too old: compare the clocks of both instances.")
    if -age > _MAX_SKEW_SECONDS:
        raise NotAuthentic(
            "The signature is from the future: compare the clocks of both instances."
        )


def check_expiry(expires: int | None, now: datetime) -> None:
    """Check the time (Unix) after which a signature is void; raises NotAuthentic.

    It only ever shortens the window of check_age.
    """
    if expires is not None and now.timestamp() > expires + _MAX_SKEW_SECONDS:
        raise NotAuthentic("The signature has expired.")
