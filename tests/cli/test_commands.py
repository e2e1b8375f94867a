"""The command line as administrators use it: what it does, and its sentences when it does not."""

import base64
import secrets
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine


def fresh(name: str) -> str:
    return f"{name}_{secrets.token_hex(3)}"


async def make(fedimmp: CommandLine, name: str = "ana") -> str:
    username = fresh(name)
    outcome = await fedimmp("member", "create", username, "--email", f"{username}@hq.example")
    assert outcome.code == 0, outcome
    return username


async def test_a_member_is_made_listed_disabled_and_enabled(fedimmp: CommandLine) -> None:
    ana = fresh("ana")
    words = ("member", "create", ana, "--email", f"{ana}@hq.example", "--role", "admin")
    made = await fedimmp(*words, "--name", "Ana", "--json")
    assert (made.json["username"], made.json["email"]) == (ana, f"{ana}@hq.example")
    assert len(made.json["password"]) >= 16

    async def entry() -> dict[str, object]:
        listed = (await fedimmp("member", "list", "--json")).json
        found: dict[str, object] = next(one for one in listed if one["username"] == ana)
        return found

    assert (await entry())["role"] == "admin"
    assert (await fedimmp("member", "disable", ana)).out == f"{ana} is disabled.\n"
    assert (await entry())["disabled"] is True
    assert (await fedimmp("member", "enable", ana)).code == 0
    assert (await entry())["disabled"] is False
    assert ana in (await fedimmp("member", "list")).out


