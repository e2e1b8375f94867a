"""What all commands share: where the configuration is, how an App is opened, how mistakes look."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click
import orjson

from activitypub.errors import ProtocolError
from fedimmp import logs
from fedimmp.app import App
from fedimmp.build import build
from fedimmp.config import Config, ConfigError, Loaded, find_file, load
from fedimmp.errors import BadRequest, Invalid, NotFound, Refusal
from fedimmp.keys import KeyFileError
from fedimmp.web.server import ListenError
from storage.errors import StorageError

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Mistake(click.ClickException):
    """A sentence for standard error; what was asked for could not be done."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence if sentence.endswith((".", "!", "?")) else f"{sentence}.")


class WrongUse(Mistake):
    """A mistake in what was asked for: a wrong word, or a member or peer that does not exist."""

    exit_code = 2


class Moment(click.ParamType[datetime]):
    """A day or a time as ISO 8601; of UTC where it names no other zone."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return the time; fails with a sentence."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value} is no time; write it as 2026-11-24T16:00 or 2026-11-24", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def config_option(command: F) -> F:
    """Give a command the option that names the configuration file."""
    option = click.option(
        "--config",
        "config_path",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Configuration file; default: $FEDIMMP_CONFIG, ./fedimmp.toml,"
        " /etc/fedimmp/fedimmp.toml.",
    )
    return option(command)


def json_option(command: F) -> F:
    """Give a command the option that makes it print JSON."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def read_config(config_path: Path | None) -> Loaded:
    """Return the configuration; raises Mistake with one sentence per line."""
    with mistakes():
        return load(find_file(config_path, os.environ))


def with_app(config_path: Path | None, work: Callable[[App], Awaitable[T]]) -> T:
    """Open the office, do the work, and close it again; errors become Mistakes."""
    config = read_config(config_path).config

    async def run() -> T:
        async with build(config) as app:
            return await work(app)

    return run_async(config, run)


def run_async(config: Config, work: Callable[[], Awaitable[T]]) -> T:
    """Run asynchronous work to its end; errors become Mistakes."""
    # Commands speak for themselves; only what is wrong is logged.
    logs.configure("warning", config.logs.format)

    async def run() -> T:
        return await work()

    with mistakes():
        return asyncio.run(run())


@contextmanager
def mistakes() -> Iterator[None]:
    """Turn what is expected to go wrong into one sentence and an exit code."""
    try:
        yield
    except ExceptionGroup as group:
        raise _mistake(_first(group)) from group
    except Exception as error:
        raise _mistake(error) from error


def _first(group: ExceptionGroup[Exception]) -> Exception:
    inner: Exception = group
    while isinstance(inner, ExceptionGroup):
        inner = inner.exceptions[0]
    return inner


def _mistake(error: Exception) -> Exception:
    match error:
        case NotFound() | Invalid() | BadRequest():
            return WrongUse(error.sentence)
        case Refusal():
            return Mistake(error.sentence)
        case ProtocolError():
            return Mistake(str(error))
        case ConfigError() | KeyFileError() | StorageError() | ListenError():
            return Mistake(str(error))
        case OSError() if error.filename:
            return Mistake(f"{error.filename}: {error.strerror}")
    return error


def printable(text: str) -> str:
    """Return what may be shown: a peer's words must not steer a terminal."""
    return "".join(char if char.isprintable() else " " for char in text)


def print_json(value: object) -> None:
    """Print a value as indented JSON."""
    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode("utf-8"))


def print_table(rows: Sequence[Sequence[str]], heads: Sequence[str]) -> None:
    """Print rows below their heads in columns as wide as needed."""
    table = [tuple(heads), *(tuple(row) for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(heads))]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())
