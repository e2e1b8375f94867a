"""Jobs: each done once, however workers race, die or are asked again meanwhile."""

from datetime import datetime, timedelta

import pytest

from storage import jobs
from storage.database import Database, Transaction
from storage.errors import LeaseLost
from storage.jobs import Job

KINDS = ["backfill", "fetch_parent"]


async def lease(tx: Transaction, now: datetime, limit: int = 10) -> list[Job]:
    return await jobs.lease(tx, KINDS, limit, now, 60)


async def lease_one(db: Database, now: datetime) -> Job:
    async with db.writer() as tx:
        (job,) = await lease(tx, now)
    return job


async def add(db: Database, payload: dict[str, int], *, key: str | None = None) -> None:
    async with db.writer() as tx:
        await jobs.enqueue(tx, "backfill", payload, key=key)


async def test_a_job_is_leased_once_and_removed_when_done(tx: Transaction, now: datetime) -> None:
    await jobs.enqueue(tx, "backfill", {"account_id": 7})
    await jobs.enqueue(tx, "poll_counts", {"poll_id": 1})
    (job,) = await lease(tx, now)
    assert (job.kind, job.payload, job.attempts) == ("backfill", {"account_id": 7}, 1)
    assert await lease(tx, now) == []
    await jobs.complete(tx, job)
    assert await lease(tx, now + timedelta(hours=1)) == []
    assert await jobs.count_by_state(tx) == {"waiting": 1, "buried": 0}


async def test_order_and_limit(tx: Transaction, now: datetime) -> None:
    for number in range(3):
        await jobs.enqueue(tx, "backfill", {"number": number})
    taken = await lease(tx, now, limit=2) + await lease(tx, now, limit=2)
    assert [job.payload["number"] for job in taken] == [0, 1, 2]


async def test_no_office_takes_the_places_of_all(tx: Transaction, now: datetime) -> None:
    for number in range(9):
        await jobs.enqueue(tx, "backfill", {"number": number}, host="porto.example")
    await jobs.enqueue(tx, "backfill", {"number": 9}, host="faro.example")
    for number in (10, 11):
        await jobs.enqueue(tx, "backfill", {"number": number})

    async def take(limit: int) -> list[int]:
        taken = await jobs.lease(tx, KINDS, limit, now, 60, per_host=2, reserved=2)
        return [job.payload["number"] for job in taken]

    assert await take(3) == [0, 10, 11]
    assert await take(10) == [1, 9]
    assert await take(10) == []
    # Where somebody died over them, the next two follow, and these again.
    assert len(await jobs.lease(tx, KINDS, 10, now + timedelta(minutes=2), 60, per_host=2)) == 5


async def test_what_waits_is_counted_by_office(tx: Transaction, now: datetime) -> None:
    for host in ("porto.example", "porto.example", "faro.example", ""):
        await jobs.enqueue(tx, "backfill", {}, host=host)
    await jobs.enqueue(tx, "fetch_parent", {}, host="porto.example")

    found = await jobs.count_waiting(tx, "backfill", {"porto.example", "braga.example"})

    assert found == {"porto.example": 2}
    assert await jobs.count_waiting(tx, "backfill", set()) == {}


async def test_a_job_for_later_waits(tx: Transaction, now: datetime) -> None:
    await jobs.enqueue(tx, "backfill", {}, due_at=now + timedelta(minutes=5))
    assert await lease(tx, now + timedelta(minutes=4)) == []
    assert len(await lease(tx, now + timedelta(minutes=5))) == 1


async def test_a_job_at_once_is_due_by_any_clock(tx: Transaction, now: datetime) -> None:
    await jobs.enqueue(tx, "backfill", {})
    assert len(await lease(tx, now - timedelta(days=365))) == 1


async def test_two_workers_share_the_work(db: Database, other_db: Database, now: datetime) -> None:
    for number in range(4):
        await add(db, {"number": number})
    async with db.writer() as one, other_db.writer() as two:
        first, second = await lease(one, now, limit=2), await lease(two, now, limit=10)
    assert [job.payload["number"] for job in first + second] == [0, 1, 2, 3]
    assert len(first) == 2


