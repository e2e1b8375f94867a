"""The audit log as a chain: whole after any crowd of writers, and no rewriting goes unseen."""

import asyncio
import json
import secrets
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from fedimmp.services import auditing
from fedimmp.services.auditing import Anchor
from storage import audit, migrate
from storage.audit import GENESIS, Filter
from tests.databases import create_database, drop_database
from tests.oauth.conftest import Office

MIGRATIONS = Path(migrate.__file__).parent / "migrations"
WORDS = 'a "quoted" \\ word, \n a line, \x01 \x7f, \u2028, ß and 😀'

SWAP = """
    UPDATE audit_chain
       SET audit_id = (
           SELECT -other.audit_id
             FROM audit_chain other
            WHERE other.position = 3 - audit_chain.position)
     WHERE position < 3
"""


async def write(office: Office, target: str, **detail: object) -> None:
    await auditing.note(office.app, "eva", "account.show", target, **detail)


async def behind_the_trigger(office: Office, *statements: str) -> None:
    """Do what somebody can do who owns the database."""
    url = office.app.config.database.url
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL session_replication_role = replica")
            for statement in statements:
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_an_empty_log_is_whole(office: Office) -> None:
    found = await auditing.verify(office.app)
    assert (found.length, found.hash, found.problem) == (0, GENESIS, None)


async def test_anybody_can_prove_an_export(office: Office) -> None:
    await write(office, WORDS, words=WORDS, b=1, aa=[None, True, {"z": 0.5, "é": "é"}], most=1e16)
    await write(office, "ben")
    last = GENESIS
    async for entry in auditing.entries(office.app, Filter()):
        at = entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        said: list[Any] = [entry.id, at, entry.actor, entry.action, entry.target, entry.detail]
        if entry.id == 1:
            # A float comes back from PostgreSQL as the same number in another spelling.
            said[5]["most"] = 10**16
        last = sha256(last + json.dumps(said, ensure_ascii=False).encode()).digest()
        assert entry.hash == last
    found = await auditing.verify(office.app)
    assert (found.length, found.hash, found.problem) == (2, last, None)


async def test_a_crowd_of_writers_makes_one_chain(office: Office) -> None:
    await asyncio.gather(*(write(office, f"person {number}") for number in range(60)))
    found = await auditing.verify(office.app)
    assert (found.length, found.problem) == (60, None)
    listed = [each async for each in auditing.entries(office.app, Filter(), most=100)]
    assert [each.id for each in listed] == list(range(1, 61))
    assert {each.target for each in listed} == {f"person {number}" for number in range(60)}


async def test_writers_that_lock_in_other_orders_do_not_block_each_other(office: Office) -> None:
    ana, ben = await office.member("ana"), await office.member("ben")

    async def work(first: int, second: int) -> None:
        # An entry first and a row later: the chain is locked after both all the same.
        async with office.app.db.writer() as tx:
            await audit.append(tx, actor="eva", action="x", target="y", now=office.app.now())
            for each in (first, second):
                await tx.execute("SELECT 1 FROM accounts WHERE id = $1 FOR SHARE", each)
            await asyncio.sleep(0)

    await asyncio.gather(*(work(*pair) for pair in [(ana, ben), (ben, ana)] * 10))
    assert (await auditing.verify(office.app)).problem is None


async def test_what_is_rolled_back_leaves_nothing(office: Office) -> None:
    await write(office, "ana")
    with pytest.raises(ZeroDivisionError):
        async with office.app.db.writer() as tx:
            await audit.append(tx, actor="eva", action="x", target="y", now=office.app.now())
            _ = 1 / 0
    await write(office, "ben")
    found = await auditing.verify(office.app)
    assert (found.length, found.problem) == (2, None)


