"""Offices in this process: real databases and real HTTP between them, queues driven by `settle`.

Offices are shared by a whole run, so each test makes its own members.
"""

import dataclasses
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from aiohttp import web

from activitypub.signatures.cavage import sign
from fedimmp.app import App
from fedimmp.build import build, web_app
from fedimmp.build.office import utc_now
from fedimmp.config import Accounts, Config, Database, Delivery, Limits, Network, Server, Storage
from fedimmp.services import members, peering
from fedimmp.services.posting import Draft, publish
from fedimmp.workers.settle import settle
from storage import accounts
from storage.accounts import INSTANCE_ACCOUNT_ID, Account
from storage.statuses import Visibility
from tests.live import free_ports

ACTIVITY_JSON = "application/activity+json"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from an office."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.text)


@dataclass(frozen=True, slots=True)
class Office:
    """An office that listens, and the App behind it."""

    app: App
    session: aiohttp.ClientSession

    @property
    def host(self) -> str:
        return self.app.uris.host

    async def member(self, name: str) -> Account:
        """Make a member whose name starts so."""
        username = f"{name}_{secrets.token_hex(3)}"
        account_id = await members.create_member(
            self.app, username=username, email=f"{username}@mail.example", password="correct horse"
        )
        async with self.app.db.reader() as conn:
            return await accounts.get(conn, account_id)

    async def knows(self, account: Account) -> Account:
        """Return our row of somebody of another office; raises NotFound if there is none."""
        async with self.app.db.reader() as conn:
            found = await accounts.find_by_uri(conn, account.uri)
        assert found is not None
        return found

    async def post(
        self, author: Account, text: str, *, visibility: Visibility = "public", **more: Any
    ) -> int:
        """Publish a post; returns its id."""
        draft = dataclasses.replace(Draft(text=text, visibility=visibility), **more)
        return await publish(self.app, author.id, draft, application_id=None)

    async def trust(self, other: "Office") -> None:
        """Put another office on the allowlist."""
        await self.trust_host(other.host)

    async def trust_host(self, host: str) -> None:
        """Put a host of this machine on the allowlist."""
        await peering.add_peer(self.app, host, networks=["127.0.0.0/8", "::1/128"], actor="test")

    async def get(
        self, url: str, *, signed_by: "Office | None" = None, accept: str = ACTIVITY_JSON
    ) -> Answer:
        """Fetch a URL, signed by the instance actor of an office or by nobody."""
        headers = {"Accept": accept}
        if signed_by is not None:
            app = signed_by.app
            async with app.db.reader() as conn:
                key = await app.keys.signing_key(conn, INSTANCE_ACCOUNT_ID)
            headers |= sign("GET", url, None, key, app.now())
        async with self.session.get(url, headers=headers, allow_redirects=False) as answer:
            return Answer(answer.status, dict(answer.headers), await answer.text())


async def settled(*offices: Office) -> None:
    """Let everything that is due happen at all of them, what follows at the others included."""
    for _ in range(3):
        for office in offices:
            await settle(office.app)


@asynccontextmanager
async def open_office(
    folder: Path,
    database_url: str,
    *,
    delivery: Delivery | None = None,
    network: Network | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> AsyncIterator[Office]:
    """Run an office on a free port, without workers."""
    (port,) = free_ports(1)
    config = Config(
        server=Server(origin=f"http://localhost:{port}", name=folder.name),
        storage=Storage(data_dir=folder),
        database=Database(url=database_url, pool_size=5, migrate_on_start=True),
        delivery=delivery or Delivery(),
        network=network or Network(),
        accounts=Accounts(argon2_time_cost=1, argon2_memory_kib=1024),
        limits=Limits(factor=1000.0),
    )
    async with build(config, clock=clock) as app, aiohttp.ClientSession() as session:
        runner = web.AppRunner(web_app(app), access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            yield Office(app, session)
        finally:
            await runner.cleanup()
