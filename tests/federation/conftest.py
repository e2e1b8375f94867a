"""One office of ours, in this process, and others that the tests play."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fedimmp.app import App
from tests.databases import wipe
from tests.federation.foreign import Foreign, allow, foreign
from tests.federation.here import office


@pytest.fixture
async def hq(database_url: str, tmp_path: Path) -> AsyncIterator[App]:
    """Build an office of ours over an empty database; it listens nowhere."""
    try:
        async with office(database_url, tmp_path) as app:
            yield app
    finally:
        await wipe(database_url)


@pytest.fixture
async def porto(hq: App) -> AsyncIterator[Foreign]:
    """Run another office that is on the allowlist."""
    async with foreign() as other:
        await allow(hq, other)
        yield other