async def test_a_dead_workers_job_passes_on_and_its_late_end_is_refused(
    db: Database, now: datetime
) -> None:
    await add(db, {})
    dead = await lease_one(db, now)
    heir = await lease_one(db, now + timedelta(seconds=60))
    assert (dead.id, dead.attempts, heir.attempts) == (heir.id, 1, 2)
    with pytest.raises(LeaseLost):
        async with db.writer() as tx:
            await jobs.complete(tx, dead)
    async with db.writer() as tx:
        await jobs.retry_later(tx, dead, now, "too late to matter")
        await jobs.bury(tx, dead, "too late to matter")
        await jobs.complete(tx, heir)
        assert await jobs.count_by_state(tx) == {"waiting": 0, "buried": 0}


async def test_one_waiting_job_per_key(tx: Transaction, now: datetime) -> None:
    later = now + timedelta(hours=1)
    await jobs.enqueue(tx, "backfill", {"version": 1}, key="ines", due_at=now)
    await jobs.enqueue(tx, "backfill", {"version": 2}, key="ines", due_at=later)
    await jobs.enqueue(tx, "backfill", {"version": 3}, key="kenji", due_at=now)
    await jobs.enqueue(tx, "fetch_parent", {"version": 4}, key="ines", due_at=now)
    await jobs.enqueue(tx, "backfill", {"version": 5}, due_at=now)
    await jobs.enqueue(tx, "backfill", {"version": 6}, due_at=now)
    taken = await lease(tx, now)
    assert sorted(job.payload["version"] for job in taken) == [2, 3, 4, 5, 6]


async def test_asked_again_while_at_work_it_runs_once_more(db: Database, now: datetime) -> None:
    await add(db, {"version": 1}, key="ines")
    job = await lease_one(db, now)
    await add(db, {"version": 2}, key="ines")
    async with db.writer() as tx:
        assert await lease(tx, now) == []
        await jobs.complete(tx, job)
    again = await lease_one(db, now)
    assert (again.payload, again.attempts) == ({"version": 2}, 1)
    async with db.writer() as tx:
        await jobs.complete(tx, again)
        assert await jobs.count_by_state(tx) == {"waiting": 0, "buried": 0}


async def test_asked_again_while_failing_it_runs_at_once(db: Database, now: datetime) -> None:
    await add(db, {"version": 1}, key="ines")
    job = await lease_one(db, now)
    await add(db, {"version": 2}, key="ines")
    async with db.writer() as tx:
        await jobs.retry_later(tx, job, now + timedelta(days=1), "unreachable")
    again = await lease_one(db, now)
    assert (again.payload, again.attempts) == ({"version": 2}, 2)


async def test_a_failure_is_tried_later_and_buried_at_last(db: Database, now: datetime) -> None:
    await add(db, {}, key="ines")
    job = await lease_one(db, now)
    async with db.writer() as tx:
        await jobs.retry_later(tx, job, now + timedelta(minutes=1), "unreachable")
        assert await lease(tx, now) == []
    job = await lease_one(db, now + timedelta(minutes=1))
    assert job.attempts == 2
    async with db.writer() as tx:
        await jobs.bury(tx, job, "a bug")
        assert await lease(tx, now + timedelta(days=9)) == []
        assert await jobs.count_by_state(tx) == {"waiting": 0, "buried": 1}
        # What is buried does not stand in the way of the same work asked for anew.
        await jobs.enqueue(tx, "backfill", {}, key="ines")
        assert len(await lease(tx, now)) == 1


async def test_only_what_is_due_wakes_the_workers(
    db: Database, other_db: Database, now: datetime
) -> None:
    hint = other_db.subscribe("jobs")
    await other_db.listening()
    while await hint.wait(0.05):
        pass
    async with db.writer() as tx:
        await jobs.enqueue(tx, "backfill", {}, due_at=now + timedelta(hours=1))
    assert not await hint.wait(0.1)
    await add(db, {})
    assert await hint.wait(2)
