"""Structured logs: one record a line, with the ids of the request, job or activity, and no secrets.

Records go to standard error through the standard library. Whatever strangers may have put into a
message cannot begin a new line or steer a terminal.
"""

import asyncio
import functools
import logging
import re
import sys
import time
from collections.abc import Mapping
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
            self.put(self.format(record), at_once=record.levelno >= logging.WARNING)
        except Exception:
            self.handleError(record)

    def put(self, line: str, *, at_once: bool = False) -> None:
        """Write a line that is formatted already."""
        self._lines.append(line)
        loop = None if at_once else _running_loop()
        if loop is None:
            self.flush()
        elif loop is not self._awaited:
            self._awaited = loop
            loop.call_soon(self._end_turn)

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


def note(logger: logging.Logger, message: str, extra: Mapping[str, object]) -> None:
    """Log a line of everyday life, at a fifth of what a record costs where only we would read it.

    Where the library has other handlers or formats, it is a record like any other.
    """
    if not logger.isEnabledFor(logging.INFO):
        return
    handlers = logging.getLogger().handlers
    handler = handlers[0] if len(handlers) == 1 and not logger.handlers else None
    if isinstance(handler, _TurnHandler) and isinstance(handler.formatter, JsonFormatter):
        with suppress(OSError, ValueError):
            handler.put(handler.formatter.line(time.time(), "info", logger.name, message, extra))
    else:
        logger.info("%s", message, extra=extra)


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


def _with_context(given: Mapping[str, object]) -> Mapping[str, object]:
    around = _context.get()
    return {**around, **given} if around else given


def _given(record: logging.LogRecord) -> dict[str, object]:
    return {k: v for k, v in record.__dict__.items() if k not in _STANDARD}


class JsonFormatter(logging.Formatter):
    """Writes a record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        trace = self.formatException(record.exc_info) if record.exc_info else None
        return self.line(
            record.created,
            record.levelname.lower(),
            record.name,
            record.getMessage(),
            _given(record),
            trace,
        )

    def line(
        self,
        created: float,
        level: str,
        name: str,
        message: str,
        given: Mapping[str, object],
        trace: str | None = None,
    ) -> str:
        """Return the line of a record that has these parts."""
        entry: dict[str, object] = {
            "time": _time(created),
            "level": level,
            "logger": name,
            "message": message,
            **_with_context(given),
        }
        if trace is not None:
            # Within a JSON string a line break does no harm.
            entry["exception"] = "\n".join(map(printable, redact(trace).split("\n")))
        # What is odd or secret is looked for once in the whole, and only then in each part.
        line = _usual_line(entry)
        if line is None or _may_hold_secret(line):
            kept = ("time", "exception")
            entry = {key: each if key in kept else _safe(each) for key, each in entry.items()}
            line = orjson.dumps(entry, option=orjson.OPT_NON_STR_KEYS).decode("utf-8")
        return line


def _usual_line(entry: Mapping[str, object]) -> str | None:
    """Return the entry as JSON, None where some character in it is odd."""
    try:
        text = orjson.dumps({key: _plain(each) for key, each in entry.items()})
    except orjson.JSONEncodeError:
        # A lone surrogate.
        return None
    is_odd = not text.isascii() or b"\\" in text or b"\x7f" in text
    return None if is_odd else text.decode("ascii")


class TextFormatter(logging.Formatter):
    """Writes a record as a line for people, a traceback indented below it."""

    def format(self, record: logging.LogRecord) -> str:
        given = _with_context(_given(record))
        extras = "".join(f" {key}={_safe(value)}" for key, value in given.items())
        line = (
            f"{_time(record.created)} {record.levelname:<7} {record.name}: "
            f"{_safe(record.getMessage())}{extras}"
        )
        if record.exc_info:
            trace = redact(self.formatException(record.exc_info)).split("\n")
            line += "".join(f"\n    {printable(part)}" for part in trace)
        return line


def _time(created: float) -> str:
    seconds, fraction = divmod(created, 1)
    return f"{_second(int(seconds))}.{int(fraction * 1000):03}Z"


@functools.lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