async def test_a_password_is_made_or_read_but_never_an_argument(
    fedimmp: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ana = await make(fedimmp)
    first = (await fedimmp("member", "reset-password", ana, "--json")).json["password"]
    second = (await fedimmp("member", "reset-password", ana, "--json")).json["password"]
    assert first != second
    secret = tmp_path / "password"
    secret.write_text("correct horse battery\n")
    with secret.open() as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        outcome = await fedimmp("member", "reset-password", ana, "--password-stdin")
    assert outcome.out == f"{ana} has a new password.\n"
    await fedimmp.fails("member", "reset-password", ana, "--password", "x", code=2)


@pytest.mark.parametrize("verb", ["disable", "enable", "reset-password"])
async def test_an_unknown_member_is_a_sentence_and_exit_code_2(
    fedimmp: CommandLine, verb: str
) -> None:
    sentence = await fedimmp.fails("member", verb, "nobody", code=2)
    assert sentence.startswith("There is no member nobody here")


async def test_what_cannot_be_a_member_is_refused(fedimmp: CommandLine) -> None:
    ana = await make(fedimmp)
    await fedimmp.fails("member", "create", "a b", "--email", "x@hq.example", code=2)
    await fedimmp.fails("member", "create", fresh("ben"), "--email", "nonsense", code=2)
    await fedimmp.fails("member", "create", fresh("ben"), code=2)
    taken = await fedimmp.fails("member", "create", ana, "--email", "other@hq.example", code=1)
    assert ana in taken
    role = ("--role", "emperor")
    await fedimmp.fails("member", "create", fresh("b"), "--email", "b@hq.example", *role, code=2)


async def test_tokens(fedimmp: CommandLine) -> None:
    ana = await make(fedimmp)
    plain = await fedimmp("token", "create", ana)
    assert len(plain.out.strip()) > 30
    made = (await fedimmp("token", "create", ana, "--scopes", "read push", "--json")).json
    assert made["scope"] == "read push"
    assert made["access_token"] not in plain.out
    await fedimmp.fails("token", "create", "nobody", code=2)
    assert "reed is not a scope" in await fedimmp.fails(
        "token", "create", ana, "--scopes", "reed", code=2
    )
    await fedimmp.fails("token", "create", ana, "--scopes", "", code=2)


async def test_peers(fedimmp: CommandLine) -> None:
    host = f"{secrets.token_hex(3)}.example"
    added = await fedimmp(
        "peer", "add", host.upper(), "--network", "10.1.0.0/16", "--note", "Porto", "--json"
    )
    assert (added.json["host"], added.json["state"]) == (host, "allowed")
    shown = (await fedimmp("peer", "show", host, "--json")).json
    assert (shown["networks"], shown["note"]) == (["10.1.0.0/16"], "Porto")
    assert host in (await fedimmp("peer", "list")).out
    assert (await fedimmp("peer", "show", host)).out.startswith("host")
    kept = (await fedimmp("peer", "add", host, "--no-public-feed", "--json")).json
    assert (kept["networks"], kept["note"], kept["public_feed"]) == (
        ["10.1.0.0/16"],
        "Porto",
        False,
    )
    assert kept["signatures"] == "auto"
    chosen = (await fedimmp("peer", "add", host, "--signatures", "rfc9421", "--json")).json
    assert chosen["signatures"] == "rfc9421"
    assert "signatures   rfc9421" in (await fedimmp("peer", "show", host)).out
    reset = (await fedimmp("peer", "add", host, "--reset", "--json")).json
    assert reset["signatures"] == "auto"
    assert (reset["networks"], reset["note"], reset["public_feed"]) == ([], "", True)
    assert (await fedimmp("peer", "remove", host)).out == f"{host} is removed.\n"
    entries = (await fedimmp("peer", "list", "--json")).json
    assert [entry["state"] for entry in entries if entry["host"] == host] == ["removed"]


async def test_states_of_peers(fedimmp: CommandLine) -> None:
    host = f"{secrets.token_hex(3)}.example"
    await fedimmp("peer", "add", host, "--expires", "30d", "--signing-host", f"ap.{host}")
    shown = (await fedimmp("peer", "show", host, "--json")).json
    assert shown["signing_hosts"] == [f"ap.{host}"]
    assert shown["expires_at"] is not None
    assert [finding["kind"] for finding in shown["findings"]] == ["ends"]
    assert "look at" in (await fedimmp("peer", "show", host)).out
    limited = (await fedimmp("peer", "limit", host, "--no-media", "--expires", "never")).out
    assert limited == f"{host} is limited: only followers see its public posts.\n"
    shown = (await fedimmp("peer", "show", host, "--json")).json
    assert (shown["state"], shown["media"], shown["expires_at"]) == ("limited", False, None)
    assert (await fedimmp("peer", "drain", host)).out.startswith(f"{host} is draining until 2")
    assert "is draining already" in await fedimmp.fails("peer", "drain", host, code=1)
    preview = (await fedimmp("peer", "preview", host, "--json")).json
    assert preview["hosts"][host] == {"before": "draining", "after": "removed"}
    assert (sorted(preview["cuts"]), preview["accounts"]) == (sorted((host, f"ap.{host}")), 0)
    assert (
        f"{host}: draining -> blocked"
        in (await fedimmp("peer", "preview", host, "--state", "blocked")).out
    )
    assert (await fedimmp("peer", "block", host, "--note", "Contract ended.")).code == 0
    assert "a block wins" in await fedimmp.fails("peer", "add", host, code=1)
    assert (await fedimmp("peer", "unblock", host)).out.endswith("It is removed.\n")
    await fedimmp.fails("peer", "unblock", host, code=2)
    await fedimmp("peer", "block", host)
    assert (await fedimmp("peer", "allow", host, "--json")).json["state"] == "allowed"
    assert (await fedimmp("peer", "forget", host)).out == f"{host} is as the organisation says.\n"
    await fedimmp.fails("peer", "forget", host, code=2)


async def test_wildcards_and_look_alikes(fedimmp: CommandLine) -> None:
    name = secrets.token_hex(3)
    added = (await fedimmp("peer", "add", f"*.{name}.example", "--json")).json
    assert (added["host"], added["state"]) == (f"*.{name}.example", "allowed")
    assert f"*.{name}.example" in (await fedimmp("peer", "list")).out
    await fedimmp("peer", "add", "porto.example")
    told = await fedimmp("peer", "add", "p\u043erto.example")
    assert "xn--prto-55d.example is allowed." in told.out
    assert "is easily taken for porto.example" in told.out
    assert "xn--prto-55d.example" in (await fedimmp("peer", "list")).out
    assert (await fedimmp("peer", "add", "b\u00fcro.example")).out.startswith("b\u00fcro.example")
    for host in ("porto.example", "p\u043erto.example", f"*.{name}.example"):
        assert (await fedimmp("peer", "remove", host)).code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("peer", "add", "*.example"),
        ("peer", "add", "porto.example", "--expires", "soon"),
        ("peer", "add", "porto.example", "--expires", "2001-01-01"),
        ("peer", "add", "porto.example", "--signing-host", "a b"),
        ("peer", "limit", "unknown.example"),
        ("peer", "drain", "unknown.example"),
        ("peer", "block", "hq.example"),
        ("peer", "ignore", "unknown.example"),
        ("peer", "preview", "unknown example"),
        ("peer", "add", "not a host"),
        ("peer", "add", "hq.example"),
        ("peer", "add", "porto.example", "--network", "nonsense"),
        ("peer", "add", "porto.example", "--network", "fe80::1%eth0"),
        ("peer", "add", "porto.example", "--signatures", "hmac"),
        ("peer", "remove", "unknown.example"),
        ("peer", "show", "unknown.example"),
        ("peer", "nonsense"),
        ("nonsense",),
    ],
)
async def test_what_is_no_peer_or_no_command_is_exit_code_2(
    fedimmp: CommandLine, words: tuple[str, ...]
) -> None:
    await fedimmp.fails(*words, code=2)


