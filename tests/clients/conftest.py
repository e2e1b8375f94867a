"""Three live offices for the whole run; each test makes members of its own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clients.toot import Desk, Toot
from tests.live import Office, offices


@dataclass(frozen=True, slots=True)
class Trio:
    """Headquarters, Porto and Osaka, who trust each other."""

    hq: Office
    porto: Office
    osaka: Office


@pytest.fixture(scope="session")
async def trio(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Trio]:
    folder: Path = tmp_path_factory.mktemp("trio")
    async with offices(folder, ("hq", "porto", "osaka")) as found:
        yield Trio(*found)


@pytest.fixture(scope="session")
async def desk(trio: Trio, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Ana and Bo of headquarters at one toot, signed in through the pages."""
    ana, bo = await trio.hq.member("ana"), await trio.hq.member("bo")
    toot = Toot(tmp_path_factory.mktemp("toot"))
    await toot.login(bo)
    await toot.login(ana)
    return Desk(toot, ana, bo)
