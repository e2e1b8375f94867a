"""Processes killed with SIGKILL at random moments, while people post and posts travel.

FEDIMMP_KILLS and FEDIMMP_SEED choose how many and when; `make torture` asks for many.
"""

import asyncio
import os
import random
import signal
from pathlib import Path

import aiohttp

from tests.live import Member, Office, befriend, offices, until

KILLS = int(os.environ.get("FEDIMMP_KILLS", "10"))
SEED = int(os.environ.get("FEDIMMP_SEED", "1"))

# Work that a dead worker held is taken over soon, and a peer that was away is tried again soon.
_QUICK = """
[delivery]
lease_seconds = 2.0
backoff_seconds = [0.2, 0.5, 1.0]
breaker_seconds = [0.5, 1.0]
"""


async def insist(author: Member, text: str, stopping: asyncio.Event) -> bool:
    """Post until the office acknowledges; the key makes all attempts one post."""
    headers = {"Authorization": f"Bearer {author.token}", "Idempotency-Key": text}
    while True:
        try:
            async with author.office.session.post(
                f"{author.office.url}/api/v1/statuses",
                json={"status": text},
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=5),
            ) as answer:
                if answer.status == 200:
                    return True
                assert answer.status in (502, 503), await answer.text()
        except (aiohttp.ClientError, TimeoutError):
            pass
        if stopping.is_set():
            return False
        await asyncio.sleep(0.05)


async def write(author: Member, name: str, stopping: asyncio.Event) -> list[str]:
    """Post one after another until the end; returns what was acknowledged, in order."""
    acknowledged = []
    number = 0
    while not stopping.is_set():
        text = f"{name}-{number:05d}"
        number += 1
        if await insist(author, text, stopping):
            acknowledged.append(text)
        await asyncio.sleep(0.05)
    return acknowledged


async def kill_one(found: list[Office], dice: random.Random) -> None:
    """Kill a process of an office at a random moment, and start another in its place."""
    await asyncio.sleep(dice.uniform(0.1, 0.8))
    office = dice.choice(found)
    number = dice.randrange(len(office.processes))
    victim = office.processes.pop(number)
    os.kill(victim.pid, signal.SIGKILL)
    await victim.wait()
    role = "worker" if number else "web"
    await office.start(role, wait=False)
    # Roles keep their places: the web process first.
    office.processes.insert(number, office.processes.pop())
    await until(office.answers, seconds=60)


async def texts_of(reader: Member, author: Member) -> list[str]:
    """Return all posts of the author as the reader's office has them, oldest first."""
    target = await reader.find(author.handle)
    found: list[str] = []
    last = ""
    while page := await reader.call("GET", f"/api/v1/accounts/{target}/statuses?limit=40{last}"):
        found += [status["content"] for status in page]
        last = f"&max_id={page[-1]['id']}"
    return [text.removeprefix("<p>").removesuffix("</p>") for text in reversed(found)]


async def test_every_acknowledged_post_exists_exactly_once_everywhere(tmp_path: Path) -> None:
    dice = random.Random(SEED)
    async with offices(tmp_path, ("hq", "osaka"), settings=_QUICK, trust=False) as found:
        await befriend(found)
        for office in found:
            await office.stop()
            await office.start("web", wait=False)
            await office.start("worker", wait=False)
        for office in found:
            await until(office.answers, seconds=60)
        ana, bo = await found[0].member("ana"), await found[1].member("bo")
        await bo.follow(ana)
        await ana.follow(bo)
        stopping = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            writers = [
                tasks.create_task(write(author, f"{author.username}-{number}", stopping))
                for author in (ana, bo)
                for number in range(3)
            ]
            for _ in range(KILLS):
                await kill_one(found, dice)
            stopping.set()
        wanted = {
            ana.handle: {text for writer in writers[:3] for text in writer.result()},
            bo.handle: {text for writer in writers[3:] for text in writer.result()},
        }
        assert all(len(texts) > KILLS for texts in wanted.values())
        for author, reader in ((ana, bo), (bo, ana), (ana, ana), (bo, bo)):

            async def complete(author: Member = author, reader: Member = reader) -> bool:
                there = await texts_of(reader, author)
                assert len(there) == len(set(there)), "a post exists twice"
                return wanted[author.handle] <= set(there)

            await until(complete, seconds=60)
