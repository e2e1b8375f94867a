"""A small office for tests of the kit: an App without network, and a server for given routes."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import aiohttp
from yarl import URL

from fedimmp.app import App
from fedimmp.config import Config, load
from fedimmp.keys import KeyVault
from fedimmp.media.store import MediaStore
from fedimmp.memory import BarredNetworks
from fedimmp.uris import Uris
from fedimmp.web.application import ErrorPage, application
from fedimmp.web.routes import Route
from fedimmp.web.server import serving
from storage.database import Database, forbid_transaction


def configured(folder: Path, **variables: str) -> Config:
    """Return a configuration; the variables are named without prefix, as `limits__posts`."""
    environ = {f"FEDIMMP_{name.upper()}": value for name, value in variables.items()}
    return load(
        None,
        {
            "FEDIMMP_SERVER__ORIGIN": "http://hq.localhost",
            "FEDIMMP_SERVER__LISTEN": "127.0.0.1:0",
            "FEDIMMP_STORAGE__DATA_DIR": str(folder),
            **environ,
        },
    ).config


def utc_now() -> datetime:
    return datetime.now(UTC)


def make_app(
    config: Config, *, db: Database | None = None, clock: Callable[[], datetime] = utc_now
) -> App:
    """Return an App that talks to nobody; without `db` it has no database either."""
    barred = BarredNetworks(seconds=3600.0)
    if db is None:
        # Nobody is barred, and nobody looks.
        barred.claim()
        barred.networks = ()
    return App(
        config=config,
        uris=Uris(config.server.origin),
        db=cast("Database", db),
        client=cast("Any", None),
        keys=KeyVault(b"k" * 32),
        media=MediaStore(config.media_dir, forbid_transaction),
        clock=clock,
        barred=barred,
    )


def public(handler: Any, method: str = "GET", path: str = "/api/v1/x", **options: Any) -> Route:
    """Return a route that anybody may call."""
    return Route(method, path, handler, public=True, **options)


@asynccontextmanager
async def served(
    app: App, routes: Sequence[Route], *, error_page: ErrorPage | None = None
) -> AsyncIterator[aiohttp.ClientSession]:
    """Serve the routes on a free port and yield a client of them."""
    web_app = application(app, routes, error_page=error_page)
    async with serving(web_app, app.config) as (host, port):
        base = URL.build(scheme="http", host=host, port=port)
        async with aiohttp.ClientSession(base) as session:
            yield session
