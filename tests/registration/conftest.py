"""Offices that take sign-ups, each with a mailbox of its own where it can send mail."""

import dataclasses
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from activitypub.signatures.keys import generate_rsa
from fedimmp.build import build, web_app
from fedimmp.config import (
    Accounts,
    Config,
    Database,
    Limits,
    Mail,
    Registration,
    Server,
    Storage,
)
from fedimmp.services import members
from tests.api.office import Clock, Office
from tests.conftest import CloneDatabase
from tests.registration.browsing import Browser
from tests.registration.mailbox import ADDRESS, Mailbox, serve

MakeOffice = Callable[..., Awaitable[Office]]


@asynccontextmanager
async def running(
    folder: Path, url_of_database: str, *, mail: Mail, registration: Registration, **limits: Any
) -> AsyncIterator[Office]:
    """Serve an office on a free port."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    url = f"http://localhost:{listener.getsockname()[1]}"
    clock = Clock()
    config = Config(
        server=Server(origin=url, name="Porto", contact_email="help@corp.example"),
        storage=Storage(data_dir=folder),
        database=Database(url=url_of_database, pool_size=4),
        accounts=Accounts(argon2_time_cost=1, argon2_memory_kib=64),
        registration=registration,
        mail=mail,
        limits=Limits(**{"factor": 100_000.0, **limits}),
    )
    async with build(config, clock=clock) as app, aiohttp.ClientSession() as session:
        runner = web.AppRunner(web_app(app))
        await runner.setup()
        await web.SockSite(runner, listener).start()
        yield Office(app, url, clock, session)
        await runner.cleanup()


@pytest.fixture(scope="session")
def rsa_pair() -> tuple[bytes, str]:
    return generate_rsa()


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    box = Mailbox()
    server = await serve(box)
    yield box
    server.close()
    await server.wait_closed()


@pytest.fixture
async def make_office(
    clone_database: CloneDatabase,
    tmp_path: Path,
    mailbox: Mailbox,
    rsa_pair: tuple[bytes, str],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[MakeOffice]:
    """Make an office with settings of `registration`; `mail` says whether it can send any."""
    # Finding primes for each member would take most of the time of these tests.
    monkeypatch.setattr(members, "generate_rsa", lambda: rsa_pair)
    async with AsyncExitStack() as stack:

        async def make(
            mode: str = "open",
            *,
            mail: bool = True,
            mail_settings: Mail | None = None,
            limits: dict[str, Any] | None = None,
            **settings: Any,
        ) -> Office:
            server = Mail(
                host=ADDRESS, port=mailbox.port, tls="none", sender="fedimmp@porto.example"
            )
            return await stack.enter_async_context(
                running(
                    tmp_path,
                    await clone_database(),
                    mail=mail_settings or (server if mail else Mail()),
                    registration=dataclasses.replace(Registration(mode=mode), **settings),
                    **(limits or {}),
                )
            )

        yield make


@pytest.fixture
async def open_browser() -> AsyncIterator[Callable[[Office], Browser]]:
    """Open browsers that have never been at an office."""
    sessions: list[aiohttp.ClientSession] = []

    def browser(office: Office) -> Browser:
        sessions.append(aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)))
        return Browser(office, sessions[-1])

    yield browser
    for session in sessions:
        await session.close()
