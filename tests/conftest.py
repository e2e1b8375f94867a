"""What all tests share: one PostgreSQL for the run, one migrated template, clones of it.

`FEDIMMP_TEST_DATABASE_URL` names a database of another server to use instead of the private
cluster; its user must be allowed to create databases.
"""

import asyncio
import os
import secrets
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import cycle
from pathlib import Path
from types import FrameType
from typing import Any

import asyncpg
import pytest
from aiohttp import web
from xdist.workermanage import NodeManager

from activitypub.signatures.keys import generate_rsa
from fedimmp.app import App
from fedimmp.services import members
from fedimmp.web import application
from fedimmp.web.routes import Route
from storage.cluster import running
from storage.database import Database
from storage.migrate import migrate
from tests.databases import close_wipers, create_database, drop_database, wipe
from tests.house.attacks import Recorder

CloneDatabase = Callable[[], Awaitable[str]]
_GIVEN_CLUSTER = "FEDIMMP_TEST_DATABASE_URL"
_FIRST_OID_OF_USERS = 16384


def pytest_configure(config: pytest.Config) -> None:
    """Let a run that is told to end leave no server behind, and keep what came of attacks."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder())

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Give processes that share the work, and are told to end, the time to stop their servers."""
    NodeManager.EXIT_TIMEOUT = 60


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep each folder together, as its tests share what takes long to start.

    The order of the folders is still one of chance, and so is the order within each. Only the live
    offices come first: where several processes share the work, one of them begins with these, and
    the others take from the end what they have time for.
    """
    folders: dict[Path, int] = {}
    for item in items:
        folders.setdefault(item.path.parent, len(folders))

    def place(item: pytest.Item) -> int:
        return -1 if item.path.parent.name == "clients" else folders[item.path.parent]

    items.sort(key=place)


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


@pytest.fixture(scope="session", autouse=True)
def _few_keys_are_made() -> Iterator[None]:
    """Give offices and members one of a few RSA keys; finding primes takes longer than most tests.

    Those who arrive one after the other have different ones.
    """
    make, numbers = cache(lambda _number: generate_rsa()), cycle(range(8))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(members, "generate_rsa", lambda: make(next(numbers)))
        yield


@pytest.fixture(scope="session", autouse=True)
def _routes_are_listed_once() -> Iterator[None]:
    """Let the offices of this process share their table of routes, which knows nothing of them.

    Making it anew takes longer than most tests.
    """
    tables: dict[tuple[int, ...], web.UrlDispatcher] = {}
    make = application.application

    def application_with_table(app: App, routes: Sequence[Route], **more: Any) -> web.Application:
        key = tuple(map(id, routes))
        if key not in tables:
            made = make(app, routes, **more)
            tables[key] = made.router
            return made
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(application, "_add", lambda *_arguments: None)
            made = make(app, routes, **more)
        made._router = tables[key]
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fedimmp.build.site.application", application_with_table)
        yield


@pytest.fixture(scope="session")
async def cluster_url() -> AsyncIterator[str]:
    """URL of a database from which others can be made."""
    given = os.environ.get(_GIVEN_CLUSTER)
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
    # A private cluster goes as a whole: it would write all its memory to disk for each of them.
    if _GIVEN_CLUSTER in os.environ:
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
