"""Live offices for tests: real processes on loopback ports, each with its own data folder.

An office is started by the command line, as an administrator would; members are made by the same
use-cases, from this process, over the office's own database.
"""

import asyncio
import contextlib
import ctypes
import json
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from fedimmp.app import App
from fedimmp.build import build
from fedimmp.config import load
from fedimmp.services import authorising, members, peering
from fedimmp.web.scopes import USER_SCOPES

T = TypeVar("T")
START_SECONDS = 60.0
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
_LOOPBACK = ("127.0.0.0/8", "::1/128")


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on at this moment.

    They lie below those that systems give to connections, of which none may take one meanwhile.
    """
    found: list[int] = []
    while len(found) < count:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found += [port] if port not in found else []
    return found


def _end_with_the_tests() -> None:
    """Have the system end a new process with the one that started it, however that ends."""
    if sys.platform == "linux":
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


async def until(look: Callable[[], Awaitable[T]], *, seconds: float = 20.0) -> T:
    """Repeat a look until it gives something true; raises AssertionError at the deadline."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        found = await look()
        if found:
            return found
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"Not within {seconds} s: {look}")
        await asyncio.sleep(0.02)


@dataclass(slots=True)
class Member:
    """Somebody who works in an office, with a token for the API."""

    office: "Office"
    username: str
    email: str
    password: str
    account_id: int
    token: str

    @property
    def handle(self) -> str:
        return f"{self.username}@{self.office.host}"

    async def call(self, method: str, path: str, body: Any = None, *, expect: int = 200) -> Any:
        """Call the API and return the JSON; asserts the status."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.office.session.request(
            method, self.office.url + path, json=body, headers=headers
        ) as answer:
            text = await answer.text()
            assert answer.status == expect, f"{method} {path}: {answer.status} {text[:500]}"
            return json.loads(text)

    async def find(self, handle: str) -> str:
        """Return the id that somebody has here, looked up across offices if need be."""
        path = f"/api/v2/search?type=accounts&resolve=true&limit=1&q=@{handle}"
        found = (await self.call("GET", path))["accounts"]
        assert found, f"{handle} was not found at {self.office.host}"
        return str(found[0]["id"])

    async def follow(self, other: "Member") -> None:
        """Follow somebody and wait until it is accepted."""
        target = await self.find(other.handle)
        await self.call("POST", f"/api/v1/accounts/{target}/follow")

        async def followed() -> bool:
            path = f"/api/v1/accounts/relationships?id[]={target}"
            return bool((await self.call("GET", path))[0]["following"])

        await until(followed)

    async def home(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.call("GET", "/api/v1/timelines/home?limit=40")
        return found

    async def sees(self, text: str) -> dict[str, Any]:
        """Wait until the home timeline holds a post with this text, and return it."""

        async def look() -> dict[str, Any] | None:
            home = await self.home()
            return next((s for s in home if text in (s["reblog"] or s)["content"]), None)

        found = await until(look)
        assert found is not None
        return found


@dataclass(slots=True)
class Office:
    """One office: its folder, its address and its processes."""

    name: str
    folder: Path
    port: int
    session: aiohttp.ClientSession
    app: App | None = None
    processes: list[asyncio.subprocess.Process] = field(default_factory=list)
    settings: str = ""

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    @property
    def config(self) -> Path:
        return self.folder / "fedimmp.toml"

    def configure(self) -> None:
        """Write the configuration."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config.write_text(
            f"""\
[server]
origin = "{self.url}"
listen = "127.0.0.1:{self.port}"
name = "{self.name}"
[storage]
data_dir = "{self.folder}/data"
[accounts]
argon2_time_cost = 1
argon2_memory_kib = 1024
[limits]
factor = 10000.0
{self.settings}
""",
            "utf-8",
        )

    async def command(self, *words: str, expect: int = 0) -> str:
        """Run a command of the command line and return what it printed; asserts its exit code."""
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "fedimmp",
            *words,
            "--config",
            str(self.config),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await child.communicate()
        assert child.returncode == expect, (words, child.returncode, out.decode(), err.decode())
        return (out if expect == 0 else err).decode()

    async def start(
        self, role: str = "all", *, wait: bool = True, port: int | None = None
    ) -> asyncio.subprocess.Process:
        """Start a process of the office, and wait until the office answers.

        With `port` the process listens there instead, as one more behind a proxy would.
        """
        environment = dict(os.environ)
        if port is not None:
            environment["FEDIMMP_SERVER__LISTEN"] = f"127.0.0.1:{port}"
        with (self.folder / f"log-{role}").open("ab") as log:
            child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "fedimmp",
                "serve",
                "--role",
                role,
                "--config",
                str(self.config),
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=environment,
                preexec_fn=_end_with_the_tests,
            )
        self.processes.append(child)
        if wait:
            await until(self.answers, seconds=START_SECONDS)
        return child

    async def answers(self) -> bool:
        """Tell whether the office is ready."""
        for child in self.processes:
            assert child.returncode is None, self.logs()
        try:
            async with self.session.get(f"{self.url}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    def logs(self) -> str:
        """Return the ends of the processes' logs."""
        texts = (path.read_text("utf-8", "replace") for path in self.folder.glob("log-*"))
        return "\n".join(text[-5000:] for text in texts)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Stop all processes of the office and wait until they have ended."""
        for child in self.processes:
            if child.returncode is None:
                os.kill(child.pid, number)
        for child in self.processes:
            async with asyncio.timeout(60):
                await child.wait()
        self.processes.clear()

    async def member(self, username: str = "ana", *, role: members.Role = "member") -> Member:
        """Make a member of their own for a test: the name gets a random tail."""
        assert self.app is not None
        username = f"{username}_{secrets.token_hex(3)}"
        email, password = f"{username}@office.example", secrets.token_urlsafe(9)
        account_id = await members.create_member(
            self.app, username=username, email=email, password=password, role=role
        )
        token = await authorising.create_token(self.app, account_id, USER_SCOPES, "tests")
        return Member(self, username, email, password, account_id, token)


@asynccontextmanager
async def offices(
    folder: Path,
    names: Sequence[str],
    *,
    settings: str | Mapping[str, str] = "",
    trust: bool = True,
) -> AsyncIterator[list[Office]]:
    """Run offices that trust each other until the block ends.

    `settings` are lines of the configuration, of all or by name.
    """
    texts = {name: settings if isinstance(settings, str) else settings[name] for name in names}
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        found = [
            Office(name, folder / name, port, session, settings=texts[name])
            for name, port in zip(names, free_ports(len(names)), strict=True)
        ]
        for office in found:
            office.configure()
            stack.push_async_callback(office.stop)
        await asyncio.gather(*(office.start() for office in found))
        for office in found:
            office.app = await stack.enter_async_context(build(load(office.config).config))
        if trust:
            await befriend(found)
        yield found


async def befriend(found: Sequence[Office]) -> None:
    """Put each office on the allowlist of each other."""
    for office in found:
        assert office.app is not None
        for other in found:
            if other is not office:
                await peering.add_peer(office.app, other.host, networks=_LOOPBACK, actor="tests")
