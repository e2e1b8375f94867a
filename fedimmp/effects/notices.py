"""Telling members: notifications and the events that carry them to streams."""

from collections.abc import Sequence
from datetime import datetime

from storage import events, notifications
from storage.database import Transaction
from storage.events import NewEvent
from storage.notifications import NotificationDraft


async def notified(tx: Transaction, drafts: Sequence[NotificationDraft], now: datetime) -> None:
    """Store the notifications that are wanted, and announce them."""
    announced = await stored(tx, drafts, now)
    if announced:
        await events.append_many(tx, announced)


async def stored(
    tx: Transaction, drafts: Sequence[NotificationDraft], now: datetime
) -> list[NewEvent]:
    """Store the notifications that are wanted; returns their events for the caller to append."""
    if not drafts:
        return []
    return [
        NewEvent("notification", subject_id=new.id, account_ids=[new.account_id])
        for new in await notifications.insert_many(tx, drafts, now)
    ]
