"""Jobs and chores: what fails is tried again or buried with its reason, and old rows go."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from activitypub.errors import NotTrusted, Unreachable
from fedimmp.app import App
from fedimmp.errors import Invalid, Unavailable
from fedimmp.workers import housekeeping, jobs
from fedimmp.workers.pool import Pool
from storage import jobs as job_rows
from storage import removals
from storage.errors import Unavailable as DatabaseGone
from tests.conftest import CloneDatabase
from tests.wire.offices import Office, open_office
from tests.wire.sinks import Clock


@pytest.fixture(scope="module")
def clock() -> Clock:
    """Return the clock of the office."""
    return Clock()


@pytest.fixture(scope="module")
async def office(
    clock: Clock, tmp_path_factory: pytest.TempPathFactory, clone_database: CloneDatabase
) -> AsyncIterator[Office]:
    """Run an office without peers, on a clock of its own."""
    folder = tmp_path_factory.mktemp("jobs", numbered=False)
    async with open_office(folder, await clone_database(), clock=clock) as one:
        yield one


class Task:
    """A kind of job that fails as told."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.seen: list[Mapping[str, Any]] = []

    async def work(self, _app: App, payload: Mapping[str, Any]) -> None:
        self.seen.append(payload)
        if self.error is not None:
            raise self.error


@pytest.fixture
async def task(office: Office, monkeypatch: pytest.MonkeyPatch) -> Task:
    """Return the work of a job that is due."""
    one = Task()
    monkeypatch.setattr(jobs, "KINDS", {"test": one.work})
    async with office.app.db.writer() as tx:
        await tx.execute("DELETE FROM jobs")
        await job_rows.enqueue(tx, "test", {"answer": 42})
    return one


async def states(office: Office) -> list[tuple[str, str | None]]:
    async with office.app.db.reader() as conn:
        rows = await conn.fetch("SELECT state, last_error FROM jobs")
    return [(row["state"], row["last_error"]) for row in rows]


async def test_a_job_is_done_once(office: Office, task: Task) -> None:
    assert await jobs.run_once(office.app) == 1
    assert await jobs.run_once(office.app) == 0

    assert task.seen == [{"answer": 42}]
    assert await states(office) == []


@pytest.mark.parametrize(
    "error",
    [
        Unreachable("porto is down."),
        Unavailable(),
        DatabaseGone("restarting."),
        ZeroDivisionError(),
    ],
)
async def test_what_may_pass_is_tried_again_later(
    office: Office, task: Task, clock: Clock, error: Exception
) -> None:
    task.error = error
    await jobs.run_once(office.app)
    assert await jobs.run_once(office.app) == 0
    ((state, reason),) = await states(office)
    assert (state, reason) == ("waiting", str(error) or "ZeroDivisionError")

    task.error = None
    clock.pass_by(seconds=16)
    await jobs.run_once(office.app)
    assert await states(office) == []
    assert len(task.seen) == 2


@pytest.mark.parametrize("error", [NotTrusted("eve is not on the list."), Invalid("No.")])
async def test_what_will_never_work_is_buried_with_its_reason(
    office: Office, task: Task, error: Exception
) -> None:
    task.error = error
    await jobs.run_once(office.app)

    assert await states(office) == [("buried", str(error))]


async def test_a_fruitless_errand_is_forgotten(
    office: Office, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "KINDS", {"backfill": task.work})
    async with office.app.db.writer() as tx:
        await tx.execute("UPDATE jobs SET kind = 'backfill'")
    task.error = NotTrusted("eve is not on the list.")
    await jobs.run_once(office.app)

    assert await states(office) == []


async def test_a_bug_is_buried_after_five_attempts(
    office: Office, task: Task, clock: Clock
) -> None:
    task.error = ZeroDivisionError("oops")
    for _ in range(5):
        await jobs.run_once(office.app)
        clock.pass_by(hours=6)
    assert await jobs.run_once(office.app) == 0

    assert await states(office) == [("buried", "oops")]
    assert len(task.seen) == 5


async def test_a_pool_survives_its_tasks_and_the_loss_of_the_database(office: Office) -> None:
    stopping = asyncio.Event()
    done: list[int] = []
    asked = 0

    async def lease(room: int) -> list[int]:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise DatabaseGone("restarting.")
        return [asked] if asked < 5 and room else []

    async def work(item: int) -> None:
        done.append(item)
        if item == 4:
            stopping.set()
        raise ZeroDivisionError

    hint = office.app.db.subscribe("jobs")
    pool: Pool[int] = Pool("tests", capacity=2, hint=hint, lease=lease, work=work)
    async with asyncio.timeout(5):
        await pool.run(stopping)

    assert done == [2, 3, 4]


async def test_chores_remove_what_nobody_asks_for(office: Office, clock: Clock) -> None:
    ana = await office.member("ana")
    await office.post(ana, "old news")
    count = "SELECT count(*) FROM stream_events"
    async with office.app.db.reader() as conn:
        assert await conn.fetchval(count) > 0

    # Each in its own transaction, and each against the real tables.
    clock.ahead += timedelta(days=400)
    for chore in housekeeping.CHORES:
        await housekeeping.do(office.app, chore)

    async with office.app.db.reader() as conn:
        assert await conn.fetchval(count) == 0
        assert await conn.fetchval("SELECT count(*) FROM statuses") > 0


async def test_what_a_liar_leaves_behind_is_bounded(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "_SWEEP", 2)
    monkeypatch.setattr(housekeeping, "_TOMBSTONES_PER_HOST", 3)
    monkeypatch.setattr(housekeeping, "_REFUSED_PER_HOST", 3)
    async with office.app.db.writer() as tx:
        await tx.execute("INSERT INTO peers (host, state) VALUES ('liar.example', 'allowed')")
        for number in range(8):
            at = office.app.now() + timedelta(seconds=number)
            await removals.bury(tx, [f"https://liar.example/{number}"], "liar.example", at)
            await removals.bury(tx, [f"{office.app.uris.origin}/{number}"], "", at)
            await tx.execute(
                """
                INSERT INTO inbox (actor_uri, activity_uri, host, type, body, state, done_at)
                VALUES ('https://liar.example/a', $1, 'liar.example', 'Like', '', 'parked', $2)
                """,
                f"https://liar.example/activities/{number}",
                at,
            )

    for chore in housekeeping.CHORES:
        await housekeeping.do(office.app, chore)

    async with office.app.db.reader() as conn:
        buried = await conn.fetch("SELECT uri FROM tombstones WHERE host <> '' ORDER BY uri")
        ours = await conn.fetchval("SELECT count(*) FROM tombstones WHERE host = ''")
        refused = await conn.fetch("SELECT activity_uri FROM inbox ORDER BY id")
    assert [row["uri"][-1] for row in buried] == ["5", "6", "7"]
    assert [row["activity_uri"][-1] for row in refused] == ["5", "6", "7"]
    assert ours == 8


async def test_chores_stop_when_told(office: Office) -> None:
    stopping = asyncio.Event()
    stopping.set()
    async with asyncio.timeout(1):
        await housekeeping.run(office.app, stopping)
