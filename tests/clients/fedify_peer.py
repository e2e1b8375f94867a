"""Starts the office that runs Fedify, and steers it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import aiohttp

from tests.clients.node import install
from tests.live import free_ports

Scheme = Literal["rfc9421", "draft-cavage-http-signatures-12"]

FOLDER = Path(__file__).parent / "fedify"


@dataclass(frozen=True, slots=True)
class FedifyPeer:
    """An office of another make; each verb is a function of its program."""

    port: int
    session: aiohttp.ClientSession

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    async def ask(self, verb: str, **words: Any) -> Any:
        """Have it do something and return its JSON; asserts that it could."""
        url = f"http://{self.host}/control/{verb}"
        async with self.session.post(url, json=words) as answer:
            text = await answer.text()
            assert answer.status == 200, f"{verb}: {text[:2000]}"
            return await answer.json(content_type=None)

    async def received(self, kind: str) -> list[dict[str, Any]]:
        """Return the activities of a type that it received, verified and understood."""
        everything = await self.ask("received")
        return [each["document"] for each in everything["received"] if each["type"] == kind]


@asynccontextmanager
async def fedify_peer(first_knock: Scheme) -> AsyncIterator[FedifyPeer]:
    """Run the other office until the block ends."""
    await install(FOLDER)
    (port,) = free_ports(1)
    child = await asyncio.create_subprocess_exec(
        "node", "peer.mjs", str(port), first_knock, cwd=FOLDER, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert child.stdout is not None
        async with asyncio.timeout(60):
            assert await child.stdout.readline() == b"listening\n"
        async with aiohttp.ClientSession() as session:
            yield FedifyPeer(port, session)
    finally:
        if child.returncode is None:
            child.kill()
        await child.communicate()
