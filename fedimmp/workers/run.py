"""The worker of an instance: everything that happens after a commit, until it is told to stop.

Any number of these run side by side, in one process or in many.
"""

import asyncio
import functools

from fedimmp.app import App
from fedimmp.inbound import processing
from fedimmp.workers import deliveries, housekeeping, jobs, pushes
from fedimmp.workers.pool import POLL_SECONDS, BackOff, Pool, rest
from storage.jobs import Job


async def run(app: App, stopping: asyncio.Event) -> None:
    """Send deliveries, process what arrived, do jobs and tidy up until `stopping` is set.

    Returns after what was begun has ended. Without a database it rests and recovers by itself.
    """
    async with asyncio.TaskGroup() as group:
        group.create_task(deliveries.run(app, stopping))
        group.create_task(_jobs(app).run(stopping))
        group.create_task(_process_inbox(app, stopping))
        group.create_task(pushes.run(app, stopping))
        group.create_task(housekeeping.run(app, stopping))


def _jobs(app: App) -> Pool[Job]:
    return Pool(
        "jobs",
        capacity=jobs.IN_FLIGHT,
        hint=app.db.subscribe("jobs"),
        lease=functools.partial(jobs.lease, app),
        work=functools.partial(jobs.perform, app),
    )


async def _process_inbox(app: App, stopping: asyncio.Event) -> None:
    hint = app.db.subscribe("inbox")
    back_off = BackOff("received activities")
    while not stopping.is_set():
        try:
            processed = await processing.run_once(app)
            back_off.worked()
        except Exception as error:
            await rest(stopping, back_off.failed(error))
            continue
        if not processed:
            await hint.wait(POLL_SECONDS)
