"""Structured logs: one record a line, with the ids of the request, job or activity, and no secrets.

Records go to standard error through the standard library. Whatever strangers may have put into a
message cannot begin a new line or steer a terminal.
"""

import logging
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
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


@contextmanager
def bind(**ids: object) -> Iterator[None]:
    """Add ids to every record that is logged inside, in this task and those it starts."""
    token = _context.set({**(_context.get() or {}), **ids})
    try:
        yield
    finally:
        _context.reset(token)


def configure(level: str, style: str, stream: TextIO | None = None) -> None:
    """Send the process's records to a stream: as JSON, as text, or as what suits it ("auto")."""
    target = stream or sys.stderr
    as_text = style == "text" or (style == "auto" and target.isatty())
    handler = logging.StreamHandler(target)
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


def _readable(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    return printable(str(value))


def _safe(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    return printable(redact(str(value)))


def _extras(record: logging.LogRecord) -> dict[str, object]:
    given = {k: v for k, v in record.__dict__.items() if k not in _STANDARD}
    return {**(_context.get() or {}), **given}


class JsonFormatter(logging.Formatter):
    """Writes a record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        line = self._line(record, _readable)
        # What is secret is looked for once in the whole, and only then in each part.
        return self._line(record, _safe) if _may_hold_secret(line) else line

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
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
