"""An office on a database of its own, and its command line run in this process."""

import asyncio
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fedimmp.cli import run
from tests.conftest import CloneDatabase


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class CommandLine:
    """Runs commands for one configuration file."""

    config: Path
    capture: pytest.CaptureFixture[str]

    async def __call__(self, *words: str, config: bool = True) -> Outcome:
        arguments = [*words, "--config", str(self.config)] if config else [*words]
        self.capture.readouterr()
        code = await asyncio.to_thread(run, arguments)
        written = self.capture.readouterr()
        return Outcome(code, written.out, written.err)

    async def fails(self, *words: str, code: int, config: bool = True) -> str:
        """Run a command that must fail, and return its one sentence."""
        outcome = await self(*words, config=config)
        assert outcome.code == code, outcome
        assert outcome.err.count("\n") == 1, outcome.err
        assert "Traceback" not in outcome.err
        return outcome.err.strip()


@pytest.fixture
def keep_logs() -> Iterator[None]:
    """Undo what commands do to the process's logging."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(scope="session")
async def office_file(
    clone_database: CloneDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Configuration of an office that the tests of this folder share."""
    folder: Path = tmp_path_factory.mktemp("office")
    file = folder / "fedimmp.toml"
    file.write_text(
        '[server]\norigin = "https://hq.example"\n'
        f'[database]\nurl = "{await clone_database()}"\n'
        "[accounts]\nargon2_time_cost = 1\nargon2_memory_kib = 8\n"
    )
    return file


@pytest.fixture
def fedimmp(office_file: Path, capsys: pytest.CaptureFixture[str], keep_logs: None) -> CommandLine:
    return CommandLine(office_file, capsys)