async def test_the_configuration_is_checked_and_shown(fedimmp: CommandLine, tmp_path: Path) -> None:
    assert "can be used" in (await fedimmp("config", "check")).out
    rows = {row["name"]: row for row in (await fedimmp("config", "show", "--json")).json}
    assert rows["database.url"]["value"] == "(secret)"
    assert rows["server.origin"]["source"].endswith("fedimmp.toml:2")
    example = tmp_path / "fedimmp.toml"
    example.write_text((await fedimmp("config", "example", config=False)).out)
    checked = await fedimmp("config", "check", "--config", str(example), config=False)
    assert checked.code == 0


async def test_each_mistake_of_the_configuration_is_a_line_and_nothing_starts(
    fedimmp: CommandLine, tmp_path: Path
) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text('[server]\norigin = "https://hq.example"\nlisten = 8080\nnmae = "x"\n')
    for words in (("config", "check"), ("serve",), ("member", "list"), ("db", "migrate")):
        outcome = await fedimmp(*words, "--config", str(file), config=False)
        assert outcome.code == 1
        assert outcome.err.splitlines() == [
            f'{file}:4: unknown setting "server.nmae"; did you mean "server.name"?',
            f"{file}:3: server.listen must be text in quotation marks.",
        ]


async def test_the_database_of_another_origin_is_refused(
    fedimmp: CommandLine, tmp_path: Path
) -> None:
    await fedimmp("member", "list")
    other = tmp_path / "other.toml"
    text = fedimmp.config.read_text().replace("https://hq.example", "https://porto.example")
    other.write_text(text)
    words = ("member", "list", "--config", str(other))
    sentence = await fedimmp.fails(*words, code=1, config=False)
    assert "https://hq.example" in sentence
    assert "https://porto.example" in sentence


async def test_a_lost_key_file_is_not_replaced(fedimmp: CommandLine) -> None:
    await fedimmp("member", "list")
    key = fedimmp.config.parent / "data" / "secret.key"
    away = key.rename(key.with_suffix(".away"))
    try:
        sentence = await fedimmp.fails("member", "list", code=1)
        assert "secret.key is missing" in sentence
        assert not key.exists()
    finally:
        away.rename(key)


async def test_the_key_file_of_another_office_is_refused(fedimmp: CommandLine) -> None:
    await fedimmp("member", "list")
    key = fedimmp.config.parent / "data" / "secret.key"
    own = key.read_bytes()
    key.write_bytes(base64.b64encode(bytes(32)))
    try:
        sentence = await fedimmp.fails("member", "list", code=1)
        assert "was sealed with another key file" in sentence
    finally:
        key.write_bytes(own)
    assert (await fedimmp("member", "list")).code == 0


