"""The office that the tests of the API share; every test finds it without people."""

import socket
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web

from activitypub.signatures.keys import generate_rsa
from fedimmp.build import build, web_app
from fedimmp.config import Accounts, Config, Database, Limits, Rule, RuleText, Server, Storage
from fedimmp.services import members
from tests.api.office import Clock, Office
from tests.conftest import CloneDatabase


@pytest.fixture(scope="session")
async def running_office(
    clone_database: CloneDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Office]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    url = f"http://localhost:{listener.getsockname()[1]}"
    clock = Clock()
    terms = tmp_path_factory.mktemp("terms")
    for day, text in (
        ("2020-01-01", "# Old"),
        ("2026-02-03", "# Now\n\n<b>*Be good*"),
        ("2099-01-01", "New"),
    ):
        (terms / f"{day}.md").write_text(text)
    config = Config(
        server=Server(
            origin=url,
            name="HQ",
            contact_email="help@corp.example",
            languages=("en", "pt"),
            rules=(
                Rule("Be kind.", "As at lunch.", {"pt": RuleText("Sê gentil.")}),
                Rule("Write alt texts."),
            ),
            terms_of_service=terms,
        ),
        storage=Storage(data_dir=tmp_path_factory.mktemp("api")),
        database=Database(url=await clone_database(), pool_size=8),
        accounts=Accounts(argon2_time_cost=1, argon2_memory_kib=64),
        limits=Limits(factor=100_000.0),
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
async def office(
    running_office: Office, rsa_pair: tuple[bytes, str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Office]:
    """Give an office without people, in the present."""
    # Finding primes for each member would take most of the time of these tests.
    monkeypatch.setattr(members, "generate_rsa", lambda: rsa_pair)
    running_office.clock.offset = timedelta()
    yield running_office
    await running_office.wipe()
