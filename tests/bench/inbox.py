"""The inbox: how fast signed posts are accepted, and how fast they become visible.

The web process, the worker, PostgreSQL (with fsync) and this load generator share the machine.
Requests are signed beforehand, so their cost is not part of the figures.
"""

import itertools
import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import orjson

from activitypub.signatures.cavage import sign
from tests.bench.load import Rate, encode, send_all
from tests.federation.foreign import LOOPBACK, Person, foreign
from tests.live import Office, until

CONNECTIONS = 64
AUTHORS = 20
ROUNDS = 3


async def inbound(office: Office, *, requests: int) -> None:
    """Measure acceptance alone, then acceptance and processing side by side."""
    async with foreign() as peer:
        words = [word for network in LOOPBACK for word in ("--network", network)]
        await office.command("peer", "add", peer.host, *words)
        people = [peer.person(f"author{number}") for number in range(AUTHORS)]
        await office.stop()
        await office.start("web")
        await _accepted(office, people, requests)
        await office.start("worker", wait=False)
        await until(lambda: _is_processed(office), seconds=600)
        await _visible(office, people, requests)


async def _accepted(office: Office, people: list[Person], requests: int) -> None:
    """Only a web process runs, so what is accepted waits."""
    await _send(office, _signed(office, people, len(people)))
    spent = -cpu_seconds(office)
    rounds = [await _send(office, _signed(office, people, requests)) for _ in range(ROUNDS)]
    spent += cpu_seconds(office)
    rate = sorted(rounds, key=lambda each: each.per_second)[len(rounds) // 2]
    print(
        f"{'inbox: signed Create accepted':34} {rate.per_second:8.0f} /s"
        f"   p50 {rate.median:6.1f} ms   p99 {rate.p99:6.1f} ms   {CONNECTIONS} connections"
        f"   {spent / requests / ROUNDS * 1e6:.0f} us of the web process each",
        flush=True,
    )


async def _visible(office: Office, people: list[Person], requests: int) -> None:
    """A web process and a worker run; the time ends when the last post can be read."""
    rates = []
    spent = -cpu_seconds(office)
    for _ in range(ROUNDS):
        wire = _signed(office, people, requests)
        began = time.perf_counter()
        await _send(office, wire)
        await until(lambda: _is_processed(office), seconds=600)
        rates.append(requests / (time.perf_counter() - began))
    print(
        f"{'inbox: visible end to end':34} {sorted(rates)[len(rates) // 2]:8.0f} /s"
        f"   {(spent + cpu_seconds(office)) / requests / ROUNDS * 1e6:.0f} us of both processes each",
        flush=True,
    )


async def _send(office: Office, requests: list[bytes]) -> Rate:
    return await send_all("127.0.0.1", office.port, requests, connections=CONNECTIONS)


async def _is_processed(office: Office) -> bool:
    assert office.app is not None
    async with office.app.db.reader() as conn:
        return not await conn.fetchval("SELECT EXISTS (SELECT FROM inbox WHERE state = 'waiting')")


def cpu_seconds(office: Office) -> float:
    """Return the CPU time that the office's own processes have spent."""
    ticks = 0
    for child in office.processes:
        fields = Path(f"/proc/{child.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


_numbers = itertools.count(1)


def _signed(office: Office, people: list[Person], count: int) -> list[bytes]:
    """Return signed Creates of new posts, their authors in turns."""
    url = f"{office.url}/inbox"
    authors = itertools.islice(itertools.cycle([(each, each.key) for each in people]), count)

    def build(author: Person, number: int) -> bytes:
        text = f"Number {number}: a post of usual length, which says what was done today and why."
        body = orjson.dumps(author.create(author.note(text)))
        headers = sign("POST", url, body, keys[author.name], datetime.now(UTC))
        return encode("POST", url, headers, body)

    keys = {each.name: each.key for each in people}
    work = [(author, next(_numbers)) for author, _key in authors]
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda pair: build(*pair), work))
