"""Posts that wait for their time: kept as they were asked for, and published by a job.

What is invalid when its time has come stays in the member's list with its reason in the row.
"""

import dataclasses
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from fedimmp.app import App
from fedimmp.errors import Invalid, NotFound, Refusal, Unavailable
from fedimmp.services import posting
from fedimmp.services.drafts import Draft, PollDraft, prepare
from storage import idempotency, jobs, members, scheduled_statuses
from storage.database import Transaction
from storage.idempotency import Owner
from storage.ids import new_id
from storage.scheduled_statuses import ScheduledStatus

logger = logging.getLogger(__name__)

_LEAST_AHEAD: Final = timedelta(minutes=5)
# Who writes a year with a digit too many had better be told.
_MOST_YEARS: Final = 5
_MOST_AHEAD: Final = timedelta(days=365 * _MOST_YEARS + 1)
_MOST_A_DAY: Final = 25
_MOST: Final = 300
_JOB: Final = "publish_scheduled"


async def schedule(
    app: App,
    author_id: int,
    draft: Draft,
    scheduled_at: datetime,
    *,
    application_id: int | None,
    idempotency_key: str | None = None,
) -> int:
    """Keep a post until its time and return the id of the scheduled status.

    All is checked now as if it were published. With a key that was used within the last hour the
    id of that one is returned. Raises Invalid, NotFound, and Repeated for a key that was used for
    a post which is published.
    """
    async with app.db.reader() as conn:
        author = await members.get(conn, author_id)
    # Apps show the visibility, and it must not widen with a setting that is changed meanwhile.
    draft = dataclasses.replace(draft, visibility=draft.visibility or author.default_visibility)
    prepared = await prepare(app, author, draft, quotes=draft.quoted_status_id is not None)

    async def work(tx: Transaction) -> int:
        now = app.now()
        scheduled_id = new_id(now)
        if idempotency_key is not None:
            earlier = await _earlier(tx, author_id, idempotency_key, scheduled_id, now)
            if earlier is not None:
                return earlier
        await _check_time(tx, author_id, scheduled_at, now)
        await posting.check_media(tx, author_id, prepared.media_ids)
        await posting.check_targets(tx, author_id, draft)
        new = ScheduledStatus(
            scheduled_id, author_id, _kept(draft), application_id, scheduled_at, None
        )
        await scheduled_statuses.insert(tx, new, now)
        await scheduled_statuses.hold_media(tx, scheduled_id, prepared.media_ids)
        await _enqueue(tx, new)
        return scheduled_id

    return await posting.with_fresh_ids(app, work)


async def _earlier(
    tx: Transaction, author_id: int, key: str, scheduled_id: int, now: datetime
) -> int | None:
    """Take the key; returns the id of the scheduled status that has it, and raises Repeated."""
    owner = await posting.claim_key(tx, author_id, key, Owner(scheduled_id, True), now)
    if owner is not None and not owner.scheduled:
        raise posting.Repeated(owner)
    return None if owner is None else owner.id


async def reschedule(
    app: App, author_id: int, scheduled_id: int, scheduled_at: datetime | None
) -> None:
    """Give an own scheduled status another time; None leaves it as it is."""

    async def work(tx: Transaction) -> None:
        found = await _lock_own(tx, author_id, scheduled_id)
        if scheduled_at is None:
            return
        await _check_time(tx, author_id, scheduled_at, app.now(), without=scheduled_id)
        await scheduled_statuses.set_time(tx, scheduled_id, scheduled_at)
        await _enqueue(tx, dataclasses.replace(found, scheduled_at=scheduled_at))

    await app.db.transact(work)


async def cancel(app: App, author_id: int, scheduled_id: int) -> None:
    """Delete an own scheduled status. Its files can be posted otherwise, for a day."""

    async def work(tx: Transaction) -> None:
        await _lock_own(tx, author_id, scheduled_id)
        await scheduled_statuses.delete(tx, scheduled_id, app.now())

    await app.db.transact(work)


