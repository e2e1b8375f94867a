"""The stream log: every event reaches every reader once, whatever order transactions end in."""

from datetime import datetime, timedelta

import pytest

from storage import events
from storage.database import Database
from storage.events import Event, EventReader, NewEvent


async def start(db: Database) -> EventReader:
    async with db.reader() as conn:
        return await EventReader.at_end(conn)


async def read(db: Database, reader: EventReader, now: datetime) -> list[str]:
    async with db.reader() as conn:
        return [event.kind for event in await reader.read(conn, now)]


async def add(db: Database, kind: str) -> None:
    async with db.writer() as tx:
        await events.append(tx, kind)


async def test_events_come_back_as_they_went(db: Database, now: datetime) -> None:
    reader = await start(db)
    async with db.writer() as tx:
        await events.append_many(tx, [])
        await events.append_many(
            tx,
            [
                NewEvent("notification", 2**62, [2**63 - 1, 7]),
                NewEvent("status.published", 5, detail={"tags": ["olá"], "reblog": False}),
                NewEvent("conversation", None, []),
            ],
        )
        await events.append(tx, "peers.changed", detail={"host": "porto.example"})
    async with db.reader() as conn:
        found = await reader.read(conn, now)
    assert [shape(event) for event in found] == [
        ("notification", 2**62, [2**63 - 1, 7], {}),
        ("status.published", 5, None, {"tags": ["olá"], "reblog": False}),
        ("conversation", None, [], {}),
        ("peers.changed", None, None, {"host": "porto.example"}),
    ]
    assert [event.id for event in found] == sorted(event.id for event in found)
    assert await read(db, reader, now) == []


def shape(event: Event) -> tuple[str, int | None, list[int] | None, dict[str, object]]:
    return event.kind, event.subject_id, event.account_ids, event.detail


async def test_a_reader_starts_at_the_end(db: Database, now: datetime) -> None:
    await add(db, "before")
    reader = await start(db)
    await add(db, "after")
    assert await read(db, reader, now) == ["after"]


async def test_an_event_that_commits_late_is_not_skipped(
    db: Database, other_db: Database, now: datetime
) -> None:
    reader = await start(db)
    async with db.writer() as slow:
        await events.append(slow, "first")
        await add(other_db, "second")
        assert await read(other_db, reader, now) == ["second"]
        await add(other_db, "third")
        assert await read(other_db, reader, now) == ["third"]
    assert await read(db, reader, now + timedelta(seconds=20)) == ["first"]
    assert await read(db, reader, now + timedelta(seconds=20)) == []


async def test_an_event_under_way_when_the_reader_starts_is_not_skipped(
    db: Database, other_db: Database, now: datetime
) -> None:
    await add(db, "before")
    async with db.writer() as slow:
        await events.append(slow, "first")
        await add(other_db, "second")
        reader = await start(other_db)
        assert await read(other_db, reader, now) == []
    assert await read(db, reader, now) == ["first"]


async def test_an_event_that_commits_between_start_and_first_read_is_not_skipped(
    db: Database, other_db: Database, now: datetime
) -> None:
    async with db.writer() as slow:
        await events.append(slow, "first")
        reader = await start(other_db)
    assert await read(db, reader, now) == ["first"]


async def test_a_rolled_back_id_is_given_up(db: Database, now: datetime) -> None:
    reader = await start(db)
    with pytest.raises(LookupError):
        async with db.writer() as tx:
            await events.append(tx, "undone")
            lost = await tx.fetchval("SELECT last_value FROM stream_events_id_seq")
            raise LookupError
    await add(db, "kept")
    assert await read(db, reader, now) == ["kept"]
    assert await read(db, reader, now + timedelta(seconds=31)) == []
    # Nothing may ever come under this id; if it did, nobody would be asking any more.
    async with db.writer() as tx:
        await tx.execute(
            "INSERT INTO stream_events (id, kind) OVERRIDING SYSTEM VALUE VALUES ($1, 'ghost')",
            lost,
        )
    assert await read(db, reader, now + timedelta(seconds=31)) == []


async def test_a_gap_is_asked_for_once_more_however_late(
    db: Database, other_db: Database, now: datetime
) -> None:
    reader = await start(db)
    async with db.writer() as slow:
        await events.append(slow, "first")
        await add(other_db, "second")
        assert await read(other_db, reader, now) == ["second"]
    # The reader was away for longer than gaps live.
    assert await read(db, reader, now + timedelta(minutes=10)) == ["first"]


async def test_a_reader_far_behind_gets_everything_in_order(db: Database, now: datetime) -> None:
    reader = await start(db)
    async with db.writer() as tx:
        await events.append_many(tx, [NewEvent("many", number) for number in range(4500)])
    seen: list[int | None] = []
    async with db.reader() as conn:
        while found := await reader.read(conn, now):
            seen += [event.subject_id for event in found]
    assert seen == list(range(4500))


async def test_old_events_are_pruned(db: Database) -> None:
    await add(db, "old")
    async with db.reader() as conn:
        moment = await conn.fetchval("SELECT now()")
    await add(db, "new")
    async with db.writer() as tx:
        assert await events.prune(tx, moment) == 1
        assert [event.kind for event in await events.read_after(tx, 0, [], 10)] == ["new"]


async def test_readers_are_woken(db: Database, other_db: Database) -> None:
    hint = other_db.subscribe("stream")
    await other_db.listening()
    while await hint.wait(0.05):
        pass
    await add(db, "any")
    assert await hint.wait(2)
