"""Connections and transactions: what is promised to those who write queries and use-cases."""

import asyncio
import contextvars
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import asyncpg
import pytest

from storage import database as database_module
from storage.database import Connection, Database, Transaction, forbid_transaction
from storage.errors import (
    Conflict,
    Contended,
    NotFound,
    StorageError,
    Unavailable,
    Unstorable,
)

INSERT = "INSERT INTO settings (key, value) VALUES ($1, $2)"


async def keys(db: Database) -> list[str]:
    async with db.reader() as conn:
        return [row["key"] for row in await conn.fetch("SELECT key FROM settings ORDER BY key")]


async def test_leaving_commits_and_raising_rolls_back(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with db.writer() as tx:
        assert await tx.execute(INSERT, "kept", 1) == 1
    with pytest.raises(LookupError):
        async with db.writer() as tx:
            await tx.execute(INSERT, "lost", 1)
            raise LookupError
    assert await keys(db) == ["kept"]
    # A transaction that were still open would be ended by the pool, with a complaint.
    assert caplog.messages == []


async def test_execute_returns_affected_rows(tx: Transaction) -> None:
    await tx.executemany(INSERT, [("a", 1), ("b", 2), ("c", [])])
    assert await tx.execute("UPDATE settings SET value = '0' WHERE key <> 'c'") == 2
    assert await tx.execute("DELETE FROM settings WHERE key = 'nobody'") == 0
    assert await tx.execute("CREATE TEMPORARY TABLE scratch (id int)") == 0


async def test_values_come_back_as_they_went(tx: Transaction) -> None:
    lisbon = datetime(2026, 3, 2, 9, 30, tzinfo=timezone(timedelta(hours=1)))
    row = await tx.fetchrow(
        "SELECT $1::jsonb AS j, $2::bigint[] AS i, $3::text[] AS t, $4::timestamptz AS at,"
        " $5::jsonb AS nothing, json_build_object('a', 1) AS plain",
        {"name": "Inês", "deep": [1, None, {"x": 1.5}]},
        [2**63 - 1, 1],
        ["à", ""],
        lisbon,
        None,
    )
    assert row is not None
    assert dict(row) == {
        "j": {"name": "Inês", "deep": [1, None, {"x": 1.5}]},
        "i": [2**63 - 1, 1],
        "t": ["à", ""],
        "at": lisbon,
        "nothing": None,
        "plain": {"a": 1},
    }
    assert row["at"].utcoffset() == timedelta(0)


async def test_a_second_transaction_inside_is_refused(db: Database) -> None:
    async with db.writer():
        with pytest.raises(RuntimeError, match="open already"):
            async with db.writer():
                pass
        with pytest.raises(RuntimeError, match="open already"):
            async with db.reader():
                pass
    assert await keys(db) == []


async def test_slow_work_is_forbidden_only_inside(db: Database) -> None:
    forbid_transaction("HTTP")
    async with db.reader():
        forbid_transaction("HTTP")
    async with db.writer():
        with pytest.raises(RuntimeError, match="HTTP inside a database transaction"):
            forbid_transaction("HTTP")
    forbid_transaction("HTTP")


async def test_a_task_that_outlives_the_transaction_is_free(db: Database) -> None:
    async def later() -> None:
        await ended.wait()
        forbid_transaction("HTTP")

    ended = asyncio.Event()
    async with db.writer():
        task = asyncio.create_task(later())
        await asyncio.sleep(0)
    ended.set()
    await task


async def test_use_after_the_end_is_refused(db: Database) -> None:
    async with db.reader() as conn:
        assert await conn.fetchval("SELECT 1") == 1
    async with db.writer() as tx:
        pass
    for used in (conn, tx):
        with pytest.raises(RuntimeError, match="given back"):
            await used.fetchval("SELECT 1")


async def test_a_swallowed_failure_does_not_look_like_a_commit(db: Database) -> None:
    with pytest.raises(StorageError, match="Nothing was stored"):
        async with db.writer() as tx:
            await tx.execute(INSERT, "twice", 1)
            with pytest.raises(Conflict):
                await tx.execute(INSERT, "twice", 1)
    assert await keys(db) == []


async def test_a_savepoint_survives_a_failure(db: Database) -> None:
    async with db.writer() as tx:
        await tx.execute(INSERT, "once", 1)
        with pytest.raises(Conflict) as caught:
            async with tx.savepoint():
                await tx.execute(INSERT, "inside", 1)
                await tx.execute(INSERT, "once", 1)
        async with tx.savepoint():
            await tx.execute(INSERT, "second", 1)
    assert caught.value.constraint == "settings_pkey"
    assert await keys(db) == ["once", "second"]


async def test_a_reference_to_nothing_is_not_found(tx: Transaction) -> None:
    with pytest.raises(NotFound):
        await tx.execute("INSERT INTO account_counters (account_id) VALUES (7)")


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("SELECT $1::text", "a\0b"),
        ("SELECT $1::text", "\ud800"),
        ("SELECT $1::bigint", 2**63),
        ("SELECT $1::bigint[]", [2**64]),
        ("SELECT $1::jsonb", {"text": "\ud800"}),
        ("SELECT $1::jsonb", {"text": "a\0b"}),
        ("SELECT $1::jsonb", {"number": 2**70}),
    ],
)
async def test_what_no_column_holds_is_unstorable(db: Database, sql: str, value: object) -> None:
    async with db.reader() as conn:
        with pytest.raises(Unstorable):
            await conn.fetchval(sql, value)
        assert await conn.fetchval("SELECT 1") == 1


