"""The toot command line at a desk that two members of a live office share.

Each command is a process of its own. It is forked from one that has imported toot, which takes a
twentieth of the time; signing in, and what needs a terminal, starts toot as it is installed.
"""

import asyncio
import functools
import json
import multiprocessing
import os
import re
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from tests.clients.pages import authorise
from tests.clients.toot_fork import be_toot, list_commands
from tests.live import Member

Test = Callable[..., Coroutine[Any, Any, None]]
EXECUTABLE = str(Path(sys.executable).parent / "toot")
# The test that tries it, by command; filled by `tries`.
TRIED: dict[str, str] = {}


def command_of(words: Sequence[str]) -> str:
    """Name the command that somebody typed, without options and arguments."""
    first, *rest = words[2:] if words[0] == "--as" else words
    two = " ".join((first, *rest[:1]))
    return two if two in TRIED else first


def _forks() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["toot.cli", "tests.clients.toot_fork"])
    return context


class Toot:
    """The toot command line with a folder of its own, in which its configuration lies."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.typed: set[str] = set()
        self.environment = {
            "XDG_CONFIG_HOME": str(folder),
            "XDG_CACHE_HOME": str(folder),
            "HOME": str(folder),
            "BROWSER": "true",
            "NO_COLOR": "1",
            "TERM": "xterm",
        }

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        """Start the installed program."""
        self.typed.add(command_of(words))
        return await asyncio.create_subprocess_exec(
            EXECUTABLE,
            *words,
            env={**os.environ, **self.environment},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def run(self, *words: str, expect: int = 0) -> str:
        """Run a command to its end and return what it printed; asserts its exit code."""
        self.typed.add(command_of(words))
        shown = self.folder / "shown"
        child = _forks().Process(
            target=be_toot, args=(words, self.environment, str(self.folder), str(shown))
        )
        await asyncio.to_thread(_start_and_join, child)
        text = shown.read_text("utf-8")
        assert child.exitcode == expect, (words, child.exitcode, text)
        child.close()
        return text

    async def login(self, member: Member) -> None:
        """Log in as toot does: open the address that it prints, paste the code that is shown."""
        child = await self.start("login", "--instance", member.office.url)
        assert child.stdout is not None
        assert child.stdin is not None
        printed = ""
        while (match := re.search(r"(http://\S+/oauth/authorize\S+)\s", printed)) is None:
            line = await asyncio.wait_for(child.stdout.read(4096), 30)
            assert line, printed
            printed += line.decode()
        code = await authorise(member, match[1])
        out, _ = await child.communicate(f"n\n{code}\n".encode())
        assert child.returncode == 0, printed + out.decode()


def installed_commands(folder: Path) -> set[str]:
    """Name every command that the installed version has; `folder` takes a file."""
    child = _forks().Process(target=list_commands, args=(str(folder / "commands"),))
    _start_and_join(child)
    return set((folder / "commands").read_text("utf-8").splitlines())


def _start_and_join(child: Any) -> None:
    child.start()
    child.join(60)
    if child.is_alive():
        child.kill()
        child.join()


@dataclass(frozen=True, slots=True)
class Desk:
    """Ana and Bo of one office, both signed in to one toot; Ana is the active one."""

    toot: Toot
    ana: Member
    bo: Member

    async def types(self, *words: str, expect: int = 0) -> str:
        """Return what a command of Ana's printed."""
        return await self.toot.run("--as", self.ana.handle, *words, expect=expect)

    async def reads(self, *words: str) -> Any:
        """Return the JSON that a command of Ana's printed."""
        return json.loads(await self.types(*words, "--json"))

    async def posts(self, text: str, **form: Any) -> str:
        """Post as Bo, without toot, and return the id."""
        body = {"status": text, **form}
        return str((await self.bo.call("POST", "/api/v1/statuses", body))["id"])

    async def posts_as_ana(self, text: str, **form: Any) -> str:
        """Post as Ana, without toot, and return the id."""
        body = {"status": text, **form}
        return str((await self.ana.call("POST", "/api/v1/statuses", body))["id"])


def tries(*names: str) -> Callable[[Test], Test]:
    """Enter a test into the table of commands; it fails if it does not type all that it names."""

    def enter(test: Test) -> Test:
        for name in names:
            assert name not in TRIED, name
            TRIED[name] = test.__name__

        @functools.wraps(test)
        async def tried(desk: Desk, **fixtures: Any) -> None:
            desk.toot.typed.clear()
            await test(desk, **fixtures)
            assert set(names) <= desk.toot.typed, set(names) - desk.toot.typed

        return tried

    return enter
