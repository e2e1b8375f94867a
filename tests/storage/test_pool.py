"""The pool: who gets a connection, and that none is lost, whatever happens to borrowers."""

import asyncio

import asyncpg
import pytest

from storage import pool as pool_module
from storage.errors import Unavailable
from storage.pool import Pool

SECONDS = 5.0
ASLEEP = """
    SELECT true
    FROM pg_stat_activity
    WHERE datname = current_database()
      AND wait_event = 'PgSleep'
"""


def pool_of(url: str, size: int) -> Pool:
    return Pool(lambda: asyncpg.connect(url), size=size)


async def answers(pool: Pool) -> bool:
    connection = await pool.acquire(SECONDS)
    try:
        return bool(await connection.fetchval("SELECT true"))
    finally:
        pool.release(connection)


async def test_a_connection_is_used_again_and_no_more_are_opened_than_wanted(
    database_url: str,
) -> None:
    pool = pool_of(database_url, 2)
    first = await pool.acquire(SECONDS)
    pool.release(first)
    assert await pool.acquire(SECONDS) is first
    second = await pool.acquire(SECONDS)
    assert second is not first
    waiting = asyncio.create_task(pool.acquire(SECONDS))
    await asyncio.sleep(0)
    pool.release(first)
    assert await waiting is first
    pool.release(first)
    pool.release(second)
    await pool.close()


async def test_those_who_wait_come_in_their_order(database_url: str) -> None:
    pool = pool_of(database_url, 1)
    lent = await pool.acquire(SECONDS)
    order: list[str] = []

    async def work(name: str) -> None:
        connection = await pool.acquire(SECONDS)
        order.append(name)
        pool.release(connection)

    async with asyncio.TaskGroup() as tasks:
        for name in ("ana", "ben", "carla"):
            tasks.create_task(work(name))
        await asyncio.sleep(0)
        pool.release(lent)
    assert order == ["ana", "ben", "carla"]
    await pool.close()


async def test_who_gives_up_waiting_takes_nothing_along(database_url: str) -> None:
    pool = pool_of(database_url, 1)
    lent = await pool.acquire(SECONDS)
    with pytest.raises(Unavailable, match="No database connection was free"):
        await pool.acquire(0.01)
    waiting = asyncio.create_task(pool.acquire(SECONDS))
    await asyncio.sleep(0)
    # Granted and cancelled in the same turn of the loop.
    pool.release(lent)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await answers(pool)
    await pool.close()


async def test_an_interrupted_connection_is_lent_once_it_answers(database_url: str) -> None:
    pool = pool_of(database_url, 1)
    connection = await pool.acquire(SECONDS)
    observer = await asyncpg.connect(database_url)
    sleeping = asyncio.create_task(connection.fetchval("SELECT pg_sleep(30)"))
    async with asyncio.timeout(SECONDS):
        while not await observer.fetchval(ASLEEP):
            pass
    await observer.close()
    sleeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeping
    pool.release(connection, interrupted=True)
    assert await answers(pool)
    await pool.close()


async def test_what_is_lost_is_replaced(database_url: str) -> None:
    pool = pool_of(database_url, 1)
    lent = await pool.acquire(SECONDS)
    waiting = asyncio.create_task(answers(pool))
    await asyncio.sleep(0)
    lent.terminate()
    pool.release(lent)
    assert await waiting
    idle = await pool.acquire(SECONDS)
    pool.release(idle)
    idle.terminate()
    assert await answers(pool)
    await pool.close()


async def test_a_failure_to_connect_takes_no_place(database_url: str) -> None:
    refusing = True

    async def connect() -> asyncpg.Connection:
        if refusing:
            raise OSError("Nobody is there.")
        return await asyncpg.connect(database_url)

    pool = Pool(connect, size=1)
    for _ in range(3):
        with pytest.raises(OSError, match="Nobody is there"):
            await pool.acquire(SECONDS)
    refusing = False
    assert await answers(pool)
    await pool.close()


async def test_what_stood_idle_for_long_is_given_up(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = pool_of(database_url, 2)
    first, second = await pool.acquire(SECONDS), await pool.acquire(SECONDS)
    pool.release(first)
    monkeypatch.setattr(pool_module, "_IDLE_SECONDS", -1.0)
    pool.release(second)
    assert first.is_closed()
    assert await answers(pool)
    await pool.close()


async def test_closing_waits_for_borrowers_and_refuses_new_ones(database_url: str) -> None:
    pool = pool_of(database_url, 1)
    lent = await pool.acquire(SECONDS)
    waiting = asyncio.create_task(pool.acquire(SECONDS))
    await asyncio.sleep(0)
    closing = asyncio.create_task(pool.close())
    with pytest.raises(Unavailable, match="closed"):
        await waiting
    with pytest.raises(Unavailable, match="closed"):
        await pool.acquire(SECONDS)
    assert await lent.fetchval("SELECT true")
    assert not closing.done()
    pool.release(lent)
    await closing
    assert lent.is_closed()
