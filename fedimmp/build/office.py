"""Makes the App of one office: database, keys, network client, and what must exist before use."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Final

from activitypub.client import Client, Limits
from fedimmp import VERSION
from fedimmp.app import App
from fedimmp.config import Config
from fedimmp.config.texts import read_texts
from fedimmp.keys import (
    KeyFileError,
    KeyVault,
    VapidKey,
    create_key_file,
    generate_vapid,
    read_key_file,
)
from fedimmp.media.store import MediaStore
from fedimmp.passwords import Passwords
from fedimmp.push.policy import PushPolicy
from fedimmp.remote.policy import PeerPolicy
from fedimmp.render.markdown import render_document
from fedimmp.services import members
from fedimmp.uris import Uris
from storage import accounts, cluster, migrate, settings
from storage.accounts import INSTANCE_ACCOUNT_ID
from storage.database import Database, Transaction, forbid_transaction

_READ_SECONDS: Final = 10.0
_VAPID: Final = "vapid"


def utc_now() -> datetime:
    """Return the present as aware UTC."""
    return datetime.now(UTC)


@asynccontextmanager
async def build(config: Config, *, clock: Callable[[], datetime] = utc_now) -> AsyncIterator[App]:
    """Yield the App of an office, ready to use, and give everything back at the end.

    Raises StorageError for a database that cannot be used, one of another origin included, and
    KeyFileError.
    """
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(database_url(config))
        await prepare_schema(config, url)
        db = await Database.connect(
            url, direct_url=config.database.direct_url, pool_size=config.database.pool_size
        )
        stack.push_async_callback(db.close)
        async with db.writer() as tx:
            await settings.claim_origin(tx, config.server.origin)
        keys = KeyVault(await _key(config, db))
        client = _client(config, db)
        stack.push_async_callback(client.close)
        app = App(
            config=config,
            uris=_uris(config),
            db=db,
            client=client,
            keys=keys,
            vapid=await _vapid(db, keys),
            media=MediaStore(config.media_dir, forbid_transaction),
            clock=clock,
            texts=read_texts(
                config.server.privacy_policy, config.server.terms_of_service, render_document
            ),
            passwords=Passwords(
                time_cost=config.accounts.argon2_time_cost,
                memory_kib=config.accounts.argon2_memory_kib,
                parallelism=config.accounts.argon2_parallelism,
            ),
        )
        await members.ensure_instance_actor(app)
        await _check_key(app)
        yield app


@asynccontextmanager
async def database_url(config: Config) -> AsyncIterator[str]:
    """Yield the URL of the office's database; the private cluster runs as long as the block."""
    if config.database.url is not None:
        yield config.database.url
        return
    async with cluster.running(config.data_dir) as url:
        yield url


async def prepare_schema(config: Config, url: str) -> None:
    """Bring the schema up to date where that is wanted, else refuse one that is not.

    An empty database is filled in any case: there is nothing in it to be careful with.
    """
    direct = config.database.direct_url or url
    found = await migrate.status(direct)
    if found.pending and (config.migrates_on_start or not found.applied):
        await migrate.migrate(direct)
        found = await migrate.status(direct)
    migrate.check(found)


async def _key(config: Config, db: Database) -> bytes:
    """Return the key file's bytes; a new office without keys in its database gets a new file."""
    if not config.key_path.exists():
        async with db.reader() as conn:
            is_new = await accounts.find(conn, INSTANCE_ACCOUNT_ID) is None
        if is_new:
            await asyncio.to_thread(_create_key, config)
    return await asyncio.to_thread(read_key_file, config.key_path)


async def _check_key(app: App) -> None:
    """Raise KeyFileError for another office's key file, with which nothing could be signed."""
    async with app.db.reader() as conn:
        await app.keys.signing_key(conn, INSTANCE_ACCOUNT_ID)


async def _vapid(db: Database, keys: KeyVault) -> VapidKey:
    """Return the key for push services, which is made once and stored sealed."""

    async def stored(tx: Transaction) -> str:
        fresh = base64.b64encode(keys.seal(generate_vapid())).decode()
        text: str = await settings.find_or_insert(tx, _VAPID, fresh)
        return text

    return VapidKey.read(keys.unseal(base64.b64decode(await db.transact(stored))))


def _create_key(config: Config) -> None:
    try:
        create_key_file(config.key_path)
    except KeyFileError:
        # Another process of this office was faster.
        if not config.key_path.exists():
            raise


def _uris(config: Config) -> Uris:
    own = config.media.origin
    return Uris(config.server.origin, None if own == config.server.origin else own)


def _client(config: Config, db: Database) -> Client:
    network = config.network
    return Client(
        origin=config.server.origin,
        user_agent=f"fedimmp/{VERSION} (+{config.server.origin})",
        policy=PeerPolicy(db, _uris(config).own_hosts),
        push_policy=PushPolicy(config.push, _uris(config).own_hosts),
        nameservers=network.nameservers,
        proxy=network.proxy,
        ca_bundle=network.ca_bundle,
        guard=forbid_transaction,
        limits=Limits(
            connect=network.connect_seconds,
            read=min(_READ_SECONDS, network.total_seconds),
            total=network.total_seconds,
            deliver=network.total_seconds,
        ),
    )
