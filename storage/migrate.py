"""Brings the schema forward: numbered .sql files, each one transaction, never backwards.

Numbers rise, and one may be left out. A file's first line says `-- compatible-with: N`: releases
that know migration N still work with the schema after it; one that knows less refuses to run.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import asyncpg

from storage.errors import MigrationError
from storage.translation import translated_connecting

_FOLDER = Path(__file__).parent / "migrations"
_FILE_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_HEADER = re.compile(r"-- compatible-with: (\d+)\n")
# Any number that no other software uses; shared by all releases.
_LOCK = 0x6665_6469_6D6D_7001
_LOCK_SECONDS = 120
_CONNECT_SECONDS = 10.0
_OLDEST_SERVER = 150000

_CREATE_LOG = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number integer PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    compatible_with integer NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of the history."""

    number: int
    name: str
    sql: str
    checksum: str
    compatible_with: int


@dataclass(frozen=True, slots=True)
class Applied:
    """One row of the log in the database."""

    number: int
    name: str
    checksum: str
    compatible_with: int


@dataclass(frozen=True, slots=True)
class Status:
    """What the database has and what this release would add; `problem` says why it must not run."""

    applied: list[str]
    pending: list[str]
    problem: str | None


def known_migrations(folder: Path = _FOLDER) -> list[Migration]:
    """Read this release's migrations in order; raises `MigrationError` for a number used twice."""
    migrations = [_read(path) for path in sorted(folder.glob("*.sql"))]
    for before, after in pairwise(migrations):
        if before.number == after.number:
            raise MigrationError(f"{before.name} and {after.name} have the same number.")
    return migrations


async def migrate(url: str, *, folder: Path = _FOLDER) -> list[str]:
    """Apply what is missing and return its names; raises `MigrationError`.

    Waits up to two minutes for another process that migrates. Killed in between, it goes on where
    it stopped, since each file is one transaction.
    """
    known = known_migrations(folder)
    async with _connected(url) as connection:
        await _check_server(connection)
        await _lock(connection)
        await connection.execute(_CREATE_LOG)
        applied = await _applied(connection)
        _raise(_problem(known, applied))
        done: list[str] = []
        for migration in _pending(known, applied):
            await _apply(connection, migration)
            done.append(migration.name)
        return done


async def status(url: str, *, folder: Path = _FOLDER) -> Status:
    """Compare the database with this release, without changing anything."""
    known = known_migrations(folder)
    async with _connected(url) as connection:
        applied = await _applied(connection)
    return Status(
        applied=[entry.name for entry in applied],
        pending=[migration.name for migration in _pending(known, applied)],
        problem=_problem(known, applied),
    )


async def check_compatible(url: str, *, folder: Path = _FOLDER) -> None:
    """Raise `MigrationError` unless this release can work with the database as it is."""
    check(await status(url, folder=folder))


def check(found: Status) -> None:
    """Raise `MigrationError` unless this release can work with a database that was found so."""
    _raise(found.problem)
    if found.pending:
        raise MigrationError(
            f"The database lacks {len(found.pending)} migration(s), the first is"
            f" {found.pending[0]}: run `fedimmp db migrate`."
        )


def _read(path: Path) -> Migration:
    match = _FILE_NAME.fullmatch(path.name)
    sql = path.read_text(encoding="utf-8")
    header = _HEADER.match(sql)
    if match is None or header is None:
        raise MigrationError(f"{path.name} has no number or no compatible-with line.")
    return Migration(
        number=int(match[1]),
        name=path.stem,
        sql=sql,
        checksum=hashlib.sha256(sql.encode()).hexdigest(),
        compatible_with=int(header[1]),
    )


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    with translated_connecting():
        connection = await asyncpg.connect(
            url,
            timeout=_CONNECT_SECONDS,
            server_settings={"application_name": "fedimmp migrate"},
        )
    try:
        with translated_connecting():
            yield connection
    finally:
        # Ending the session also gives the lock back.
        await connection.close(timeout=_CONNECT_SECONDS)


async def _check_server(connection: asyncpg.Connection) -> None:
    version = int(await connection.fetchval("SHOW server_version_num"))
    if version < _OLDEST_SERVER:
        raise MigrationError(f"PostgreSQL {version // 10000} is too old: 15 or newer is needed.")
    encoding = await connection.fetchval("SHOW server_encoding")
    if encoding != "UTF8":
        raise MigrationError(f"The database has the encoding {encoding}: UTF8 is needed.")


async def _lock(connection: asyncpg.Connection) -> None:
    await connection.execute(f"SET lock_timeout = '{_LOCK_SECONDS}s'")
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
    except asyncpg.LockNotAvailableError as error:
        raise MigrationError("Another process has been migrating for two minutes.") from error


async def _applied(connection: asyncpg.Connection) -> list[Applied]:
    if await connection.fetchval("SELECT to_regclass('schema_migrations')") is None:
        return []
    rows = await connection.fetch(
        "SELECT number, name, checksum, compatible_with FROM schema_migrations ORDER BY number"
    )
    return [Applied(**dict(row)) for row in rows]


def _pending(known: Sequence[Migration], applied: Sequence[Applied]) -> list[Migration]:
    there = {entry.number for entry in applied}
    return [migration for migration in known if migration.number not in there]


def _problem(known: Sequence[Migration], applied: Sequence[Applied]) -> str | None:
    latest = max((entry.number for entry in applied), default=0)
    for migration in _pending(known, applied):
        if migration.number < latest:
            return f"The database lacks {migration.name}, though later ones were applied."
    by_number = {migration.number: migration for migration in known}
    for entry in applied:
        ours = by_number.get(entry.number)
        if ours is not None and ours.checksum != entry.checksum:
            return f"Migration {entry.name} was applied in another form than this release has."
    needed = max((entry.compatible_with for entry in applied), default=0)
    newest = max((migration.number for migration in known), default=0)
    if needed > newest:
        return (
            f"The database was migrated by a newer fedimmp (it needs migration {needed}, this one"
            f" knows {newest}): install that release, or restore the backup made before."
        )
    return None


def _raise(problem: str | None) -> None:
    if problem is not None:
        raise MigrationError(problem)


async def _apply(connection: asyncpg.Connection, migration: Migration) -> None:
    try:
        async with connection.transaction():
            # A table in use must not make every other statement queue behind this one for long.
            await connection.execute("SET LOCAL lock_timeout = '10s'")
            await connection.execute("SET LOCAL statement_timeout = 0")
            await connection.execute(migration.sql)
            await connection.execute(
                "INSERT INTO schema_migrations (number, name, checksum, compatible_with)"
                " VALUES ($1, $2, $3, $4)",
                migration.number,
                migration.name,
                migration.checksum,
                migration.compatible_with,
            )
    except asyncpg.LockNotAvailableError as error:
        raise MigrationError(
            f"Migration {migration.name} waited too long for a table in use: try again."
        ) from error
    except asyncpg.PostgresError as error:
        raise MigrationError(f"Migration {migration.name} failed: {error}.") from error
