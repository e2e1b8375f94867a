"""An office whose members' apps are told through a push service on this machine."""

import ipaddress
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web

from activitypub.signatures.keys import generate_rsa
from fedimmp.build import build, web_app
from fedimmp.config import Accounts, Config, Database, Limits, Push, Server, Storage
from fedimmp.services import members
from tests.api.office import Clock, Office
from tests.conftest import CloneDatabase
from tests.push.service import PushService


@dataclass(slots=True)
class World:
    """The office, the push service, and where the service takes messages."""

    office: Office
    service: PushService
    endpoint: str


def _listen() -> tuple[socket.socket, int]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener, listener.getsockname()[1]


@pytest.fixture(scope="session")
async def running_world(
    clone_database: CloneDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    service = PushService()
    service_listener, service_port = _listen()
    listener, port = _listen()
    url, clock = f"http://localhost:{port}", Clock()
    config = Config(
        server=Server(origin=url, name="HQ", contact_email="help@corp.example"),
        storage=Storage(data_dir=tmp_path_factory.mktemp("push")),
        database=Database(url=await clone_database(), pool_size=8),
        accounts=Accounts(argon2_time_cost=1, argon2_memory_kib=64),
        limits=Limits(factor=100_000.0),
        push=Push(
            hosts=(f"localhost:{service_port}",),
            networks=(ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1")),
        ),
    )
    site = web.Application()
    site.router.add_post("/{tail:.*}", service.take)
    async with build(config, clock=clock) as app, aiohttp.ClientSession() as session:
        runners = [web.AppRunner(web_app(app)), web.AppRunner(site)]
        for runner, each in zip(runners, (listener, service_listener), strict=True):
            await runner.setup()
            await web.SockSite(runner, each).start()
        yield World(
            Office(app, url, clock, session), service, f"http://localhost:{service_port}/push/1"
        )
        for runner in runners:
            await runner.cleanup()


@pytest.fixture(scope="session")
def rsa_pair() -> tuple[bytes, str]:
    return generate_rsa()


@pytest.fixture
async def world(
    running_world: World, rsa_pair: tuple[bytes, str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[World]:
    """Give an office without people and a push service that takes everything."""
    monkeypatch.setattr(members, "generate_rsa", lambda: rsa_pair)
    running_world.office.clock.offset = timedelta()
    running_world.service.status = 201
    running_world.service.retry_after = None
    running_world.service.received.clear()
    yield running_world
    await running_world.office.wipe()
