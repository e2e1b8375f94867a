"""An office of ours that listens, an honest peer, and one that nobody allowed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fedimmp.app import App
from tests.attacks.door import Door, Signing, modern_signed, open_door, signed
from tests.databases import wipe
from tests.federation.foreign import Foreign, allow, foreign
from tests.federation.here import office


@pytest.fixture
async def hq(database_url: str, tmp_path: Path) -> AsyncIterator[App]:
    """Build an office of ours over an empty database."""
    try:
        async with office(database_url, tmp_path) as app:
            yield app
    finally:
        await wipe(database_url)


@pytest.fixture
async def door(hq: App) -> AsyncIterator[Door]:
    """Let our office listen."""
    async with open_door(hq) as found:
        yield found


@pytest.fixture(params=[signed, modern_signed], ids=["cavage", "rfc9421"])
def sign(request: pytest.FixtureRequest) -> Signing:
    """Sign by hand, in one scheme and in the other."""
    signing: Signing = request.param
    return signing


@pytest.fixture
async def porto(hq: App) -> AsyncIterator[Foreign]:
    """Run an allowed office, which may well be malicious."""
    async with foreign() as other:
        await allow(hq, other)
        yield other


@pytest.fixture
async def evil() -> AsyncIterator[Foreign]:
    """Run an office that is not on the allowlist: nothing may ever ask it for anything."""
    async with foreign() as other:
        yield other
        assert other.peer.seen == [], "a host that is not allowed was contacted"
