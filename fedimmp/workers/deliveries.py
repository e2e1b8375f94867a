"""Sends what waits in the delivery lanes. Everything is a row, so a killed worker loses nothing.

An activity may be sent again after a crash; receivers know it by its id.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from activitypub.errors import ProtocolError
from activitypub.signatures.keys import SigningKey
from fedimmp import logs
from fedimmp.app import App
from fedimmp.config import Delivery as DeliveryConfig
from fedimmp.keys import KeyFileError
from fedimmp.outbound.answers import Dead, judge, judge_error
from storage import deliveries
from storage.deliveries import Delivery, Lane, Outcome
from storage.errors import StorageError
from storage.inbox_hosts import Failure, Tempo

logger = logging.getLogger(__name__)


def tempo_of(config: DeliveryConfig) -> Tempo:
    """Return the configured pace of the lanes."""
    return Tempo(
        backoff=config.backoff_seconds,
        probes=config.breaker_seconds,
        breaker_threshold=config.breaker_failures,
        lease_seconds=config.lease_seconds,
        give_up_seconds=config.give_up_days * 86400,
        lanes_per_host=config.in_flight_per_host,
    )


async def lease(app: App, limit: int) -> list[Lane]:
    """Lease up to `limit` lanes that may be sent now."""
    tempo, now = tempo_of(app.config.delivery), app.now()
    return await app.db.transact(lambda tx: deliveries.lease(tx, limit, tempo, now))


async def run_once(app: App) -> int:
    """Send what is due in as many lanes as may be in flight; returns how many lanes those were."""
    lanes = await lease(app, app.config.delivery.in_flight)
    async with asyncio.TaskGroup() as group:
        for lane in lanes:
            group.create_task(send(app, lane, lambda: False))
    return len(lanes)


async def send(app: App, lane: Lane, is_stopping: Callable[[], bool]) -> None:
    """Send the deliveries of a leased lane in order, up to the first that has to wait.

    Never raises but for cancellation: without a database the lease runs out and the work repeats.
    """
    progress = _Progress()
    async with asyncio.TaskGroup() as group:
        heartbeat = group.create_task(_renew(app, lane, progress))
        try:
            await _send_all(app, lane, progress, is_stopping)
        finally:
            heartbeat.cancel()
    outcome, tempo, now = progress.outcome(), tempo_of(app.config.delivery), app.now()
    try:
        kept = await app.db.transact(lambda tx: deliveries.settle(tx, lane, outcome, tempo, now))
        if not kept:
            logger.warning("a lane to %s was taken over by another worker", lane.host)
    except StorageError as error:
        logger.warning("what came of a lane to %s was not stored: %s", lane.host, error)


@dataclass(slots=True)
class _Progress:
    """What came of the deliveries of a lane, which is stored when the lane is given back."""

    delivered: list[int] = field(default_factory=list)
    dead: list[tuple[int, str]] = field(default_factory=list)
    failure: Failure | None = None
    is_lost: bool = False

    def outcome(self) -> Outcome:
        return Outcome(tuple(self.delivered), tuple(self.dead), self.failure)


async def _renew(app: App, lane: Lane, progress: _Progress) -> None:
    """Keep the lease for as long as the lane is worked on, however slow its host is."""
    tempo = tempo_of(app.config.delivery)
    while not progress.is_lost:
        await asyncio.sleep(tempo.lease_seconds / 3)
        try:
            async with app.db.writer() as tx:
                progress.is_lost = not await deliveries.renew(tx, lane, tempo, app.now())
        except StorageError as error:
            logger.warning("the lease of a lane to %s was not renewed: %s", lane.host, error)


async def _send_all(
    app: App, lane: Lane, progress: _Progress, is_stopping: Callable[[], bool]
) -> None:
    started = time.monotonic()
    for delivery in lane.deliveries:
        if is_stopping() or progress.is_lost:
            return
        # What was sent is stored now and then, also where a slow host makes a batch last.
        if time.monotonic() - started > app.config.delivery.lease_seconds:
            return
        with logs.bind(activity=delivery.uri):
            verdict = await _attempt(app, lane, delivery)
            match verdict:
                case None:
                    progress.delivered.append(delivery.id)
                case Dead():
                    logger.warning("dead for %s: %s", lane.host, verdict.reason)
                    progress.dead.append((delivery.id, verdict.reason))
                case Failure():
                    logger.info("waits for %s: %s", lane.host, verdict.error)
                    progress.failure = verdict
                    return


async def _attempt(app: App, lane: Lane, delivery: Delivery) -> Failure | Dead | None:
    try:
        key = await _key(app, lane)
        answer = await app.client.deliver(delivery.inbox_url, delivery.body, key)
    except ProtocolError as error:
        return judge_error(delivery.id, error, app.now())
    except (StorageError, KeyFileError) as error:
        return Failure(delivery.id, f"The activity could not be signed: {error}")
    except Exception:
        # A bug must stop neither this worker nor the lanes of others; the lane backs off.
        logger.exception("delivering %s to %s failed", delivery.uri, lane.host)
        return Failure(delivery.id, "An internal error, see the log.")
    return judge(delivery.id, answer, app.now())


async def _key(app: App, lane: Lane) -> SigningKey:
    async with app.db.reader() as conn:
        return await app.keys.signing_key(conn, lane.account_id, "rsa")
