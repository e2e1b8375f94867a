"""Facts of the instance, and whose data these are."""

import pytest

from storage import settings
from storage.database import Database, Transaction
from storage.errors import NotFound, StorageError

HQ = "https://hq.example"


async def test_a_fact_is_kept_and_replaced(tx: Transaction) -> None:
    assert await settings.find(tx, "welcome") is None
    with pytest.raises(NotFound):
        await settings.get(tx, "welcome")
    await settings.upsert(tx, "welcome", {"text": "Olá"})
    await settings.upsert(tx, "welcome", {"text": "こんにちは"})
    assert await settings.get(tx, "welcome") == {"text": "こんにちは"}


async def test_the_first_origin_stays(db: Database) -> None:
    for _ in range(2):
        async with db.writer() as tx:
            await settings.claim_origin(tx, HQ)
    with pytest.raises(StorageError) as caught:
        async with db.writer() as tx:
            await settings.claim_origin(tx, "https://porto.example")
    assert HQ in str(caught.value)
    assert "https://porto.example" in str(caught.value)
    async with db.reader() as conn:
        assert await settings.get(conn, "origin") == HQ
