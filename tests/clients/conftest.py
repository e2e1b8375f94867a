"""Three live offices for the whole run; each test makes members of its own.

Osaka lets people sign up. All three push to apps through a service of this machine.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web

from tests.clients.toot import Desk, Toot
from tests.live import Office, offices
from tests.push.service import PushService


@dataclass(frozen=True, slots=True)
class Trio:
    """Headquarters, Porto and Osaka, who trust each other."""

    hq: Office
    porto: Office
    osaka: Office
    push: PushService
    push_url: str


@asynccontextmanager
async def push_service() -> AsyncIterator[tuple[PushService, str]]:
    """Run a push service; returns it and its address."""
    service, site = PushService(), web.Application()
    site.router.add_post("/{tail:.*}", service.take)
    runner = web.AppRunner(site)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield service, f"http://localhost:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture(scope="session")
async def trio(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Trio]:
    folder: Path = tmp_path_factory.mktemp("trio")
    async with push_service() as (service, url):
        host = url.removeprefix("http://")
        push = f'[push]\nhosts = ["{host}"]\nnetworks = ["127.0.0.0/8", "::1/128"]\n'
        settings = {
            "hq": push,
            "porto": push,
            "osaka": push + '[registration]\nmode = "open"\n',
        }
        async with offices(folder, tuple(settings), settings=settings) as (hq, porto, osaka):
            yield Trio(hq, porto, osaka, service, url)


@pytest.fixture(scope="session")
async def desk(trio: Trio, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Ana and Bo of headquarters at one toot, signed in through the pages."""
    ana, bo = await trio.hq.member("ana"), await trio.hq.member("bo")
    toot = Toot(tmp_path_factory.mktemp("toot"))
    await toot.login(bo)
    await toot.login(ana)
    return Desk(toot, ana, bo)
