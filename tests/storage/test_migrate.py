"""Migrations: forward, once, whole, and refused when they do not fit."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from storage.errors import MigrationError, StorageError, Unavailable
from storage.migrate import check_compatible, known_migrations, migrate, status
from tests.databases import create_database, drop_database

FIRST = "-- compatible-with: 1\nCREATE TABLE people (name text);\n"
SECOND = "-- compatible-with: 1\nALTER TABLE people ADD office text;\n"


@pytest.fixture
async def empty_url(cluster_url: str) -> AsyncIterator[str]:
    """URL of a database without tables."""
    name = f"test_{secrets.token_hex(4)}_empty"
    yield await create_database(cluster_url, name)
    await drop_database(cluster_url, name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with one migration, 0001_people."""
    write(tmp_path, "0001_people.sql", FIRST)
    return tmp_path


def write(folder: Path, name: str, sql: str) -> None:
    (folder / name).write_text(sql, encoding="utf-8")


async def tables(url: str) -> set[str]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    finally:
        await connection.close()
    return {row["tablename"] for row in rows}


async def test_the_product_schema_applies_once(empty_url: str) -> None:
    names = [migration.name for migration in known_migrations()]
    with pytest.raises(MigrationError, match="fedimmp db migrate"):
        await check_compatible(empty_url)
    assert (await status(empty_url)).pending == names
    assert await migrate(empty_url) == names
    assert await migrate(empty_url) == []
    await check_compatible(empty_url)
    found = await status(empty_url)
    assert (found.applied, found.pending, found.problem) == (names, [], None)
    assert {"accounts", "statuses", "schema_migrations"} <= await tables(empty_url)


async def test_looking_changes_nothing(empty_url: str, folder: Path) -> None:
    await status(empty_url, folder=folder)
    assert await tables(empty_url) == set()


async def test_a_later_migration_is_added(empty_url: str, folder: Path) -> None:
    assert await migrate(empty_url, folder=folder) == ["0001_people"]
    write(folder, "0002_office.sql", SECOND)
    assert await migrate(empty_url, folder=folder) == ["0002_office"]


async def test_a_number_may_be_left_out_but_not_added_later(empty_url: str, folder: Path) -> None:
    write(folder, "0003_office.sql", SECOND)
    assert await migrate(empty_url, folder=folder) == ["0001_people", "0003_office"]
    await check_compatible(empty_url, folder=folder)
    write(folder, "0002_late.sql", "-- compatible-with: 1\nSELECT 1;\n")
    with pytest.raises(MigrationError, match="lacks 0002_late, though later"):
        await migrate(empty_url, folder=folder)


async def test_processes_that_migrate_together_do_it_once(empty_url: str, folder: Path) -> None:
    write(folder, "0002_office.sql", SECOND)
    done = await asyncio.gather(*(migrate(empty_url, folder=folder) for _ in range(5)))
    assert sorted(name for names in done for name in names) == ["0001_people", "0002_office"]


async def test_a_failing_migration_leaves_those_before(empty_url: str, folder: Path) -> None:
    write(folder, "0002_broken.sql", "-- compatible-with: 1\nCREATE TABLE half (a int); BROKEN;\n")
    with pytest.raises(MigrationError, match="0002_broken"):
        await migrate(empty_url, folder=folder)
    assert await tables(empty_url) == {"people", "schema_migrations"}
    (folder / "0002_broken.sql").unlink()
    write(folder, "0002_office.sql", SECOND)
    assert await migrate(empty_url, folder=folder) == ["0002_office"]


async def test_a_changed_migration_is_refused(empty_url: str, folder: Path) -> None:
    await migrate(empty_url, folder=folder)
    write(folder, "0001_people.sql", FIRST + "-- and more\n")
    with pytest.raises(MigrationError, match="0001_people"):
        await migrate(empty_url, folder=folder)
    with pytest.raises(MigrationError, match="0001_people"):
        await check_compatible(empty_url, folder=folder)


@pytest.mark.parametrize(("compatible_with", "refused"), [(1, False), (2, True)])
async def test_an_old_release_refuses_only_what_it_cannot_read(
    empty_url: str, folder: Path, compatible_with: int, refused: bool
) -> None:
    newer = SECOND.replace("compatible-with: 1", f"compatible-with: {compatible_with}")
    write(folder, "0002_office.sql", newer)
    await migrate(empty_url, folder=folder)
    (folder / "0002_office.sql").unlink()
    if not refused:
        await check_compatible(empty_url, folder=folder)
        assert await migrate(empty_url, folder=folder) == []
        return
    for attempt in (check_compatible, migrate):
        with pytest.raises(MigrationError, match="newer fedimmp"):
            await attempt(empty_url, folder=folder)


@pytest.mark.parametrize(
    ("name", "sql"),
    [
        ("0001_again.sql", SECOND),
        ("0002_headless.sql", "SELECT 1;\n"),
        ("second.sql", SECOND),
    ],
)
async def test_a_folder_that_makes_no_sense_is_refused(folder: Path, name: str, sql: str) -> None:
    assert len(known_migrations(folder)) == 1
    write(folder, name, sql)
    with pytest.raises(MigrationError):
        known_migrations(folder)


async def test_no_database_is_one_sentence(cluster_url: str) -> None:
    with pytest.raises(Unavailable):
        await migrate("postgresql://ines:secret@127.0.0.1:1/fedimmp")
    with pytest.raises(StorageError):
        await status("nonsense")
