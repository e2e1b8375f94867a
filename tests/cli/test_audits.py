"""`fedimmp audit`: what was done is told, proved and handed on, and no words of others steer it."""

import json
import re
from datetime import datetime

import pytest

from fedimmp.build import build
from fedimmp.config import load
from fedimmp.services import auditing
from tests.cli.conftest import CommandLine
from tests.cli.test_commands import make

EVIL = 'eve"]\r\nfedimmp: all is well\x1b[2J\x1b]0;owned\x07\u202e'
MESSAGE = re.compile(
    r"<110>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z hq\.example fedimmp - audit - ({[ -~]+})"
)


async def note(fedimmp: CommandLine, target: str, **detail: object) -> None:
    async with build(load(fedimmp.config).config) as app:
        await auditing.note(app, "eva", "peer.knock", target, **detail)


async def test_what_the_command_line_does_and_reads_is_listed(fedimmp: CommandLine) -> None:
    ana = await make(fedimmp, "ana")
    await fedimmp("member", "disable", ana)
    await fedimmp("member", "enable", ana)
    await fedimmp("member", "reset-password", ana)
    await fedimmp("token", "create", ana)
    listed = (await fedimmp("audit", "list", "--on", ana, "--json")).json
    assert [(each["actor"], each["action"]) for each in listed] == [
        ("cli", "token.create"),
        ("cli", "member.reset_password"),
        ("cli", "member.enable"),
        ("cli", "member.disable"),
        ("cli", "member.create"),
    ]
    secret = re.compile('password[^"_]*:|access_token', re.IGNORECASE)
    assert not secret.search(json.dumps(listed))
    await fedimmp("member", "list")
    await fedimmp("report", "list")
    one = ("--limit", "1", "--json")
    (seen,) = (await fedimmp("audit", "list", "--act", "member.list", *one)).json
    assert (seen["actor"], seen["target"]) == ("cli", "members")
    (seen,) = (await fedimmp("audit", "list", "--act", "report", *one)).json
    assert seen["action"] == "report.list"
    table = (await fedimmp("audit", "list", "--on", ana, "--act", "token.create")).out
    assert table.split("\n")[0].split() == ["id", "time", "who", "act", "on", "more"]
    assert f"token.create  {ana}" in table


async def test_times_narrow_it(fedimmp: CommandLine) -> None:
    ana = await make(fedimmp, "ana")
    day = ("--since", "2026-01-01", "--until", "2199-01-01T10:00+01:00")
    assert len((await fedimmp("audit", "list", "--on", ana, *day, "--json")).json) == 1
    assert (
        await fedimmp("audit", "list", "--on", ana, "--since", "2199-01-01", "--json")
    ).json == []
    assert (
        await fedimmp("audit", "list", "--on", ana, "--until", "2026-01-01", "--json")
    ).json == []
    wrong = await fedimmp.fails("audit", "list", "--since", "yesterday", code=2)
    assert "2026-11-24" in wrong


@pytest.mark.sec("SEC-224")
async def test_words_of_others_neither_end_a_line_nor_steer_a_terminal(
    fedimmp: CommandLine,
) -> None:
    await note(fedimmp, EVIL, agent=EVIL)
    table = (await fedimmp("audit", "list", "--act", "peer.knock")).out
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", table)
    assert table.count("\n") == 2
    lines = (await fedimmp("audit", "export", "--act", "peer.knock")).out
    (line,) = lines.rstrip("\n").split("\n")
    assert not re.search(r"[\x00-\x1f]", line)
    assert json.loads(line)["target"] == EVIL
    messages = (await fedimmp("audit", "export", "--act", "peer.knock", "--format", "syslog")).out
    (message,) = messages.rstrip("\n").split("\n")
    found = MESSAGE.fullmatch(message)
    assert found is not None, message
    assert json.loads(found[1])["detail"] == {"agent": EVIL}


async def test_an_export_goes_on_where_the_last_one_ended(fedimmp: CommandLine) -> None:
    await make(fedimmp, "ana")
    first = [json.loads(line) for line in (await fedimmp("audit", "export")).out.splitlines()]
    numbers = [each["id"] for each in first]
    assert numbers == list(range(1, len(numbers) + 1))
    assert datetime.fromisoformat(first[0]["at"]).tzinfo is not None
    await make(fedimmp, "ben")
    more = (await fedimmp("audit", "export", "--after", str(numbers[-1]))).out.splitlines()
    assert json.loads(more[0])["id"] == numbers[-1] + 1
    assert [json.loads(line)["action"] for line in more] == ["member.create", "audit.export"]


@pytest.mark.sec("SEC-222")
async def test_it_is_proved_and_a_change_is_named(fedimmp: CommandLine) -> None:
    ana = await make(fedimmp, "ana")
    good = await fedimmp("audit", "verify")
    assert good.code == 0
    count, anchor = re.fullmatch(
        r"All (\d+) entries are as they were written\.\nAnchor: (\d+:[0-9a-f]{64})\n", good.out
    ).groups()  # type: ignore[union-attr]
    assert anchor.startswith(f"{count}:")
    assert (await fedimmp("audit", "verify", "--anchor", anchor)).code == 0
    other = f"{count}:{'00' * 32}"
    assert await fedimmp.fails("audit", "verify", "--anchor", other, code=1) == (
        f"Entry {count} has another hash than the one you noted."
    )
    for wrong in ("7", "x:y", f"0:{'00' * 32}", "7:abcd"):
        await fedimmp.fails("audit", "verify", "--anchor", wrong, code=2)
    await rename(fedimmp, ana, "nobody")
    problem = await fedimmp.fails("audit", "verify", code=1)
    assert problem.startswith("Entry ")
    assert "is not as it was written (it now says: " in problem
    assert problem.endswith("cli member.create nobody).")
    broken = await fedimmp("audit", "verify", "--json")
    assert broken.code == 1
    assert (broken.json["sound"], broken.json["problem"]) == (False, problem)
    await rename(fedimmp, "nobody", ana)
    assert (await fedimmp("audit", "verify", "--json")).json["sound"] is True


async def rename(fedimmp: CommandLine, before: str, after: str) -> None:
    """Change an entry as somebody can who owns the database."""
    async with build(load(fedimmp.config).config) as app, app.db.writer() as tx:
        await tx.execute("SET LOCAL session_replication_role = replica")
        await tx.execute("UPDATE audit SET target = $2 WHERE target = $1", before, after)
