"""What follows from what the organisation says: alarms, records, and the word that goes round."""

import logging
from datetime import datetime, timedelta
from typing import Final

from fedimmp.app import App
from fedimmp.outbound import addressing, manifests
from storage import audit, events, jobs, organisation
from storage.accounts import INSTANCE_ACCOUNT_ID
from storage.database import Transaction

logger = logging.getLogger(__name__)

# In the audit log the manifest acts by itself.
ACTOR: Final = "manifest"
# How soon the source is asked again, whoever says that there is news.
_NEWS_PAUSE: Final = timedelta(seconds=5)
_KNOCK_PAUSE: Final = timedelta(minutes=5)


async def manifest_taken(
    tx: Transaction, organisation_id: str, version: int, detail: dict[str, object], now: datetime
) -> None:
    """Record that a version holds from now on, and tell all processes."""
    logger.info("version %d of the manifest of %s holds", version, organisation_id)
    await audit.append(
        tx,
        actor=ACTOR,
        action="organisation.take",
        target=organisation_id,
        detail={"version": version, **detail},
        now=now,
    )
    await events.append(tx, "peers.changed", detail={})


async def manifest_refused(
    tx: Transaction, target: str, reason: str, sentence: str, now: datetime
) -> None:
    """Record and call out that what claims to be the organisation's word was not taken."""
    logger.error("the manifest is refused (%s): %s", reason, sentence)
    await audit.append(
        tx,
        actor=ACTOR,
        action="organisation.refuse",
        target=target,
        detail={"reason": reason, "sentence": sentence},
        now=now,
    )


async def manifest_ages(
    tx: Transaction, target: str, percent: int, expires_at: datetime, now: datetime
) -> None:
    """Record and call out that so much of the manifest's life is over."""
    logger.warning(
        "%d %% of the manifest's life is over, it ends at %s: is there a newer one?",
        percent,
        expires_at.isoformat(timespec="minutes"),
    )
    await audit.append(
        tx,
        actor=ACTOR,
        action="organisation.age",
        target=target,
        detail={"percent": percent, "expires_at": expires_at.isoformat()},
        now=now,
    )


async def foreign_key_seen(
    tx: Transaction, host: str, foreign_key: str | None, now: datetime
) -> None:
    """Record and call out that an office shows a key that is not its own, or does so no more."""
    if foreign_key is not None:
        logger.error("%s shows a key that the manifest does not name: %s", host, foreign_key)
    await audit.append(
        tx,
        actor=ACTOR,
        action="organisation.key.foreign" if foreign_key else "organisation.key.own",
        target=host,
        detail={"key": foreign_key} if foreign_key else {},
        now=now,
    )


async def manifest_published(tx: Transaction, app: App, version: int, now: datetime) -> None:
    """Tell all offices that there is a new version; they fetch it themselves."""
    await addressing.enqueue(
        tx,
        app,
        account_id=INSTANCE_ACCOUNT_ID,
        activity=manifests.news(app, version),
        everyone=True,
        without_feed=True,
        now=now,
    )


async def pull_soon(tx: Transaction, now: datetime, *, heard_from: str | None = None) -> None:
    """Have the source asked as soon as its last question is long enough ago.

    `heard_from` is the office that says that there is news, of which only the source counts;
    without it a stranger knocks, whom a newer manifest may name.
    """
    known = await organisation.find(tx)
    if known is None or known.source is None or heard_from not in (None, known.source):
        return
    pause = _KNOCK_PAUSE if heard_from is None else _NEWS_PAUSE
    due_at = now if known.asked_at is None else max(now, known.asked_at + pause)
    await request_pull(tx, known.source, due_at)


async def request_pull(tx: Transaction, host: str, due_at: datetime) -> None:
    """Have the source asked for its latest word at that time, or when it was to be asked anyway."""
    await jobs.enqueue(tx, "pull_manifest", {}, key="manifest", due_at=due_at, host=host)
    tx.hint("jobs")
