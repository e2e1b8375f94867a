"""Offices in trouble: away for a while, off the list, without a database, never on the list."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.live import Member, Office, befriend, offices, until

# What could not be delivered is tried again soon, so that the tests need not wait.
_QUICK = """
[delivery]
lease_seconds = 2.0
backoff_seconds = [0.2, 0.5, 1.0]
breaker_seconds = [0.5, 1.0]
"""


@pytest.fixture(scope="module")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[list[Office]]:
    """Two offices of their own, since these tests hurt them."""
    folder: Path = tmp_path_factory.mktemp("pair")
    async with offices(folder, ("lisbon", "kyoto"), settings=_QUICK) as found:
        yield found


async def friends(pair: list[Office]) -> tuple[Member, Member]:
    ana, bo = await pair[0].member("ana"), await pair[1].member("bo")
    await bo.follow(ana)
    return ana, bo


async def post(author: Member, text: str, **more: Any) -> dict[str, Any]:
    status: dict[str, Any] = await author.call("POST", "/api/v1/statuses", {"status": text, **more})
    return status


async def test_an_office_that_was_away_catches_up_in_order(pair: list[Office]) -> None:
    ana, bo = await friends(pair)
    await pair[1].stop()
    sent = [await post(ana, f"While you were away: {number}") for number in range(5)]
    await ana.call("DELETE", f"/api/v1/statuses/{sent[2]['id']}")
    await pair[1].start()
    await bo.sees("away: 4")
    texts = [s["content"] for s in await bo.home() if "While you were away" in s["content"]]
    assert [text[-5] for text in texts] == ["4", "3", "1", "0"]


async def test_an_office_killed_at_work_catches_up(pair: list[Office]) -> None:
    ana, bo = await friends(pair)
    await pair[1].stop(signal.SIGKILL)
    await post(ana, "Said to the dead.")
    await pair[1].start()
    await bo.sees("Said to the dead")


async def test_a_removed_office_is_shut_out_within_two_seconds_by_all_processes(
    pair: list[Office],
) -> None:
    ana, bo = await friends(pair)
    await post(ana, "Before the quarrel.")
    await bo.sees("Before the quarrel")
    eve = await pair[0].member("eve")
    second = await pair[0].start("worker", wait=False)
    await pair[0].command("peer", "remove", pair[1].host)
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def refused() -> bool:
        # What Bo's office asks for with its signature is no longer answered.
        found = await bo.call("GET", f"/api/v2/search?resolve=true&type=accounts&q=@{eve.handle}")
        return not found["accounts"]

    await until(refused, seconds=2)
    assert loop.time() - began < 2
    await post(ana, "After the quarrel.")
    await post(bo, f"@{ana.handle} Can you hear me?")
    hidden = await ana.call("GET", f"/api/v2/search?type=accounts&resolve=true&q=@{bo.handle}")
    assert hidden["accounts"] == []
    assert await _queued(pair[0], pair[1].host) == 0
    # Bo's office has knocked by now and was turned away; it keeps the post for better days.
    await until(lambda: _is_refused(pair[1], pair[0].host))
    assert await ana.call("GET", "/api/v1/notifications?types[]=mention") == []
    await befriend(pair)
    await post(ana, "Friends again.")
    await bo.sees("Friends again")
    await until(lambda: ana.call("GET", "/api/v1/notifications?types[]=mention"))
    pair[0].processes.remove(second)
    second.terminate()
    await second.wait()


async def _queued(office: Office, host: str) -> int:
    """Count what the office still means to deliver to a host."""
    assert office.app is not None
    async with office.app.db.reader() as conn:
        number: int = await conn.fetchval(
            "SELECT count(*) FROM deliveries JOIN lanes ON lanes.id = lane_id WHERE host = $1", host
        )
    return number


async def _is_refused(office: Office, host: str) -> bool:
    assert office.app is not None
    async with office.app.db.reader() as conn:
        refused = await conn.fetchval("SELECT refused FROM inbox_hosts WHERE host = $1", host)
    return bool(refused)


async def test_without_its_database_an_office_says_so_and_recovers(pair: list[Office]) -> None:
    ana = await pair[0].member("ana")
    postmaster = int((pair[0].folder / "data/postgres/data/postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGKILL)
    headers = {"Authorization": f"Bearer {ana.token}"}
    url = f"{pair[0].url}/api/v1/timelines/home"
    seen: set[int] = set()

    async def recovered() -> bool:
        async with pair[0].session.get(url, headers=headers) as answer:
            seen.add(answer.status)
            if answer.status == 503:
                assert int(answer.headers["Retry-After"]) > 0
                assert (await answer.json())["error"]
            return answer.status == 200

    await until(recovered, seconds=60)
    assert seen <= {200, 503}
    await post(ana, "All is back.")
    await ana.sees("All is back")


async def test_a_port_in_use_is_one_sentence(pair: list[Office]) -> None:
    said = await pair[0].command("serve", expect=1)
    sentences = [line for line in said.strip().splitlines() if not line.startswith("{")]
    assert len(sentences) == 1, said
    assert str(pair[0].port) in said


async def test_another_origin_is_refused_in_one_sentence(pair: list[Office]) -> None:
    before = pair[0].config.read_text("utf-8")
    other = before.replace(pair[0].url, "http://localhost:9")
    pair[0].config.write_text(other, "utf-8")
    try:
        said = await pair[0].command("member", "list", expect=1)
    finally:
        pair[0].config.write_text(before, "utf-8")
    assert len(said.strip().splitlines()) == 1, said
    assert pair[0].url in said


async def test_an_outsider_gets_nothing_and_is_never_contacted(
    pair: list[Office], tmp_path: Path
) -> None:
    """An office that trusts us, but whom we do not trust, sees only closed doors."""
    async with offices(tmp_path, ("outsider",), trust=False) as found:
        outsider = found[0]
        await outsider.command("peer", "add", pair[0].host, "--network", "127.0.0.0/8")
        eve = await outsider.member("eve")
        ana = await pair[0].member("ana")
        await post(ana, "Nothing for outsiders.")
        found_there = await eve.call(
            "GET", f"/api/v2/search?type=accounts&resolve=true&q=@{ana.handle}"
        )
        assert found_there["accounts"] == []
        await post(eve, f"@{ana.handle} Let me in!")
        for query in (f"@{eve.handle}", f"{outsider.url}/@{eve.username}"):
            path = f"/api/v2/search?type=accounts&resolve=true&q={query}"
            assert (await ana.call("GET", path))["accounts"] == []
        log = (outsider.folder / "log-all").read_text("utf-8")
        assert '"message":"GET /.well-known' not in log
        assert '"message":"GET /ap/' not in log
        assert '"message":"POST /inbox' not in log
        told = await ana.call("GET", "/api/v1/notifications")
        assert told == []


@pytest.mark.parametrize(
    "words",
    [
        ("member", "disable", "nobody"),
        ("member", "reset-password", "nobody"),
        ("peer", "show", "unknown.example"),
        ("peer", "remove", "unknown.example"),
        ("peer", "add", "not a host"),
        ("token", "create", "nobody"),
    ],
)
async def test_an_unknown_name_is_one_sentence_and_exit_code_2(
    pair: list[Office], words: tuple[str, ...]
) -> None:
    said = await pair[0].command(*words, expect=2)
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) <= 3, said


async def test_anonymous_visitors_see_only_the_door(pair: list[Office]) -> None:
    ana = await pair[0].member("ana")
    sent = await post(ana, "Inside.")
    async with aiohttp.ClientSession() as visitor:
        for path, status in (
            (f"/api/v1/statuses/{sent['id']}", 401),
            ("/api/v1/timelines/public", 401),
            (f"/api/v1/accounts/{ana.account_id}", 401),
            ("/api/v1/instance/peers", 404),
            ("/api/v1/instance/activity", 404),
            (f"/ap/users/{ana.account_id}/outbox", 401),
            (sent["uri"].removeprefix(pair[0].url), 401),
        ):
            async with visitor.get(pair[0].url + path, allow_redirects=False) as answer:
                assert answer.status == status, path
                assert "no-store" in answer.headers["Cache-Control"], path
                assert "Inside" not in await answer.text()
        for path in (f"/@{ana.username}", f"/@{ana.username}/{sent['id']}"):
            async with visitor.get(pair[0].url + path, allow_redirects=False) as answer:
                assert answer.status in (302, 303), path
                assert "/auth/sign_in" in answer.headers["Location"]


async def test_what_a_peer_sent_in_vain_is_shown_with_its_reason(pair: list[Office]) -> None:
    assert pair[0].app is not None
    async with pair[0].app.db.writer() as tx:
        await tx.execute(
            """
            INSERT INTO inbox (actor_uri, activity_uri, host, type, body, state, reason)
            VALUES ($1, $2, $3, 'Create', '', 'parked', $4)
            """,
            f"{pair[1].url}/ap/users/1",
            f"{pair[1].url}/ap/users/1/activities/2",
            pair[1].host,
            "The note has \x1b[31mno author.",
        )
    shown = await pair[0].command("peer", "show", pair[1].host)
    assert f"Create {pair[1].url}/ap/users/1/activities/2 parked The note has  [31mno" in shown
    assert "\x1b" not in shown
    told = json.loads(await pair[0].command("peer", "show", pair[1].host, "--json"))
    assert told["refused"][0]["reason"].endswith("no author.")
