"""Three live offices for the whole run; each test makes members of its own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

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
