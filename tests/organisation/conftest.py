"""Offices of one organisation, in this process, and one that belongs to nobody."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.conftest import CloneDatabase
from tests.organisation.company import Clock, Company
from tests.wire.offices import Office, open_office

OpenOffice = Callable[[str], Awaitable[Office]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def opened(
    tmp_path: Path, clone_database: CloneDatabase, clock: Clock
) -> AsyncIterator[OpenOffice]:
    """Open offices by name until the test ends."""
    async with AsyncExitStack() as stack:

        async def open_one(name: str) -> Office:
            url = await clone_database()
            office = open_office(tmp_path / name, url, clock=clock)
            return await stack.enter_async_context(office)

        yield open_one


@pytest.fixture
async def hq(opened: OpenOffice) -> Office:
    return await opened("hq")


@pytest.fixture
async def porto(opened: OpenOffice) -> Office:
    return await opened("porto")


@pytest.fixture
async def osaka(opened: OpenOffice) -> Office:
    return await opened("osaka")


@pytest.fixture
async def company(hq: Office, porto: Office, clock: Clock) -> Company:
    """Let hq publish a first list, which names hq and porto, and let porto follow it."""
    found = Company(hq, clock)
    await found.found()
    await found.list(porto)
    await found.publish()
    await found.join(porto)
    return found
