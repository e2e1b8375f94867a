"""`fedimmp org` as people type it: keys, the list, signatures, and what is printed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine

PASSPHRASE = "correct horse battery staple"
KEY = "sha256:" + "ab" * 32


@pytest.fixture
async def fedimmp(fedimmp: CommandLine) -> AsyncIterator[CommandLine]:
    """Run commands of the office, which belongs to no organisation before and after."""
    yield fedimmp
    await fedimmp("org", "leave", "--end")


@pytest.fixture
def passphrase(tmp_path: Path) -> str:
    file = tmp_path / "passphrase"
    file.write_text(f"{PASSPHRASE}\n")
    return str(file)


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys"


async def begin(fedimmp: CommandLine, keys: Path, passphrase: str, *more: str) -> str:
    outcome = await fedimmp(
        "org", "init", "--id", "corp.example", "--name", "Corp", "--folder", str(keys),
        "--passphrase-file", passphrase, *more,
    )  # fmt: skip
    assert outcome.code == 0, outcome
    return next(word for word in outcome.out.split() if word.startswith("sha256:"))


def modes(folder: Path) -> list[int]:
    return [file.stat().st_mode for file in folder.iterdir()]


async def sign(fedimmp: CommandLine, key: Path, passphrase: str, *more: str) -> str:
    outcome = await fedimmp(
        "org", "sign", "--key", str(key), "--passphrase-file", passphrase, *more
    )
    assert outcome.code == 0, outcome
    return outcome.out


async def test_list_is_made_signed_and_published(
    fedimmp: CommandLine, keys: Path, passphrase: str, tmp_path: Path
) -> None:
    fingerprint = await begin(fedimmp, keys, passphrase)
    assert all(mode & 0o077 == 0 for mode in modes(keys))
    added = await fedimmp(
        "org", "member", "add", "sines.example", "--key", KEY, "--office", "Sines",
        "--time-zone", "Europe/Lisbon", "--network", "10.1.0.0/16",
    )  # fmt: skip
    assert added.code == 0, added
    assert (await fedimmp("org", "diff", "--json")).json[-1] == {
        "host": "sines.example",
        "change": "is added",
    }
    assert "Nobody has signed" in await fedimmp.fails("org", "publish", code=1)
    assert "1 more must sign" in await sign(fedimmp, keys / "key-1.json", passphrase)
    assert "1 more must sign" in await fedimmp.fails("org", "publish", code=1)

    # The second one signs far away, on a machine without an office.
    draft = tmp_path / "draft.json"
    assert (await fedimmp("org", "draft", str(draft))).code == 0
    await sign(fedimmp, keys / "key-3.json", passphrase, "--draft", str(draft))
    assert "it can be published" in (await fedimmp("org", "signatures", str(draft))).out
    assert (await fedimmp("org", "publish")).out == "Version 1 is published.\n"

    shown = (await fedimmp("org", "show", "--json")).json
    assert shown["fingerprint"] == fingerprint
    assert (shown["version"], shown["quorum"], shown["warnings"]) == (1, "2 of 3 keys", [])
    assert [each["host"] for each in shown["members"]][-1] == "sines.example"
    assert (await fedimmp("org", "verify")).out == "Version 1 is signed as it should be.\n"
    assert (await fedimmp("org", "diff")).out == "Nothing changes.\n"
    assert (await fedimmp("peer", "show", "sines.example", "--json")).json["state"] == "allowed"


async def test_keys_are_rotated_by_the_old_and_the_new(
    fedimmp: CommandLine, keys: Path, passphrase: str, tmp_path: Path
) -> None:
    await begin(fedimmp, keys, passphrase, "--keys", "2", "--quorum", "1")
    await sign(fedimmp, keys / "key-1.json", passphrase)
    await fedimmp("org", "publish")
    new = tmp_path / "new.json"
    made = await fedimmp("org", "key", str(new), "--passphrase-file", passphrase, config=False)
    assert made.code == 0, made
    rotated = await fedimmp("org", "rotate", "--add", str(new), "--quorum", "3", "--office-key")
    assert rotated.out == "Version 2: 3 more must sign.\n", rotated
    for key in (keys / "key-1.json", keys / "key-2.json"):
        await sign(fedimmp, key, passphrase)
    assert "1 more" in await fedimmp.fails("org", "publish", code=1)
    await sign(fedimmp, new, passphrase)
    assert (await fedimmp("org", "publish")).out == "Version 2 is published.\n"
    shown = (await fedimmp("org", "show", "--json")).json
    assert shown["quorum"] == "3 of 3 keys"
    assert (await fedimmp("org", "verify")).code == 0


async def test_a_file_is_carried_to_another_office(
    fedimmp: CommandLine, keys: Path, passphrase: str, tmp_path: Path
) -> None:
    await begin(fedimmp, keys, passphrase, "--keys", "1", "--quorum", "1")
    assert "Nothing is published" in await fedimmp.fails("org", "export", "list.json", code=1)
    await sign(fedimmp, keys / "key-1.json", passphrase)
    await fedimmp("org", "publish")
    carried = tmp_path / "list.json"
    assert (await fedimmp("org", "export", str(carried))).code == 0
    assert "exists already" in await fedimmp.fails("org", "export", str(carried), code=1)

    assert "say --end" in await fedimmp.fails("org", "leave", code=1)
    fingerprint = (await fedimmp("org", "show", "--json")).json["fingerprint"]
    assert (await fedimmp("org", "leave", "--end")).code == 0
    assert (await fedimmp("org", "subscribe", "--fingerprint", fingerprint)).code == 0
    assert "takes its manifest from files" in await fedimmp.fails("org", "pull", code=1)
    assert (await fedimmp("org", "import", str(carried))).out == "Version 1 holds from now on.\n"
    assert (await fedimmp("org", "import", str(carried))).out == "Version 1 is still the latest.\n"


async def test_mistakes_are_sentences(
    fedimmp: CommandLine, keys: Path, passphrase: str, tmp_path: Path
) -> None:
    for words in (["show"], ["diff"], ["verify"], ["pull"], ["confirm"], ["leave"]):
        assert "no organisation" in await fedimmp.fails("org", *words, code=2)
    for words in (["publish"], ["draft", str(tmp_path / "draft")]):
        assert "does not publish" in await fedimmp.fails("org", *words, code=2)
    wrong = ["--id", "Corp!", "--name", "Corp", "--folder", str(keys)]
    sentence = await fedimmp.fails("org", "init", *wrong, "--passphrase-file", passphrase, code=2)
    assert "no id of an organisation" in sentence
    assert modes(keys) == [], "keys of an organisation that never was"
    await begin(fedimmp, keys, passphrase)

    for host in ("porto_example", "http://porto.example", "*.porto.example", ""):
        await fedimmp.fails("org", "member", "add", host, "--key", KEY, code=2)
    for key in ("", "sha256:1", KEY.upper(), f"{KEY}\x00"):
        await fedimmp.fails("org", "member", "add", "porto.example", "--key", key, code=2)
    for option in (
        ["--network", "0.0.0.0/0"],
        ["--time-zone", "../etc/passwd"],
        ["--office", "a\nb"],
    ):
        await fedimmp.fails("org", "member", "add", "porto.example", "--key", KEY, *option, code=2)
    assert "not in the list" in await fedimmp.fails(
        "org", "member", "remove", "osaka.example", code=2
    )


async def test_wrong_keys_and_files_are_refused(
    fedimmp: CommandLine, keys: Path, passphrase: str, tmp_path: Path
) -> None:
    await begin(fedimmp, keys, passphrase)
    short = tmp_path / "short"
    short.write_text("secret")
    sentence = await fedimmp.fails(
        "org", "key", str(tmp_path / "k"), "--passphrase-file", str(short), code=1, config=False
    )
    assert "at least 12" in sentence
    sentence = await fedimmp.fails(
        "org", "sign", "--key", str(keys / "key-1.json"), "--passphrase-file", str(short), code=1
    )
    assert "does not open" in sentence
    sentence = await fedimmp.fails(
        "org", "sign", "--key", passphrase, "--passphrase-file", passphrase, code=1
    )
    assert "no key file" in sentence
    foreign = tmp_path / "foreign.json"
    made = await fedimmp("org", "key", str(foreign), "--passphrase-file", passphrase, config=False)
    assert made.code == 0
    sentence = await fedimmp.fails(
        "org", "sign", "--key", str(foreign), "--passphrase-file", passphrase, code=2
    )
    assert "no say" in sentence
    for file in (passphrase, str(keys / "key-1.json")):
        await fedimmp.fails("org", "import", file, code=1)
        await fedimmp.fails("org", "signatures", file, code=1)
