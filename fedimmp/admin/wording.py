"""How the console writes times, sizes and values."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from markupsafe import Markup

from fedimmp.web.html import parse_time

_UNITS: Final = ("bytes", "KiB", "MiB", "GiB", "TiB")
_LONGEST: Final = 500


def clock(time: datetime | str) -> str:
    """Write a time to the minute, in UTC."""
    return f"{_moment(time):%Y-%m-%d %H:%M} UTC"


def iso(time: datetime | str) -> str:
    """Write a time so that it can be read back to the microsecond."""
    return _moment(time).isoformat()


def size(number: int) -> str:
    """Write a number of bytes with its unit."""
    amount = float(number)
    for unit in _UNITS:
        if amount < 1024 or unit == _UNITS[-1]:
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"


def words(value: Any) -> str:
    """Write a value of a record in one line."""
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def coded(text: str) -> Markup:
    """Write an explanation, with what stands between backticks as code."""
    parts = " ".join(text.split()).split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else part
        for number, part in enumerate(parts)
    )


def pair(word: str) -> Any:
    """Return a choice that is called what it is."""
    return word, word


def _moment(time: datetime | str) -> datetime:
    return parse_time(time) if isinstance(time, str) else time.astimezone(UTC)


FILTERS: Final[Mapping[str, Callable[..., str]]] = {
    "clock": clock,
    "iso": iso,
    "bytes": size,
    "words": words,
    "coded": coded,
    "pair": pair,
}
