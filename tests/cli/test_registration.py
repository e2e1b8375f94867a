"""People who sign up, their addresses and mail, from the command line."""

import secrets
from pathlib import Path

import pytest

from fedimmp.app import App
from fedimmp.build import build
from fedimmp.config import load
from fedimmp.services import registering
from fedimmp.services.applications import SignUp
from tests.cli.conftest import CommandLine


@pytest.fixture
def joining(office_file: Path, tmp_path: Path, fedimmp: CommandLine) -> CommandLine:
    """Give the command line of the office while it takes sign-ups."""
    file = tmp_path / "fedimmp.toml"
    folder = office_file.parent / "data"
    file.write_text(
        f'{office_file.read_text()}[storage]\ndata_dir = "{folder}"\n'
        '[registration]\nmode = "approval"\n'
    )
    return CommandLine(file, fedimmp.capture)


async def sign_up(joining: CommandLine) -> str:
    name = f"ana_{secrets.token_hex(3)}"
    async with build(load(joining.config, {}).config) as app:
        await _ask(app, name)
    return name


async def _ask(app: App, name: str) -> None:
    wish = SignUp(name, f"{name}@hq.example", "correct horse battery", True, "Bridges\x1b[2J")
    assert await registering.sign_up(app, wish) == "unapproved"


async def test_who_signed_up_is_let_in_or_turned_away(joining: CommandLine) -> None:
    ana, bo = await sign_up(joining), await sign_up(joining)
    listed = (await joining("member", "pending", "--json")).json
    entry = next(one for one in listed if one["username"] == ana)
    assert (entry["email"], entry["confirmed"], entry["approved"]) == (
        f"{ana}@hq.example",
        True,
        False,
    )
    table = (await joining("member", "pending")).out
    assert ana in table
    assert "\x1b" not in table
    assert "waits" in (await joining("member", "list")).out

    assert (await joining("member", "approve", ana)).out == f"{ana} is approved.\n"
    assert (await joining("member", "reject", bo)).out == f"{bo} is turned away.\n"
    names = {one["username"] for one in (await joining("member", "list", "--json")).json}
    assert (ana in names, bo in names) == (True, False)
    assert (await joining("member", "pending", "--json")).json == []
    for verb in ("approve", "reject"):
        assert "already" in await joining.fails("member", verb, ana, code=1)
        assert "no member" in await joining.fails("member", verb, bo, code=2)


async def test_an_address_is_replaced(fedimmp: CommandLine) -> None:
    names = [f"{name}_{secrets.token_hex(3)}" for name in ("ana", "bo")]
    for name in names:
        await fedimmp("member", "create", name, "--email", f"{name}@hq.example")
    ana, bo = names
    done = await fedimmp("member", "email", ana, f"{ana}@new.example")
    assert done.out == f"{ana} signs in with {ana}@new.example.\n"
    listed = (await fedimmp("member", "list", "--json")).json
    assert next(one for one in listed if one["username"] == ana)["email"] == f"{ana}@new.example"
    assert "taken" in await fedimmp.fails("member", "email", ana, f"{bo}@hq.example", code=1)
    assert "no e-mail" in (await fedimmp.fails("mail", "test", "nonsense", code=2))
    await fedimmp.fails("member", "email", ana, "nonsense", code=2)
    await fedimmp.fails("member", "email", "nobody", "a@b.example", code=2)


async def test_mail_that_cannot_be_sent_is_explained(fedimmp: CommandLine, tmp_path: Path) -> None:
    assert "mail.host is not set" in await fedimmp.fails("mail", "test", "a@hq.example", code=1)
    file = tmp_path / "fedimmp.toml"
    file.write_text(
        fedimmp.config.read_text().replace(
            "[accounts]",
            f'[storage]\ndata_dir = "{fedimmp.config.parent}/data"\n'
            '[mail]\nhost = "127.0.0.1"\nport = 9\nsender = "fedimmp@hq.example"\n[accounts]',
        )
    )
    told = await CommandLine(file, fedimmp.capture).fails("mail", "test", "a@hq.example", code=1)
    assert told.startswith("There is no connection to 127.0.0.1, port 9")
