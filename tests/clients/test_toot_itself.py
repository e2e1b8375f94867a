"""toot signs in and out, tells about the office and itself, and fills a whole terminal."""

import asyncio
import contextlib
import fcntl
import json
import os
import pty
import shutil
import struct
import termios
from pathlib import Path

from tests.clients import test_toot_people, test_toot_posts, test_toot_reading
from tests.clients.toot import EXECUTABLE, TRIED, Desk, Toot, installed_commands, tries
from tests.live import until

# Their tests enter themselves into the table when they are imported.
OTHERS = (test_toot_people, test_toot_posts, test_toot_reading)


def test_the_table_names_exactly_the_commands_that_toot_has(tmp_path: Path) -> None:
    assert set(TRIED) == installed_commands(tmp_path)


def own(desk: Desk, folder: Path) -> Toot:
    """Return a toot with a copy of the desk's configuration, which may be changed."""
    shutil.copytree(desk.toot.folder, folder / "copy")
    copy = Toot(folder / "copy")
    copy.typed = desk.toot.typed
    return copy


@tries("auth", "activate", "logout")
async def test_several_accounts(desk: Desk, tmp_path: Path) -> None:
    toot = own(desk, tmp_path)
    assert f"* {desk.ana.handle} ACTIVE" in await toot.run("auth")
    assert json.loads(await toot.run("whoami", "--json"))["id"] == str(desk.ana.account_id)
    await toot.run("activate", desk.bo.handle)
    assert f"* {desk.bo.handle} ACTIVE" in await toot.run("auth")
    assert json.loads(await toot.run("whoami", "--json"))["id"] == str(desk.bo.account_id)
    await toot.run("logout", desk.bo.handle)
    assert desk.bo.handle not in await toot.run("auth")
    await toot.run("whoami", expect=1)


@tries("login", "login_cli")
async def test_signing_in(desk: Desk, tmp_path: Path) -> None:
    """Nobody types a password into an app: only the page takes it, as in Mastodon since 4.4."""
    cy = await desk.ana.office.member("cy")
    toot = Toot(tmp_path / "new")
    toot.typed = desk.toot.typed
    words = ("--instance", cy.office.url, "--email", cy.email, "--password", cy.password)
    assert "Login failed" in await toot.run("login_cli", *words, expect=1)
    await toot.run("whoami", expect=1)
    await toot.login(cy)
    assert json.loads(await toot.run("whoami", "--json"))["id"] == str(cy.account_id)


@tries("instance")
async def test_the_office(desk: Desk, tmp_path: Path) -> None:
    office = desk.ana.office
    async with office.session.get(f"{office.url}/api/v1/instance") as answer:
        told = await answer.json()
    assert await desk.reads("instance") == told
    toot = Toot(tmp_path / "nobody")
    shown = await toot.run("instance", office.url)
    assert office.name in shown
    assert office.host in shown
    await toot.run("instance", expect=1)


@tries("diag", "env")
async def test_what_toot_tells_of_itself(desk: Desk) -> None:
    shown = await desk.types("diag", "--server", "--files")
    assert f"\n{desk.ana.office.host}\n" in shown
    assert desk.ana.handle in shown
    assert "toot diag" in await desk.types("env")


@tries("tui")
async def test_a_whole_terminal(desk: Desk, tmp_path: Path) -> None:
    """The screen is drawn with the home timeline, from which `q` leaves."""
    await desk.posts_as_ana("Fills the screen.")
    toot = own(desk, tmp_path)
    config = toot.folder / "toot" / "config.json"
    settings = json.loads(config.read_text("utf-8"))
    config.write_text(
        json.dumps({**settings, "dismiss_tui_deprecation_notice": True}), encoding="utf-8"
    )
    toot.typed.add("tui")
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    child = await asyncio.create_subprocess_exec(
        EXECUTABLE,
        "tui",
        env={**os.environ, **toot.environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    try:
        screen = Screen(ours)
        await until(lambda: screen.shows("Fills the screen."), seconds=60)
        assert await screen.shows(desk.ana.username)
        os.write(ours, b"q")
        await until(screen.is_left)
        assert await child.wait() == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        os.close(ours)


class Screen:
    """What a terminal was told to show."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self._shown = b""
        self._left = False
        os.set_blocking(terminal, False)

    async def shows(self, text: str) -> bool:
        self._read()
        return text.encode() in self._shown

    async def is_left(self) -> bool:
        """Tell whether the program has ended."""
        self._read()
        return self._left

    def _read(self) -> None:
        # A terminal whose program has ended gives an error instead of an end.
        try:
            while chunk := os.read(self._terminal, 65_536):
                self._shown += chunk
        except BlockingIOError:
            return
        except OSError:
            self._left = True
