"""Structured logs: one record a line, with the ids of the request, job or activity, and no secrets.

Records go to standard error through the standard library. Whatever strangers may have put into a
message cannot begin a new line or steer a terminal.
"""

import asyncio
import functools
import logging
import re
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final, TextIO

import orjson

_context: ContextVar[Mapping[str, object] | None] = ContextVar("log_context", default=None)

_SECRETS: Final = (
    re.compile(r"(?i)(bearer\s+)[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(
        r"(?i)((?:access_token|client_secret|password|code_verifier|refresh_token)"
        r"[\"']?\s*[=:]\s*[\"']?)[^\s&\"',}]+"
    ),
    re.compile(r"(?i)(signature=\"?)[A-Za-z0-9+/=]{16,}"),
    re.compile(r"(?i)(postgres(?:ql)?://[^:/@\s]*:)[^@\s]+(?=@)"),
    re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)[\s\S]*?(?=-----END|$)"),
)
# What holds none of these, in small letters, holds no secret: nearly every record is done with so.
_HINTS_OF_SECRETS: Final = (
    "bearer",
    "token",
    "client_secret",
    "password",
    "code_verifier",
    "signature",
    "postgres",
    "private key",
)
_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {
    "message",
    "asctime",
    "taskName",
}


class bind:  # noqa: N801 (used like the functions of contextlib)
    """Add ids to every record that is logged inside, in this task and those it starts."""

    __slots__ = ("_ids", "_token")

    def __init__(self, **ids: object) -> None:
        self._ids = ids

    def __enter__(self) -> None:
        around = _context.get()
        self._token = _context.set({**around, **self._ids} if around else self._ids)

    def __exit__(self, *_raised: object) -> None:
        _context.reset(self._token)


class _TurnHandler(logging.StreamHandler[TextIO]):
    """Writes what a turn of the event loop logs at once; warnings, and what no loop runs, directly.

    The order stays, and the library flushes all handlers when the process ends.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._lines: list[str] = []
        self._awaited: asyncio.AbstractEventLoop | None = None

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._lines.append(self.format(record))
            loop = None if record.levelno >= logging.WARNING else _running_loop()
            if loop is None:
                self.flush()
            elif loop is not self._awaited:
                self._awaited = loop
                loop.call_soon(self._end_turn)
        except Exception:
            self.handleError(record)

    def flush(self) -> None:
        with self.lock or nullcontext():
            if self._lines:
                text = "\n".join(self._lines) + "\n"
                self._lines.clear()
                self.stream.write(text)
            super().flush()

    def _end_turn(self) -> None:
        self._awaited = None
        # There is no place left to say that the log cannot be written.
        with suppress(OSError, ValueError):
            self.flush()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def configure(level: str, style: str, stream: TextIO | None = None) -> None:
    """Send the process's records to a stream: as JSON, as text, or as what suits it ("auto")."""
    target = stream or sys.stderr
    as_text = style == "text" or (style == "auto" and target.isatty())
    handler = _TurnHandler(target)
    handler.setFormatter(TextFormatter() if as_text else JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Each request is logged once, by us; asyncio and aiohttp only where something is wrong.
    for name in ("aiohttp.access", "aiohttp.server", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)


def lighten() -> None:
    """Let a process whose records go nowhere else not look for their places in the source.

    Our lines name neither those nor threads, and the search takes a third of a record's time.
    """
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    # What the library's own documentation advises.
    logging._srcfile = None  # noqa: SLF001


def redact(text: str) -> str:
    """Return the text with what looks like a secret replaced."""
    if _may_hold_secret(text):
        for pattern in _SECRETS:
            text = pattern.sub(r"\1(hidden)", text)
    return text


def _may_hold_secret(text: str) -> bool:
    lowered = text.lower()
    return any(hint in lowered for hint in _HINTS_OF_SECRETS)


def printable(text: str) -> str:
    """Return the text with every control character written out."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


def _safe(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    return printable(redact(str(value)))


def _extras(record: logging.LogRecord) -> dict[str, object]:
    given = {k: v for k, v in record.__dict__.items() if k not in _STANDARD}
    around = _context.get()
    return {**around, **given} if around else given


class JsonFormatter(logging.Formatter):
    """Writes a record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        line = self._line(record, _plain)
        # What is odd or secret is looked for once in the whole, and only then in each part.
        is_usual = line.isascii() and "\\" not in line and "\x7f" not in line
        return line if is_usual and not _may_hold_secret(line) else self._line(record, _safe)

    def _line(self, record: logging.LogRecord, shown: Callable[[object], object]) -> str:
        entry: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": shown(record.getMessage()),
        }
        for name, value in _extras(record).items():
            entry[name] = shown(value)
        if record.exc_info:
            # Within a JSON string a line break does no harm.
            lines = redact(self.formatException(record.exc_info)).split("\n")
            entry["exception"] = "\n".join(printable(line) for line in lines)
        return orjson.dumps(entry, option=orjson.OPT_NON_STR_KEYS).decode("utf-8")


class TextFormatter(logging.Formatter):
    """Writes a record as a line for people, a traceback indented below it."""

    def format(self, record: logging.LogRecord) -> str:
        extras = "".join(f" {key}={_safe(value)}" for key, value in _extras(record).items())
        line = (
            f"{_time(record)} {record.levelname:<7} {record.name}: "
            f"{_safe(record.getMessage())}{extras}"
        )
        if record.exc_info:
            trace = redact(self.formatException(record.exc_info)).split("\n")
            line += "".join(f"\n    {printable(part)}" for part in trace)
        return line


def _time(record: logging.LogRecord) -> str:
    seconds, fraction = divmod(record.created, 1)
    return f"{_second(int(seconds))}.{int(fraction * 1000):03}Z"


@functools.lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