async def test_the_schema_is_shown_and_up_to_date(fedimmp: CommandLine) -> None:
    status = (await fedimmp("db", "status", "--json")).json
    assert status["pending"] == []
    assert status["problem"] is None
    assert (await fedimmp("db", "check")).code == 0
    assert (await fedimmp("db", "migrate")).out == "The schema is up to date.\n"


async def test_a_database_that_is_away_is_a_sentence(fedimmp: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "away.toml"
    file.write_text(
        '[server]\norigin = "https://hq.example"\n'
        f'[database]\nurl = "postgresql:///x?host={tmp_path}"\n'
    )
    for words in (("member", "list"), ("db", "status")):
        await fedimmp.fails(*words, "--config", str(file), code=1, config=False)


async def test_a_healthcheck_of_nothing_fails(fedimmp: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "fedimmp.toml"
    file.write_text('[server]\norigin = "https://hq.example"\nlisten = "127.0.0.1:9"\n')
    sentence = await fedimmp.fails("healthcheck", "--config", str(file), code=1, config=False)
    assert sentence.startswith("The server does not answer")


async def test_an_office_is_begun_with_one_command(fedimmp: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "new" / "fedimmp.toml"
    words = ("init", "--origin", "http://localhost:8123/", "--name", 'The "HQ"')
    begun = await fedimmp(*words, "--config", str(file), config=False)
    assert begun.code == 0, begun
    assert "fedimmp member create" in begun.out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new/data/secret.key").stat().st_mode) == 0o600
    rows = await fedimmp("config", "show", "--json", "--config", str(file), config=False)
    shown = {row["name"]: row["value"] for row in rows.json}
    assert shown["server.origin"] == '"http://localhost:8123"'
    assert shown["server.name"] == '"The \\"HQ\\""'
    assert shown["server.listen"] == '"127.0.0.1:8123"'
    again = await fedimmp("init", "--config", str(file), config=False)
    assert again.code == 0
    other = ("init", "--origin", "https://other.example", "--config", str(file))
    assert "belongs to" in await fedimmp.fails(*other, code=1, config=False)


async def test_init_needs_an_origin_that_is_one(fedimmp: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "fedimmp.toml"
    for words in (("init",), ("init", "--origin", "http://hq.example")):
        await fedimmp.fails(*words, "--config", str(file), code=2, config=False)
    assert not file.exists()


async def test_a_member_is_deleted_for_good(fedimmp: CommandLine) -> None:
    ana = await make(fedimmp)

    outcome = await fedimmp("member", "delete", ana, "--yes")
    assert outcome.out.startswith(f"{ana} is deleted.")

    listed = (await fedimmp("member", "list", "--json")).json
    assert ana not in [one["username"] for one in listed]
    await fedimmp.fails("member", "delete", ana, "--yes", code=2)
    again = ("member", "create", ana, "--email", f"{ana}.again@hq.example")
    assert "taken" in await fedimmp.fails(*again, code=1)


async def test_aliases_and_moves(fedimmp: CommandLine) -> None:
    ana, ben = await make(fedimmp, "ana"), await make(fedimmp, "ben")
    refused = await fedimmp.fails("member", "move", ana, ben, code=2)
    assert "to its aliases first" in refused

    assert (await fedimmp("member", "alias", "add", ben, ana)).code == 0
    (uri,) = (await fedimmp("member", "alias", "list", ben, "--json")).json
    assert uri.startswith("https://hq.example/ap/users/")
    assert uri in (await fedimmp("member", "alias", "list", ben)).out
    assert (await fedimmp("member", "move", ana, ben)).out == f"{ana} goes on as {ben}.\n"
    assert (await fedimmp("member", "move", ana, "--cancel")).out == f"{ana} stays.\n"
    assert (await fedimmp("member", "alias", "remove", ben, ana)).code == 0

    assert (await fedimmp("member", "alias", "list", ben, "--json")).json == []
    await fedimmp.fails("member", "alias", "remove", ben, ana, code=2)
    await fedimmp.fails("member", "alias", "add", ben, "@x@stranger.example", code=2)
    await fedimmp.fails("member", "move", ana, code=2)
    await fedimmp.fails("member", "move", ana, "--cancel", code=2)
