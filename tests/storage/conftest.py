"""A transaction that leaves no trace, for tests of single queries."""

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