async def test_a_bug_stays_visible_as_one(db: Database) -> None:
    async with db.reader() as conn:
        with pytest.raises(asyncpg.DataError):
            await conn.fetchval("SELECT $1::bigint", "seven")
        with pytest.raises(asyncpg.DataError):
            await conn.fetchval("SELECT $1::jsonb", {"value": object()})
        with pytest.raises(asyncpg.PostgresSyntaxError):
            await conn.fetchval("SELEC 1")


async def test_a_transaction_ends_with_its_time(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "TRANSACTION_SECONDS", 0.2)
    with pytest.raises(Unavailable, match="ten seconds"):
        async with db.writer() as tx:
            await tx.execute(INSERT, "slow", 1)
            await tx.fetchval("SELECT pg_sleep(30)")
    monkeypatch.undo()
    assert await keys(db) == []


async def test_a_timeout_of_the_callers_own_stays_one(db: Database) -> None:
    with pytest.raises(TimeoutError):
        async with db.writer() as tx, asyncio.timeout(0.05):
            await tx.fetchval("SELECT pg_sleep(30)")


async def test_a_cancelled_writer_leaves_nothing_and_a_usable_pool(database_url: str) -> None:
    db = await Database.connect(database_url, pool_size=1)
    begun = asyncio.Event()

    async def write() -> None:
        async with db.writer() as tx:
            await tx.execute(INSERT, "cancelled", 1)
            begun.set()
            await tx.fetchval("SELECT pg_sleep(30)")

    task = asyncio.create_task(write())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await keys(db) == []
    await db.close()