async def publish_due(app: App, payload: Mapping[str, int]) -> None:
    """Job: publish a scheduled status whose time has come, once; note why if that is impossible."""
    scheduled_id = payload["scheduled_id"]
    async with app.db.reader() as conn:
        waiting = await scheduled_statuses.find_any(conn, scheduled_id)
    if waiting is None or waiting.failure is not None:
        return
    if waiting.scheduled_at > app.now():
        await app.db.transact(lambda tx: _enqueue(tx, waiting))
        return
    try:
        await _publish(app, waiting)
    except Unavailable:
        raise
    except Refusal as refusal:
        logger.info("scheduled status %d was not published: %s", scheduled_id, refusal.sentence)
        reason = refusal.sentence
        await app.db.transact(lambda tx: scheduled_statuses.set_failure(tx, scheduled_id, reason))


async def _publish(app: App, waiting: ScheduledStatus) -> None:
    async with app.db.reader() as conn:
        author = await members.find(conn, waiting.account_id)
    if author is None or not author.may_sign_in:
        raise Invalid("Its author cannot post any more")
    draft = draft_of(waiting)
    prepared = await prepare(app, author, draft, quotes=draft.quoted_status_id is not None)

    async def work(tx: Transaction) -> int:
        now = app.now()
        # Another worker may have published it, or its author changed or deleted it meanwhile.
        found = await scheduled_statuses.lock(tx, waiting.id)
        if found is None or found.failure is not None:
            return waiting.id
        if found.scheduled_at > now:
            await _enqueue(tx, found)
            return waiting.id
        status_id = new_id(now)
        await posting.check_media(
            tx, author.account_id, prepared.media_ids, scheduled_id=waiting.id
        )
        await posting.store(tx, app, author, draft, prepared, status_id, waiting.application_id)
        await idempotency.publish_scheduled(tx, author.account_id, waiting.id, status_id)
        await scheduled_statuses.delete(tx, waiting.id, now)
        return status_id

    await posting.with_fresh_ids(app, work)


def draft_of(scheduled: ScheduledStatus) -> Draft:
    """Return the post as it was asked for."""
    values = dict(scheduled.draft)
    poll = values.pop("poll")
    return Draft(**values, poll=None if poll is None else PollDraft(**poll))


def _kept(draft: Draft) -> dict[str, Any]:
    return dataclasses.asdict(draft)


async def _check_time(
    tx: Transaction,
    author_id: int,
    scheduled_at: datetime,
    now: datetime,
    *,
    without: int | None = None,
) -> None:
    if scheduled_at < now + _LEAST_AHEAD:
        raise Invalid("Validation failed: Scheduled at must be at least 5 minutes ahead")
    if scheduled_at > now + _MOST_AHEAD:
        words = f"must be at most {_MOST_YEARS} years ahead"
        raise Invalid(f"Validation failed: Scheduled at {words}")
    that_day, altogether = await scheduled_statuses.lock_counts(
        tx, author_id, scheduled_at, without=without
    )
    if that_day >= _MOST_A_DAY:
        raise Invalid(f"Validation failed: There are {_MOST_A_DAY} scheduled posts on that day")
    if altogether >= _MOST:
        raise Invalid(f"Validation failed: There are {_MOST} scheduled posts already")


async def _lock_own(tx: Transaction, author_id: int, scheduled_id: int) -> ScheduledStatus:
    found = await scheduled_statuses.lock(tx, scheduled_id)
    if found is None or found.account_id != author_id:
        raise NotFound
    return found


async def _enqueue(tx: Transaction, scheduled: ScheduledStatus) -> None:
    await jobs.enqueue(
        tx,
        _JOB,
        {"scheduled_id": scheduled.id},
        key=str(scheduled.id),
        due_at=scheduled.scheduled_at,
    )
