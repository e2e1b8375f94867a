"""What all tests share: one PostgreSQL for the run, one migrated template, clones of it.

`FEDIMMP_TEST_DATABASE_URL` names a database of another server to use instead of the private
cluster; its user must be allowed to create databases.
"""

import asyncio
import os
import secrets
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import asyncpg
import pytest

from storage.cluster import running
from storage.database import Database
from storage.migrate import migrate
from tests.databases import close_wipers, create_database, drop_database, wipe

CloneDatabase = Callable[[], Awaitable[str]]
_FIRST_OID_OF_USERS = 16384


def pytest_configure() -> None:
    """Let a run that is told to end leave no server behind."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


@pytest.fixture(scope="session", autouse=True)
def _types_are_asked_for_once() -> Iterator[None]:
    """Let new connections know the types of PostgreSQL that another one has asked about.

    Each asks about each kind of array once, which takes as long as making the connection.
    """
    known: dict[frozenset[int], Any] = {}
    ask = asyncpg.Connection._introspect_types

    async def remember(connection: Any, oids: Iterable[int], *others: Any) -> Any:
        wanted = frozenset(oids)
        if max(wanted) >= _FIRST_OID_OF_USERS:
            return await ask(connection, oids, *others)
        if wanted not in known:
            known[wanted] = await ask(connection, oids, *others)
        return known[wanted]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncpg.Connection, "_introspect_types", remember)
        yield


@pytest.fixture(scope="session")
async def cluster_url() -> AsyncIterator[str]:
    """URL of a database from which others can be made."""
    given = os.environ.get("FEDIMMP_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="fedimmp-tests-") as folder:
        async with running(Path(folder), durable=False, connections=200) as url:
            yield url


@pytest.fixture(scope="session")
async def clone_database(cluster_url: str) -> AsyncIterator[CloneDatabase]:
    """Make another empty, migrated database: each call returns the URL of a new one."""
    prefix = f"test_{secrets.token_hex(4)}"
    template = f"{prefix}_template"
    await migrate(await create_database(cluster_url, template))
    made = [template]
    # PostgreSQL copies a template only while nobody is connected to it, another copier included.
    copying = asyncio.Lock()

    async def clone() -> str:
        async with copying:
            name = f"{prefix}_{len(made)}"
            url = await create_database(cluster_url, name, template=template)
            made.append(name)
            return url

    yield clone
    close_wipers()
    for name in made:
        await drop_database(cluster_url, name)


@pytest.fixture(scope="session")
async def database_url(clone_database: CloneDatabase) -> str:
    """URL of the database that tests share one after the other; see `db`."""
    return await clone_database()


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """Connect to the shared database, which is emptied afterwards."""
    database = await Database.connect(database_url)
    try:
        yield database
    finally:
        await database.close()
        await wipe(database_url)


@pytest.fixture
def now() -> datetime:
    """Return one moment for the whole test, in whole milliseconds."""
    present = datetime.now(UTC)
    return present.replace(microsecond=present.microsecond // 1000 * 1000)
