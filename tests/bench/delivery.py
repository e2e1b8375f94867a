"""How fast posts leave: one author whom 2,000 people at 50 other offices follow.

The offices name no shared inbox, so each post is 2,000 signed requests. Each is a row before it is
sent, and gone from the table when the measurement ends.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from activitypub.signatures.keys import generate_rsa, make_signature, signing_key
from fedimmp.app import App
from fedimmp.services import peering
from storage.ids import new_id
from tests.bench.sinks import HOSTS
from tests.live import Member, Office, until

PEOPLE_PER_HOST = 40
POSTS = 5
SIGNATURES = 1000


class Sinks:
    """The other process, and how to ask it."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process = process
        self.hosts = [f"{host}:{port}" for host in HOSTS]

    async def taken(self) -> int:
        """Return how many requests came."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"\n")
        return int(await self._process.stdout.readline())


@asynccontextmanager
async def sinks() -> AsyncIterator[Sinks]:
    """Run the inboxes of the other offices for the length of the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.sinks",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Sinks(process, int(await process.stdout.readline()))
    finally:
        process.stdin.close()
        await process.wait()


async def follow_from_afar(app: App, hosts: list[str], target: int) -> None:
    """Let people at each of these hosts follow one of ours."""
    now = datetime.now(UTC)
    for host in hosts:
        await peering.add_peer(app, host, networks=["127.0.0.0/8"], actor="bench")
    people = [
        f"http://{host}/users/{number}" for host in hosts for number in range(PEOPLE_PER_HOST)
    ]
    async with app.db.writer() as tx:
        await tx.execute(
            """
            WITH people AS (
                INSERT INTO accounts (id, username, username_key, domain, uri, url, inbox_url,
                                      created_at)
                SELECT $1 + number, 'p' || number, 'p' || number, split_part(uri, '/', 3), uri, uri,
                       uri || '/inbox', $2
                  FROM unnest($3::text[]) WITH ORDINALITY AS person (uri, number)
                RETURNING id, uri
            )
            INSERT INTO follows (id, account_id, target_id, uri, state, created_at)
            SELECT id, id, $4, uri || '/follow', 'accepted', $2 FROM people
            """,
            new_id(now),
            now,
            people,
            target,
        )


async def deliver(office: Office, author: Member, inboxes: Sinks) -> float:
    """Publish some posts and wait until all have arrived; returns deliveries a second."""
    app = office.app
    assert app is not None
    before = await inboxes.taken()
    began = time.perf_counter()
    for number in range(POSTS):
        await author.call(
            "POST", "/api/v1/statuses", {"status": f"To all of you, number {number}."}
        )

    async def done() -> bool:
        async with app.db.reader() as conn:
            return not await conn.fetchval("SELECT EXISTS (SELECT 1 FROM deliveries)")

    await until(done, seconds=600)
    spent = time.perf_counter() - began
    sent = await inboxes.taken() - before
    assert sent == POSTS * len(inboxes.hosts) * PEOPLE_PER_HOST
    return sent / spent


def signatures_of_a_core() -> float:
    """Return how many signatures a second one core makes and does nothing else: the bound."""
    key = signing_key("https://hq.example/actor#main-key", generate_rsa()[0])
    began = time.process_time()
    for _ in range(SIGNATURES):
        make_signature(key.private, b"x" * 300)
    return SIGNATURES / (time.process_time() - began)


async def measure_delivery(office: Office, rounds: int) -> None:
    """Measure some rounds and print their median."""
    assert office.app is not None
    author = await office.member("speaker")
    async with sinks() as inboxes:
        await follow_from_afar(office.app, inboxes.hosts, author.account_id)
        rates = sorted([await deliver(office, author, inboxes) for _ in range(rounds)])
    print(
        f"{'delivery: RSA, durable':34} {rates[rounds // 2]:8.0f} /s"
        f"   {len(HOSTS) * PEOPLE_PER_HOST} inboxes on {len(HOSTS)} hosts, {POSTS} posts"
        f"   from {rates[0]:.0f} to {rates[-1]:.0f}",
        flush=True,
    )
    print(f"{'one core that only signs (RSA)':34} {signatures_of_a_core():8.0f} /s", flush=True)
