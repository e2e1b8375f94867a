"""Databases for tests: made, emptied, dropped."""

from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from urllib.parse import urlsplit

import asyncpg

# Planning the deletion of 90 tables is quick for a session that has done it before.
_wipers: dict[str, asyncpg.Connection] = {}


def url_of(cluster_url: str, name: str) -> str:
    """Return the URL of another database of the same server."""
    return urlsplit(cluster_url)._replace(path=f"/{name}").geturl()


async def create_database(cluster_url: str, name: str, *, template: str = "template0") -> str:
    """Make a database and return its URL."""
    await _run(cluster_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}" ENCODING \'UTF8\'')
    return url_of(cluster_url, name)


async def drop_database(cluster_url: str, name: str) -> None:
    """Remove a database, sessions included."""
    with suppress(OSError, asyncpg.PostgresError):
        await _run(cluster_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def wipe(url: str, keep: Mapping[str, str] = MappingProxyType({})) -> None:
    """Empty all tables but the log of migrations (TRUNCATE would take 20 times longer).

    `keep` are conditions of rows that stay, by table.
    """
    connection = await _wiper(url)
    rows = await connection.fetch(
        "SELECT tablename FROM pg_tables"
        " WHERE schemaname = 'public' AND tablename <> 'schema_migrations'"
    )
    deletes = "; ".join(
        f'DELETE FROM "{name}" WHERE NOT ({keep.get(name, "false")})'
        for name in (row["tablename"] for row in rows)
    )
    # Everything goes, so the order that foreign keys ask for does not matter.
    await connection.execute(
        f"BEGIN; SET LOCAL session_replication_role = replica; {deletes}; COMMIT"
    )


def close_wipers() -> None:
    """End the sessions that `wipe` keeps."""
    for connection in _wipers.values():
        connection.terminate()
    _wipers.clear()


async def _wiper(url: str) -> asyncpg.Connection:
    """Return the session that empties a database; a test may have ended the one before."""
    # The last of these is a session that was ended a moment ago, and does not know it yet.
    ended = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
    with suppress(KeyError, *ended):
        await _wipers[url].execute("SELECT 1")
        return _wipers[url]
    _wipers[url] = await asyncpg.connect(url)
    return _wipers[url]


async def _run(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
