"""Hints: they come after the commit, to all processes, also after a lost connection."""

import asyncio

import pytest

from storage.database import Database, Hint


async def test_a_hint_wakes_all_processes_after_the_commit(
    db: Database, other_db: Database
) -> None:
    here, there = db.subscribe("stream"), other_db.subscribe("stream")
    elsewhere = other_db.subscribe("jobs")
    await other_db.listening()
    await drain(here, there, elsewhere)
    async with db.writer() as tx:
        tx.hint("stream")
        assert not await there.wait(0.1)
    assert await here.wait(0)
    assert await there.wait(2)
    assert not await elsewhere.wait(0.05)


async def test_a_rollback_tells_nobody(db: Database, other_db: Database) -> None:
    here, there = db.subscribe("inbox"), other_db.subscribe("inbox")
    await other_db.listening()
    await drain(here, there)
    with pytest.raises(LookupError):
        async with db.writer() as tx:
            tx.hint("inbox")
            raise LookupError
    assert not await here.wait(0)
    assert not await there.wait(0.1)


async def test_many_hints_are_one_notice(db: Database, other_db: Database) -> None:
    there = other_db.subscribe("jobs")
    await other_db.listening()
    await db.listening()
    await drain(there)
    for _ in range(20):
        async with db.writer() as tx:
            tx.hint("jobs")
    assert await there.wait(2)
    # What was told meanwhile is kept; what was not told does not come.
    await there.wait(0.2)
    assert not await there.wait(0.1)


async def test_a_process_that_ends_still_tells(db: Database, database_url: str) -> None:
    here = db.subscribe("deliveries")
    await db.listening()
    await drain(here)
    command = await Database.connect(database_url)
    async with command.writer() as tx:
        tx.hint("deliveries")
    await command.close()
    assert await here.wait(2)


async def test_a_lost_connection_is_made_again(db: Database, other_db: Database) -> None:
    here = db.subscribe("stream")
    await db.listening()
    await drain(here)
    async with other_db.reader() as conn:
        await conn.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'fedimmp hints'"
        )
    # Whoever waits looks once, since something may have been told in between.
    assert await here.wait(5)
    await db.listening()
    await drain(here)
    async with other_db.writer() as tx:
        tx.hint("stream")
    assert await here.wait(5)


async def test_waiting_ends_with_its_time_or_is_cancelled() -> None:
    hint = Hint()
    assert not await hint.wait(0.01)
    hint.notify()
    assert await hint.wait(0.01)
    assert not await hint.wait(0.01)
    task = asyncio.create_task(hint.wait(60))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def drain(*hints: Hint) -> None:
    for hint in hints:
        while await hint.wait(0.05):
            pass
