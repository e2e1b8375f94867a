"""An App over the shared database, for use-cases without their edges."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from activitypub.client import Client
from fedimmp.app import App
from fedimmp.config import Config, Server, Storage
from fedimmp.keys import KeyVault
from fedimmp.media.store import MediaStore
from fedimmp.remote.policy import PeerPolicy
from fedimmp.uris import Uris
from storage.database import Database, forbid_transaction
from tests.posts.world import Clock, World

ORIGIN = "https://hq.example"


@pytest.fixture
async def world(db: Database, tmp_path: Path) -> AsyncIterator[World]:
    """Give an office without people."""
    clock = Clock()
    policy = PeerPolicy(db, own_hosts={"hq.example"})
    client = Client(origin=ORIGIN, user_agent="tests", policy=policy, guard=forbid_transaction)
    app = App(
        config=Config(server=Server(origin=ORIGIN), storage=Storage(data_dir=tmp_path)),
        uris=Uris(ORIGIN),
        db=db,
        client=client,
        keys=KeyVault(bytes(32)),
        media=MediaStore(tmp_path / "media", forbid_transaction),
        clock=clock,
    )
    yield World(app, clock)
    await client.close()
