"""Pushes what waits to people's apps. Everything is a row, so a killed worker loses nothing."""

import asyncio
import functools
import logging
from datetime import datetime, timedelta
from typing import Final

import orjson

from activitypub.client import DeliveryAnswer
from activitypub.errors import Malformed, NotTrusted, ProtocolError, Unreachable
from fedimmp.app import App
from fedimmp.entities.notifications import render_notifications
from fedimmp.keys import KeyFileError
from fedimmp.push.messages import TTL_SECONDS, Message, Receiver, message_for
from fedimmp.workers.pool import Pool
from storage import notifications, push_deliveries, push_subscriptions
from storage.errors import StorageError
from storage.push_deliveries import PushDelivery

logger = logging.getLogger(__name__)

IN_FLIGHT: Final = 16
_LEASE: Final = timedelta(minutes=2)
_FIRST_PAUSE_SECONDS: Final = 30.0
_LONGEST_PAUSE_SECONDS: Final = 3600.0
_GIVE_UP: Final = timedelta(seconds=TTL_SECONDS)
# The app is gone, or wants no more messages here (RFC 8030 section 7.3).
_UNSUBSCRIBED: Final = frozenset({404, 410})
_TEMPORARY: Final = frozenset({408, 425, 429})


async def run(app: App, stopping: asyncio.Event) -> None:
    """Push until `stopping` is set, then finish what was begun."""
    pool = Pool(
        "pushes",
        capacity=IN_FLIGHT,
        hint=app.db.subscribe("pushes"),
        lease=functools.partial(claim, app),
        work=functools.partial(push, app),
    )
    await pool.run(stopping)


async def run_once(app: App) -> int:
    """Push what is due; returns how many messages that were."""
    claimed = await claim(app, IN_FLIGHT)
    async with asyncio.TaskGroup() as group:
        for delivery in claimed:
            group.create_task(push(app, delivery))
    return len(claimed)


async def claim(app: App, limit: int) -> list[PushDelivery]:
    """Claim up to `limit` due messages."""
    now = app.now()
    return await app.db.transact(lambda tx: push_deliveries.claim(tx, limit, now, _LEASE))


async def push(app: App, delivery: PushDelivery) -> None:
    """Push a claimed message, and note what came of it.

    Never raises but for cancellation: without a database the lease runs out and it is tried again.
    """
    try:
        message = await _message(app, delivery)
        answer = None if message is None else await _send(app, delivery, message)
        await _settle(app, delivery, answer)
    except StorageError as error:
        logger.warning("what came of a push was not stored: %s", error)
    except KeyFileError as error:
        logger.error("a push was not made: %s", error)


async def _message(app: App, delivery: PushDelivery) -> Message | None:
    """Return what is sent; None where the notification is gone, or its status hidden, meanwhile."""
    async with app.db.reader() as conn:
        row = await notifications.find(conn, delivery.account_id, delivery.notification_id)
        if row is None:
            return None
        rendered = await render_notifications(app, conn, [row], delivery.account_id)
    if not rendered:
        return None
    receiver = Receiver(
        endpoint=delivery.endpoint,
        p256dh=delivery.p256dh,
        auth=delivery.auth,
        standard=delivery.standard,
        token=app.keys.unseal(delivery.token_sealed).decode(),
        locale=delivery.locale,
    )
    # Of its parts, some are JSON already.
    notification = orjson.loads(orjson.dumps(rendered[0]))
    return message_for(app, notification, receiver, app.now())


async def _send(
    app: App, delivery: PushDelivery, message: Message
) -> DeliveryAnswer | ProtocolError:
    try:
        return await app.client.push(delivery.endpoint, message.body, message.headers)
    except ProtocolError as error:
        return error


async def _settle(
    app: App, delivery: PushDelivery, answer: DeliveryAnswer | ProtocolError | None
) -> None:
    again = _again(delivery, answer, app.now())
    async with app.db.writer() as tx:
        if isinstance(answer, DeliveryAnswer) and answer.status in _UNSUBSCRIBED:
            await push_subscriptions.delete(tx, delivery.subscription_id)
        elif again is None:
            await push_deliveries.delete(tx, [delivery.id])
        else:
            await push_deliveries.postpone(tx, delivery.id, again)


def _again(
    delivery: PushDelivery, answer: DeliveryAnswer | ProtocolError | None, now: datetime
) -> datetime | None:
    """Return when a message is tried again; None when it was taken, or never will be."""
    match answer:
        case None | Malformed() | NotTrusted():
            return None
        case DeliveryAnswer() as given:
            if given.status < 500 and given.status not in _TEMPORARY:
                if given.status >= 300:
                    logger.warning("a push was refused: %s", given.error)
                return None
            wait = given.retry_after
        case Unreachable() as error:
            wait = error.retry_after
        case _:
            wait = None
    pause = min(_FIRST_PAUSE_SECONDS * 2**delivery.attempts, _LONGEST_PAUSE_SECONDS)
    due_at = now + timedelta(seconds=max(pause, wait or 0.0))
    return due_at if due_at < delivery.created_at + _GIVE_UP else None
