"""The API: how fast apps are answered, over some keep-alive connections each."""

import asyncio
import itertools
import os
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from tests.live import Member, Office

SECONDS = float(os.environ.get("FEDIMMP_BENCH_SECONDS", "4"))
ROUNDS = 3
COLLEAGUES = 40
POSTS = 400
HOME = "/api/v1/timelines/home"
NOTIFICATIONS = "/api/v1/notifications"

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


async def measure_api(office: Office) -> None:
    """Measure what apps ask for most."""
    reader = await fill(office)
    author = await office.member("author")
    number = itertools.count()

    def text() -> dict[str, str]:
        return {"status": f"Measured {next(number)}"}

    await measure("livez", calling(reader, "GET", "/livez"), 8)
    await measure("home timeline, 20 posts", calling(reader, "GET", HOME), 8)
    await measure("notifications", calling(reader, "GET", NOTIFICATIONS), 8)
    statuses = f"/api/v1/accounts/{author.account_id}/statuses"
    await measure("publish", calling(author, "POST", "/api/v1/statuses", text), 8)
    await measure("account's posts", calling(reader, "GET", statuses), 8)