async def test_a_pool_in_use_is_unavailable_after_a_while(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_ACQUIRE_SECONDS", 0.1)
    db = await Database.connect(database_url, pool_size=1)
    async with db.reader():
        with pytest.raises(Unavailable, match="No database connection was free"):
            async with db.reader():
                pass
    assert await keys(db) == []
    await db.close()


async def test_lost_connections_are_replaced(db: Database, other_db: Database) -> None:
    async def end_sessions() -> None:
        async with other_db.reader() as conn:
            await conn.fetch(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    assert await keys(db) == []
    with pytest.raises(Unavailable):
        async with db.writer() as tx:
            await tx.execute(INSERT, "lost", 1)
            await asyncio.create_task(end_sessions(), context=contextvars.Context())
            await tx.fetchval("SELECT 1")
    assert await keys(db) == []
    await db.ping()


async def test_no_server_is_unavailable_and_nonsense_is_an_error(
    database_url: str, cluster_url: str
) -> None:
    with pytest.raises(Unavailable, match="refused"):
        await Database.connect(database_url.replace("/test_", "/absent_"))
    with pytest.raises(Unavailable):
        await Database.connect("postgresql://ines:secret@127.0.0.1:1/fedimmp")
    with pytest.raises(StorageError, match="URL") as caught:
        await Database.connect("mysql://ines:secret@localhost/fedimmp")
    assert "secret" not in str(caught.value)


async def test_a_deadlock_is_run_again(db: Database) -> None:
    async with db.writer() as tx:
        await tx.executemany(INSERT, [("left", 0), ("right", 0)])
    met = asyncio.Barrier(2)
    attempts: list[str] = []

    async def raise_both(first: str, second: str) -> None:
        async def work(tx: Transaction) -> None:
            attempts.append(first)
            await tx.execute("SET LOCAL deadlock_timeout = '20ms'")
            await raise_by_one(tx, first)
            if attempts.count(first) == 1:
                await met.wait()
            await raise_by_one(tx, second)

        await db.transact(work)

    await asyncio.gather(raise_both("left", "right"), raise_both("right", "left"))
    async with db.reader() as conn:
        values = await conn.fetch("SELECT value FROM settings")
    assert [row["value"] for row in values] == [2, 2]
    assert len(attempts) == 3


async def raise_by_one(tx: Transaction, key: str) -> None:
    await tx.execute(
        "UPDATE settings SET value = to_jsonb(value::int + 1) WHERE key = $1",
        key,
    )


async def test_transact_gives_up_and_does_not_repeat_other_failures(db: Database) -> None:
    calls: list[str] = []

    async def contended(_tx: Transaction) -> None:
        calls.append("contended")
        raise Contended("always")

    async def broken(_tx: Transaction) -> None:
        calls.append("broken")
        raise LookupError

    with pytest.raises(Contended):
        await db.transact(contended, attempts=3)
    with pytest.raises(LookupError):
        await db.transact(broken)
    assert calls == ["contended"] * 3 + ["broken"]


async def test_statements_are_counted(db: Database) -> None:
    before = db.queries
    async with db.reader() as conn:
        await conn.fetch("SELECT 1")
        await conn.fetchval("SELECT 1")
        assert conn.queries == 2
    async with db.writer() as tx:
        await tx.execute("SELECT 1")
        assert tx.queries == 1
    assert db.queries - before == 3


async def test_deadlines_hold_in_sessions_and_behind_a_pooler(database_url: str) -> None:
    direct = await Database.connect(database_url)
    pooled = await Database.connect(database_url, direct_url=database_url)
    for db in (direct, pooled):
        async with db.writer() as tx:
            assert await settings(tx) == ("10s", "15s")
        await db.close()


async def test_plans_are_kept_where_that_is_asked_for(database_url: str) -> None:
    direct = await Database.connect(database_url)
    pooled = await Database.connect(database_url, direct_url=database_url)

    async def mode(tx: Transaction) -> Any:
        assert (await settings(tx))[0] == "10s"
        return await tx.fetchval("SHOW plan_cache_mode")

    for db in (direct, pooled):
        assert await db.transact(mode, keep_plans=True) == "force_generic_plan"
        assert await db.transact(mode) == "auto"
        await db.close()


async def settings(conn: Connection) -> tuple[Any, Any]:
    return (
        await conn.fetchval("SHOW statement_timeout"),
        await conn.fetchval("SHOW idle_in_transaction_session_timeout"),
    )


async def test_time_is_utc(tx: Transaction) -> None:
    at = await tx.fetchval("SELECT now()")
    assert at.tzinfo == UTC
