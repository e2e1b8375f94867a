"""One office on a real socket with the pages and OAuth, and browsers that go through its forms."""

import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from fedimmp.app import App
from fedimmp.build import build, web_app
from fedimmp.config import Accounts, Config, Database, Limits, Server, Storage
from fedimmp.services import members
from storage.database import Database as Rows
from tests.conftest import CloneDatabase
from tests.databases import wipe
from tests.oauth.forms import Form, FormReader
from tests.oauth.world import World, furnish

PASSWORD = "correct horse battery"


@dataclass(slots=True)
class Clock:
    """A clock that tests move on."""

    offset: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.offset


@dataclass(slots=True)
class Answer:
    """What a browser got: the status, the headers, the text and where it is."""

    status: int
    headers: Any
    text: str
    url: str

    @property
    def location(self) -> str:
        return str(self.headers.get("Location", ""))

    def form(self, action: str) -> Form:
        """Return the form of this page that goes to an address."""
        return next(form for form in FormReader(self.text).forms if form.action == action)

    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(slots=True)
class Browser:
    """A browser without scripts: it keeps cookies and follows redirects only when told to."""

    office: "Office"
    session: aiohttp.ClientSession

    async def get(self, path: str, *, follow: bool = False, **kwargs: Any) -> Answer:
        return await self.request("GET", path, follow=follow, **kwargs)

    async def request(
        self, method: str, path: str, *, follow: bool = False, **kwargs: Any
    ) -> Answer:
        url = path if path.startswith("http") else self.office.url + path
        async with self.session.request(method, url, allow_redirects=follow, **kwargs) as answer:
            return Answer(answer.status, answer.headers, await answer.text(), str(answer.url))

    async def post(
        self, path: str, fields: dict[str, Any], *, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send a form as our own page does, unless the headers say otherwise."""
        own = {"Origin": self.office.url, "Sec-Fetch-Site": "same-origin"}
        return await self.request(
            "POST", path, data=fields, headers=own if headers is None else headers
        )

    async def sign_in(self, login: str, password: str = PASSWORD) -> Answer:
        """Fill the sign-in form and send it."""
        form = (await self.get("/auth/sign_in?again=1")).form("/auth/sign_in")
        return await self.post(
            "/auth/sign_in", {**form.fields, "login": login, "password": password}
        )

    @property
    def cookies(self) -> dict[str, str]:
        return {cookie.key: cookie.value for cookie in self.session.cookie_jar}


@dataclass(slots=True)
class Office:
    """The office that these tests talk to."""

    app: App
    url: str
    clock: Clock
    stack: list[aiohttp.ClientSession] = field(default_factory=list)

    async def member(self, username: str, **kwargs: Any) -> int:
        """Make a member with the password that all of them have here."""
        return await members.create_member(
            self.app,
            username=username,
            email=f"{username}@corp.example",
            password=PASSWORD,
            **kwargs,
        )

    async def close_browsers(self) -> None:
        for session in self.stack:
            await session.close()
        self.stack.clear()

    def browser(self) -> Browser:
        """Open a browser that has never been here."""
        session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.stack.append(session)
        return Browser(self, session)

    async def register(self, **fields: Any) -> dict[str, Any]:
        """Register an application and return what it got."""
        wish = {"client_name": "Tusky", "redirect_uris": "tusky://back", "scopes": "read write"}
        answer = await self.browser().request("POST", "/api/v1/apps", json={**wish, **fields})
        assert answer.status == 200, answer.text
        entity: dict[str, Any] = answer.json()
        return entity


@asynccontextmanager
async def running(folder: Path, url_of_database: str) -> AsyncIterator[Office]:
    """Serve an office on a free port."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    url = f"http://localhost:{listener.getsockname()[1]}"
    clock = Clock()
    config = Config(
        server=Server(origin=url, name="Porto", contact_email="help@corp.example"),
        storage=Storage(data_dir=folder),
        database=Database(url=url_of_database, pool_size=5),
        accounts=Accounts(argon2_time_cost=1, argon2_memory_kib=64, sign_in_failures=3),
        limits=Limits(factor=100_000.0),
    )
    async with build(config, clock=clock) as app:
        runner = web.AppRunner(web_app(app))
        await runner.setup()
        await web.SockSite(runner, listener).start()
        yield Office(app, url, clock)
        await runner.cleanup()


@pytest.fixture(scope="session")
async def running_office(
    clone_database: CloneDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Office]:
    async with running(tmp_path_factory.mktemp("empty"), await clone_database()) as office:
        yield office


@pytest.fixture
async def office(running_office: Office) -> AsyncIterator[Office]:
    """Give an office without people, in the present."""
    running_office.clock.offset = timedelta()
    yield running_office
    await running_office.close_browsers()
    url = running_office.app.config.database.url
    assert url is not None
    await wipe(url)


@pytest.fixture(scope="session")
async def furnished(
    clone_database: CloneDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Office, World]]:
    async with running(tmp_path_factory.mktemp("furnished"), await clone_database()) as office:
        yield office, await furnish(office.app, office.member)


@pytest.fixture
async def world(furnished: tuple[Office, World]) -> World:
    """Give the ids of what stands in `inhabited`."""
    return furnished[1]


@pytest.fixture
async def inhabited(furnished: tuple[Office, World]) -> AsyncIterator[Office]:
    """Give an office in which people have written; tests share it and add nothing public."""
    yield furnished[0]
    await furnished[0].close_browsers()


@pytest.fixture
async def rows(office: Office) -> Rows:
    """Give the office's database, for what no page tells."""
    return office.app.db
