"""The inbox: how fast signed posts are accepted, and how fast they become visible.

Web processes, worker, PostgreSQL (with fsync) and this load generator share the machine. Requests
are signed beforehand, so what that costs is not part of the figures.
"""

import asyncio
import itertools
import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import orjson

from activitypub.signatures.cavage import sign
from tests.bench.load import Rate, encode, send_all
from tests.federation.foreign import LOOPBACK, Person, foreign
from tests.live import Office, free_ports, until

CONNECTIONS = 64
AUTHORS = 20
ROUNDS = 3


async def measure_inbox(office: Office, requests: int) -> None:
    """Measure acceptance by one and by two web processes, then with a worker besides."""
    async with foreign() as peer:
        words = [word for network in LOOPBACK for word in ("--network", network)]
        await office.command("peer", "add", peer.host, *words)
        people = [peer.person(f"author{number}") for number in range(AUTHORS)]
        await office.stop()
        await office.start("web")
        ports = [office.port]
        await _send(office, _signed(office, people, len(people)), ports)
        await _accepted(office, people, requests, ports)
        ports += free_ports(1)
        await office.start("web", port=ports[1])
        await until(lambda: _answers(ports[1]))
        await _accepted(office, people, requests, ports)
        await office.stop()
        await office.start("web")
        await office.start("worker", wait=False)
        await until(lambda: _is_processed(office), seconds=600)
        await _visible(office, people, requests)


async def _accepted(office: Office, people: list[Person], requests: int, ports: list[int]) -> None:
    """Only web processes run, so what is accepted waits."""
    spent = -cpu_seconds(office)
    rounds = [await _send(office, _signed(office, people, requests), ports) for _ in range(ROUNDS)]
    spent += cpu_seconds(office)
    rate = sorted(rounds, key=lambda each: each.per_second)[len(rounds) // 2]
    processes = "one web process" if len(ports) == 1 else f"{len(ports)} web processes"
    print(
        f"{'inbox: signed Create accepted':34} {rate.per_second:8.0f} /s"
        f"   p50 {rate.median:6.1f} ms   p99 {rate.p99:6.1f} ms   {CONNECTIONS} connections"
        f"   {processes}, {_each(spent, requests)}",
        flush=True,
    )


async def _visible(office: Office, people: list[Person], requests: int) -> None:
    """A web process and a worker run; the time ends when the last post can be read."""
    rates = []
    spent = -cpu_seconds(office)
    for _ in range(ROUNDS):
        wire = _signed(office, people, requests)
        began = time.perf_counter()
        await _send(office, wire, [office.port])
        await until(lambda: _is_processed(office), seconds=600)
        rates.append(requests / (time.perf_counter() - began))
    spent += cpu_seconds(office)
    print(
        f"{'inbox: visible end to end':34} {sorted(rates)[len(rates) // 2]:8.0f} /s"
        f"   one web process and one worker, {_each(spent, requests)}",
        flush=True,
    )


def _each(seconds: float, requests: int) -> str:
    return f"{seconds / requests / ROUNDS * 1e6:.0f} us of CPU each"


async def _send(office: Office, requests: list[bytes], ports: list[int]) -> Rate:
    """Send requests in equal parts to each port, as a proxy would."""
    parts = await asyncio.gather(
        *(
            send_all(
                "127.0.0.1",
                port,
                requests[place :: len(ports)],
                connections=CONNECTIONS // len(ports),
            )
            for place, port in enumerate(ports)
        )
    )
    return Rate(
        per_second=sum(part.per_second for part in parts),
        median=max(part.median for part in parts),
        p99=max(part.p99 for part in parts),
        answered=sum(part.answered for part in parts),
    )


async def _answers(port: int) -> bool:
    try:
        async with aiohttp.request("GET", f"http://127.0.0.1:{port}/readyz") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def _is_processed(office: Office) -> bool:
    assert office.app is not None
    async with office.app.db.reader() as conn:
        return not await conn.fetchval("SELECT EXISTS (SELECT FROM inbox WHERE state = 'waiting')")


def cpu_seconds(office: Office) -> float:
    """Return the CPU time that the office's own processes have spent, PostgreSQL left out."""
    ticks = 0
    for child in office.processes:
        fields = Path(f"/proc/{child.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


_numbers = itertools.count(1)


def _signed(office: Office, people: list[Person], count: int) -> list[bytes]:
    """Return signed Creates of new posts, their authors in turns."""
    url = f"{office.url}/inbox"
    keys = {each.name: each.key for each in people}

    def build(author: Person, number: int) -> bytes:
        text = f"Number {number}: a post of usual length, which says what was done today and why."
        body = orjson.dumps(author.create(author.note(text)))
        headers = sign("POST", url, body, keys[author.name], datetime.now(UTC))
        return encode("POST", url, headers, body)

    work = [(author, next(_numbers)) for author in itertools.islice(itertools.cycle(people), count)]
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda pair: build(*pair), work))
