"""`make bench`: how fast one office is on its hot paths, over real sockets, on this machine.

The office, its PostgreSQL (with fsync) and this load generator share the machine's cores. Figures
are medians of the rounds; nothing here passes or fails.
"""

import asyncio
import itertools
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from activitypub.signatures.cavage import sign
from tests.federation.foreign import LOOPBACK, Foreign, foreign
from tests.live import Member, Office, offices, until

SECONDS = float(os.environ.get("FEDIMMP_BENCH_SECONDS", "4"))
ROUNDS = 3
COLLEAGUES = 40
POSTS = 400

Send = Callable[[aiohttp.ClientSession], Awaitable[None]]


async def rate(send: Send, connections: int) -> tuple[float, float, float]:
    """Call `send` over so many connections; returns calls a second, median and p99 in ms."""
    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(connector=connector) as session:
        times: list[float] = []
        end = time.perf_counter() + SECONDS

        async def loop() -> None:
            while (began := time.perf_counter()) < end:
                await send(session)
                times.append((time.perf_counter() - began) * 1000)

        began = time.perf_counter()
        await asyncio.gather(*(loop() for _ in range(connections)))
        spent = time.perf_counter() - began
    times.sort()
    return len(times) / spent, statistics.median(times), times[int(len(times) * 0.99)]


async def measure(name: str, send: Send, connections: int) -> None:
    """Measure some rounds and print their median."""
    rounds = [await rate(send, connections) for _ in range(ROUNDS)]
    per_second, median, p99 = sorted(rounds)[len(rounds) // 2]
    print(
        f"{name:34} {per_second:8.0f} /s   p50 {median:6.1f} ms   p99 {p99:6.1f} ms"
        f"   {connections} connections",
        flush=True,
    )


def calling(member: Member, method: str, path: str, body: Callable[[], Any] | None = None) -> Send:
    """Return a call of the API by this member."""
    headers = {"Authorization": f"Bearer {member.token}"}
    url = member.office.url + path

    async def send(session: aiohttp.ClientSession) -> None:
        json = body() if body else None
        async with session.request(method, url, json=json, headers=headers) as answer:
            await answer.read()
            assert answer.status == 200, await answer.text()

    return send


async def fill(office: Office) -> Member:
    """Let a reader follow colleagues who have written; returns the reader."""
    reader = await office.member("reader")
    colleagues = [await office.member(f"c{number}") for number in range(COLLEAGUES)]
    for one in colleagues:
        await reader.call("POST", f"/api/v1/accounts/{one.account_id}/follow")
    for number in range(POSTS):
        author = colleagues[number % COLLEAGUES]
        text = f"Post {number} about #work with some words to read, as people write them."
        await author.call("POST", "/api/v1/statuses", {"status": text})
    return reader


def arriving(office: Office, peer: Foreign) -> tuple[Send, Callable[[], int]]:
    """Return signed Creates of one remote author, each a new post, and how many were sent."""
    person = peer.person("rosa")
    sent = itertools.count()
    count = 0

    async def send(session: aiohttp.ClientSession) -> None:
        nonlocal count
        activity = person.create(person.note(f"Number {next(sent)}, a post of usual length."))
        body = orjson.dumps(activity)
        headers = sign("POST", f"{office.url}/inbox", body, person.key, datetime.now(UTC))
        async with session.post(f"{office.url}/inbox", data=body, headers=headers) as answer:
            assert answer.status == 202, await answer.text()
        count += 1

    return send, lambda: count


async def inbound(office: Office) -> None:
    """Measure how fast signed activities are accepted, and how fast they become posts."""
    assert office.app is not None
    async with foreign() as peer:
        words = [word for network in LOOPBACK for word in ("--network", network)]
        await office.command("peer", "add", peer.host, *words)
        send, count = arriving(office, peer)
        began = time.perf_counter()
        await measure("inbox: signed Create accepted", send, 64)

        async def done() -> bool:
            assert office.app is not None
            async with office.app.db.reader() as conn:
                waiting = await conn.fetchval("SELECT count(*) FROM inbox WHERE state = 'waiting'")
            return bool(waiting == 0)

        await until(done, seconds=600)
        total = count() / (time.perf_counter() - began)
        print(f"{'inbox: visible end to end':34} {total:8.0f} /s   over all {count()}", flush=True)


async def main() -> None:
    """Run all measurements on a fresh office."""
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {SECONDS:.0f} s x {ROUNDS}")
    with tempfile.TemporaryDirectory() as folder:
        async with offices(Path(folder), ("bench",)) as (office,):
            reader = await fill(office)
            author = await office.member("author")
            number = itertools.count()

            def text() -> dict[str, str]:
                return {"status": f"Measured {next(number)}"}

            await measure("livez", calling(reader, "GET", "/livez"), 8)
            await measure("home timeline, 20 posts", calling(reader, "GET", HOME), 8)
            await measure("notifications", calling(reader, "GET", "/api/v1/notifications"), 8)
            statuses = f"/api/v1/accounts/{author.account_id}/statuses"
            await measure("publish", calling(author, "POST", "/api/v1/statuses", text), 8)
            await measure("account's posts", calling(reader, "GET", statuses), 8)
            await inbound(office)


HOME = "/api/v1/timelines/home"

if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
