"""The API: how fast apps are answered, and what a post to 10,000 followers costs.

Two offices are measured, so that it shows whether the number of posts matters. Requests are sent
over plain sockets, since a client library would cost as much as the server.
"""

import asyncio
import itertools
import os
import statistics
import time
from collections.abc import Iterator

import aiohttp
import orjson

from storage import fanout, statuses
from storage.database import Transaction
from storage.ids import new_id
from storage.statuses import NewStatus
from tests.bench.inbox import cpu_seconds
from tests.bench.load import Rate, encode, send_all
from tests.bench.population import ACCOUNTS, AUTHORS, READERS, account_id, member_of, populated
from tests.live import Member, Office, free_ports, until

SIZES = tuple(
    int(each) for each in os.environ.get("FEDIMMP_BENCH_STATUSES", "10000,1000000").split(",")
)
CONNECTIONS = 8
ROUNDS = 3
SECONDS = 4.0
WARM_UP_SECONDS = 1.5
HOME = "/api/v1/timelines/home"
NOTIFICATIONS = "/api/v1/notifications"
GROUPS = "/api/v2/notifications"


async def measure_api() -> None:
    """Measure what apps ask for most, in a small and in a large office."""
    for size in SIZES:
        async with populated(size) as office:
            await office.start()
            print(f"{size} statuses, {ACCOUNTS} accounts, one process", flush=True)
            await _measure(office, [office.port])
            await _fan_out(office)
    async with populated(SIZES[-1]) as office:
        ports = [office.port, *free_ports(1)]
        await office.start("web")
        await office.start("web", port=ports[1])
        await until(lambda: _answers(office, ports[1]))
        print(f"{SIZES[-1]} statuses, two web processes", flush=True)
        await _measure(office, ports)


async def _answers(office: Office, port: int) -> bool:
    try:
        async with office.session.get(f"http://127.0.0.1:{port}/livez") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def _measure(office: Office, ports: list[int]) -> None:
    readers = [await member_of(office, ACCOUNTS - READERS + number) for number in range(READERS)]
    reader = readers[0]
    authors = [await member_of(office, number) for number in AUTHORS]
    profile = f"/api/v1/accounts/{authors[0].account_id}/statuses"
    await _rate(office, ports, "livez", [_get(reader, "/livez")])
    await _rate(office, ports, "home timeline, 20 posts", [_get(reader, HOME)])
    await _rate(
        office, ports, f"the same, {READERS} readers", [_get(each, HOME) for each in readers]
    )
    await _rate(office, ports, "notifications, 40", [_get(reader, NOTIFICATIONS)])
    await _rate(office, ports, "the same in groups", [_get(reader, GROUPS)])
    await _rate(office, ports, "an account's posts", [_get(reader, profile)])
    await _rate(office, ports, "publish", _posts(authors))


def _get(member: Member, path: str) -> bytes:
    return encode("GET", member.office.url + path, _headers(member), b"")


def _posts(authors: list[Member]) -> Iterator[bytes]:
    for number in itertools.count():
        author = authors[number % len(authors)]
        body = orjson.dumps({"status": f"Measured {number} with some words to read at work"})
        headers = _headers(author) | {"Content-Type": "application/json"}
        yield encode("POST", f"{author.office.url}/api/v1/statuses", headers, body)


def _headers(member: Member) -> dict[str, str]:
    return {"Host": member.office.host, "Authorization": f"Bearer {member.token}"}


async def _rate(
    office: Office, ports: list[int], name: str, requests: list[bytes] | Iterator[bytes]
) -> None:
    """Send requests over and over for some rounds and print the median of them."""
    source = itertools.cycle(requests) if isinstance(requests, list) else requests
    await _send(ports, source, WARM_UP_SECONDS)
    spent = -cpu_seconds(office)
    rounds = [await _send(ports, source, SECONDS) for _ in range(ROUNDS)]
    spent += cpu_seconds(office)
    rate = sorted(rounds, key=lambda each: each.per_second)[len(rounds) // 2]
    answered = sum(each.answered for each in rounds)
    print(
        f"{name:34} {rate.per_second:8.0f} /s"
        f"   p50 {rate.median:6.1f} ms   p99 {rate.p99:6.1f} ms   {CONNECTIONS} connections"
        f"   {spent / answered * 1e6:.0f} us CPU of the office each",
        flush=True,
    )


async def _send(ports: list[int], source: Iterator[bytes], seconds: float) -> Rate:
    """Spread requests over the processes for so long; their rates add up."""
    connections = CONNECTIONS // len(ports)
    ends_at = time.perf_counter() + seconds
    requests = itertools.takewhile(lambda _: time.perf_counter() < ends_at, source)
    found = await asyncio.gather(
        *(
            send_all(
                "127.0.0.1",
                port,
                requests,
                connections=connections,
                expect=b"200",
            )
            for port in ports
        )
    )
    return Rate(
        sum(each.per_second for each in found),
        max(each.median for each in found),
        max(each.p99 for each in found),
        sum(each.answered for each in found),
    )


class _UndoneError(Exception):
    """Takes back what was only measured."""


async def _fan_out(office: Office) -> None:
    """Time the statement that spreads a post to all accounts, in transactions that are undone."""
    assert office.app is not None
    times = []
    for _ in range(5):
        try:
            async with office.app.db.writer() as tx:
                times.append(await _spread_once(tx, office))
                raise _UndoneError
        except _UndoneError:
            pass
    print(
        f"{'fan-out to 9,999 followers':34} {statistics.median(times):8.1f} ms of database time",
        flush=True,
    )


async def _spread_once(tx: Transaction, office: Office) -> float:
    assert office.app is not None
    now = office.app.now()
    new = NewStatus(
        id=new_id(now),
        uri=f"{office.url}/measured/{new_id(now)}",
        account_id=account_id(0),
        local=True,
        visibility="public",
        created_at=now,
        content="<p>To everybody</p>",
    )
    stored = await statuses.insert_many(tx, [new])
    began = time.perf_counter()
    await fanout.spread(tx, [each.id for each in stored])
    spent = (time.perf_counter() - began) * 1000
    reached = await tx.fetchval("SELECT count(*) FROM home_feed WHERE status_id = $1", stored[0].id)
    assert reached >= ACCOUNTS - 1, reached
    return spent