@pytest.mark.sec("SEC-222")
@pytest.mark.parametrize(
    ("statements", "sentence"),
    [
        (
            ["UPDATE audit SET target = 'nobody' WHERE target = 'ben'"],
            "Entry 2 is not as it was written",
        ),
        (["UPDATE audit SET at = at - interval '1 us' WHERE target = 'cem'"], "Entry 3 is not as"),
        (["UPDATE audit SET detail = '{\"a\": 2}' WHERE target = 'ana'"], "Entry 1 is not as"),
        (["UPDATE audit_chain SET hash = sha256('x') WHERE position = 2"], "Entry 2 is not as"),
        (["DELETE FROM audit WHERE target = 'ben'"], "Entry 2 was taken out"),
        (
            [
                "DELETE FROM audit WHERE target = 'ben'",
                "DELETE FROM audit_chain WHERE position = 2",
            ],
            "Entry 2 is missing",
        ),
        (
            [
                "DELETE FROM audit_chain WHERE position = 2",
                "UPDATE audit_chain SET position = 2 WHERE position = 3",
                "DELETE FROM audit WHERE target = 'ben'",
            ],
            "Entry 2 is not as",
        ),
        (
            [
                "DELETE FROM audit WHERE target = 'cem'",
                "DELETE FROM audit_chain WHERE position = 3",
            ],
            "ends with entry 2, but there were 3",
        ),
        (["UPDATE audit_head SET hash = sha256('x')"], "Entry 3 is not the one that the end"),
        (
            ["INSERT INTO audit (actor, action, target) VALUES ('x', 'y', 'z')"],
            "slipped in past the chain: ",
        ),
        (
            [
                "UPDATE audit_chain SET audit_id = -audit_id WHERE position < 3",
                SWAP,
            ],
            "Entry 1 is not as",
        ),
    ],
)
async def test_whoever_rewrites_it_is_found(
    office: Office, statements: list[str], sentence: str
) -> None:
    for name in ("ana", "ben", "cem"):
        await write(office, name, a=1)
    assert (await auditing.verify(office.app)).problem is None
    await behind_the_trigger(office, *statements)
    found = await auditing.verify(office.app)
    assert found.problem is not None
    assert sentence in found.problem


@pytest.mark.sec("SEC-222")
async def test_an_anchor_finds_a_log_that_was_written_anew(office: Office) -> None:
    await write(office, "ana")
    await write(office, "ben")
    noted = await auditing.verify(office.app)
    anchor = Anchor(noted.length, noted.hash)
    await write(office, "cem")
    assert (await auditing.verify(office.app, anchor)).problem is None
    gone = [f"DELETE FROM {table}" for table in ("audit", "audit_chain", "audit_head")]
    await behind_the_trigger(office, *gone)
    for name in ("ana", "nobody", "cem"):
        await write(office, name)
    assert (await auditing.verify(office.app)).problem is None
    found = (await auditing.verify(office.app, anchor)).problem
    assert found == "Entry 2 has another hash than the one you noted."
    await behind_the_trigger(office, *gone)
    await write(office, "ana")
    found = (await auditing.verify(office.app, anchor)).problem
    assert found == "There is no entry 2 any more."


@pytest.mark.sec("SEC-222")
@pytest.mark.parametrize("table", ["audit", "audit_chain"])
async def test_the_database_refuses_to_rewrite(office: Office, table: str) -> None:
    await write(office, "ana")
    column = {"audit": "action = 'x'", "audit_chain": "hash = ''"}[table]
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {column}", f"TRUNCATE {table}"):
        with pytest.raises(Exception, match="only ever appended to"):
            async with office.app.db.writer() as tx:
                await tx.execute(statement)


@pytest.fixture
async def old_url(cluster_url: str) -> AsyncIterator[str]:
    name = f"test_{secrets.token_hex(4)}_old"
    yield await create_database(cluster_url, name)
    await drop_database(cluster_url, name)


async def test_what_was_written_before_there_was_a_chain_is_chained(
    old_url: str, tmp_path: Path
) -> None:
    for file in MIGRATIONS.glob("*.sql"):
        if file.name < "0019":
            shutil.copy(file, tmp_path)
    await migrate.migrate(old_url, folder=tmp_path)
    connection = await asyncpg.connect(old_url)
    try:
        for name in ("ana", WORDS, "cem"):
            await connection.execute(
                "INSERT INTO audit (at, actor, action, target, detail)"
                " VALUES ($1, 'eva', 'account.show', $2, '{\"b\": 1, \"a\": [1.50, null]}')",
                datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
                name,
            )
        await migrate.migrate(old_url)
        rows = await connection.fetch("SELECT position, hash FROM audit_chain ORDER BY position")
        texts = await connection.fetch("SELECT * FROM audit ORDER BY id")
    finally:
        await connection.close()
    assert [row["position"] for row in rows] == [1, 2, 3]
    last = GENESIS
    for row, text in zip(rows, texts, strict=True):
        words = (text[name] for name in ("at", "actor", "action", "target", "detail"))
        said = audit.Written(*words)
        last = sha256(last + said.as_bytes(row["position"])).digest()
        assert row["hash"] == last
