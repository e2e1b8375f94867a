"""Jobs: a literal table of what can be asked for, and what happens when one fails."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from activitypub.errors import ProtocolError, Unreachable
from fedimmp import logs
from fedimmp.app import App
from fedimmp.errors import Refusal
from fedimmp.inbound.gathering import abandon_activity, fetch_parent, gather_activity
from fedimmp.inbound.quotes import verify_quote
from fedimmp.inbound.synchronising import synchronise_followers
from fedimmp.services import (
    announcing,
    converting,
    discovery,
    file_keeping,
    leaving,
    mailing,
    media,
    member_keys,
    moving,
    office_blocks,
    organising,
    peer_purging,
    peer_software,
    scheduling,
    voting,
)
from fedimmp.services.backfilling import backfill
from fedimmp.services.threads import fetch_thread
from storage import jobs
from storage.database import Transaction
from storage.errors import StorageError, Unavailable
from storage.jobs import Job

logger = logging.getLogger(__name__)

Work = Callable[[App, Mapping[str, Any]], Awaitable[None]]

# Each opens its own transactions and may run twice, with one effect.
KINDS: Final[Mapping[str, Work]] = {
    "backfill": backfill,
    "check_member_key": member_keys.check_due,
    "convert_recordings": converting.convert_next,
    "discard_media": media.discard_detached,
    "fetch_parent": fetch_parent,
    "fetch_thread": fetch_thread,
    "gather_activity": gather_activity,
    "move_followers": moving.move_followers,
    "poll_counts": voting.send_counts,
    "poll_end": voting.end_poll,
    "publish_announcement": announcing.publish_due,
    "pull_manifest": organising.pull_due,
    "publish_scheduled": scheduling.publish_due,
    "purge_peer": peer_purging.purge,
    "read_nodeinfo": peer_software.read_nodeinfo,
    "refresh_account": discovery.refresh,
    "remove_files": media.remove_files,
    "remove_traces": leaving.remove_traces,
    "sever_office": office_blocks.sever_office,
    "send_mail": mailing.send_mail,
    "synchronise_followers": synchronise_followers,
    "sweep_files": file_keeping.sweep,
    "verify_quote": verify_quote,
}

# What a peer does not let us do is no trouble of ours, and nothing that anybody could mend here.
_ERRANDS: Final = frozenset(
    {
        "backfill",
        "check_member_key",
        "fetch_parent",
        "fetch_thread",
        "gather_activity",
        "pull_manifest",
        "read_nodeinfo",
        "refresh_account",
        "synchronise_followers",
        "verify_quote",
    }
)

IN_FLIGHT: Final = 16
# What one office has us do, or is asked, takes no more places than this, and all of them together
# leave some to our own work.
_IN_FLIGHT_PER_HOST: Final = 4
_RESERVED: Final = 4
_LEASE_SECONDS: Final = 300.0
# Well within the lease, so that a job never runs in two places.
_WORK_SECONDS: Final = 240.0
_MOST_ATTEMPTS: Final = 5
# A peer may be down for a long week-end.
_MOST_ATTEMPTS_UNREACHABLE: Final = 12
_LONGEST_PAUSE_SECONDS: Final = 21_600.0


async def lease(app: App, limit: int) -> list[Job]:
    """Lease up to `limit` due jobs."""
    async with app.db.writer() as tx:
        return await jobs.lease(
            tx,
            list(KINDS),
            limit,
            app.now(),
            _LEASE_SECONDS,
            per_host=_IN_FLIGHT_PER_HOST,
            reserved=_RESERVED,
        )


async def run_once(app: App) -> int:
    """Do what is due; returns how many jobs that were."""
    leased = await lease(app, IN_FLIGHT)
    async with asyncio.TaskGroup() as group:
        for job in leased:
            group.create_task(perform(app, job))
    return len(leased)


async def perform(app: App, job: Job) -> None:
    """Do a leased job, and note what came of it.

    Never raises but for cancellation: without a database the lease runs out and the job repeats.
    """
    with logs.bind(job=job.id):
        try:
            failure = await _failure(app, job)
            await _note(app, job, failure)
        except StorageError as error:
            logger.warning("what came of a %s job was not stored: %s", job.kind, error)


async def _failure(app: App, job: Job) -> Exception | None:
    try:
        async with asyncio.timeout(_WORK_SECONDS):
            await KINDS[job.kind](app, job.payload)
    except Exception as error:
        return error
    return None


async def _note(app: App, job: Job, failure: Exception | None) -> None:
    async with app.db.writer() as tx:
        if failure is None:
            await jobs.complete(tx, job)
        elif _is_final(job, failure):
            await _give_up(tx, app, job, failure)
        else:
            await jobs.retry_later(tx, job, app.now() + _pause(job.attempts), _reason(failure))
    _log(job, failure)


async def _give_up(tx: Transaction, app: App, job: Job, failure: Exception) -> None:
    """Forget a fruitless errand, and set anything else aside for people to look at."""
    reason = _reason(failure)
    if job.kind not in _ERRANDS or not isinstance(failure, ProtocolError):
        await jobs.bury(tx, job, reason)
        return
    if job.kind == "gather_activity":
        await abandon_activity(tx, job.payload, reason, app.now())
    await jobs.complete(tx, job)


def _is_final(job: Job, failure: Exception) -> bool:
    match failure:
        case Unavailable():
            return False
        case Unreachable():
            return job.attempts >= _MOST_ATTEMPTS_UNREACHABLE
        case Refusal():
            # What is away for the moment comes back.
            return failure.status != 503 or job.attempts >= _MOST_ATTEMPTS_UNREACHABLE
        case ProtocolError():
            return True
    return job.attempts >= _MOST_ATTEMPTS


def _pause(attempts: int) -> timedelta:
    return timedelta(seconds=min(5.0 * 3**attempts, _LONGEST_PAUSE_SECONDS))


def _reason(failure: Exception) -> str:
    return str(failure) or type(failure).__name__


def _log(job: Job, failure: Exception | None) -> None:
    match failure:
        case None:
            pass
        case ProtocolError() | Refusal() | StorageError():
            logger.info("a %s job failed: %s", job.kind, failure)
        case _:
            logger.error("a %s job failed", job.kind, exc_info=failure)
