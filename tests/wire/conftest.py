"""Three offices: hq and porto trust each other, and the outsider is trusted by nobody."""

from collections.abc import AsyncIterator

import pytest

from tests.conftest import CloneDatabase
from tests.wire.offices import Office, open_office


@pytest.fixture(scope="session")
async def hq(
    tmp_path_factory: pytest.TempPathFactory, clone_database: CloneDatabase
) -> AsyncIterator[Office]:
    """Run the office that the tests look from."""
    folder = tmp_path_factory.mktemp("hq", numbered=False)
    async with open_office(folder, await clone_database()) as office:
        yield office


@pytest.fixture(scope="session")
async def porto(
    hq: Office, tmp_path_factory: pytest.TempPathFactory, clone_database: CloneDatabase
) -> AsyncIterator[Office]:
    """Run an office that trusts hq and is trusted by it."""
    folder = tmp_path_factory.mktemp("porto", numbered=False)
    async with open_office(folder, await clone_database()) as office:
        await office.trust(hq)
        await hq.trust(office)
        yield office


@pytest.fixture(scope="session")
async def outsider(
    hq: Office, tmp_path_factory: pytest.TempPathFactory, clone_database: CloneDatabase
) -> AsyncIterator[Office]:
    """Run an office that trusts hq and that hq does not know."""
    folder = tmp_path_factory.mktemp("outsider", numbered=False)
    async with open_office(folder, await clone_database()) as office:
        await office.trust(hq)
        yield office
