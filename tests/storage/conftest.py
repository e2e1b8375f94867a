"""A transaction that leaves no trace, and a second client beside `db`."""

from collections.abc import AsyncIterator

import pytest

from storage.database import Database, Transaction


class _Undo(Exception):
    pass


@pytest.fixture
async def tx(db: Database) -> AsyncIterator[Transaction]:
    """Open a transaction that is rolled back after the test."""
    try:
        async with db.writer() as transaction:
            yield transaction
            raise _Undo
    except _Undo:
        pass


@pytest.fixture
async def other_db(db: Database, database_url: str) -> AsyncIterator[Database]:
    """Connect once more, as another process would: its transactions run beside those of `db`."""
    database = await Database.connect(database_url)
    try:
        yield database
    finally:
        await database.close()
