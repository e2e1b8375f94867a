"""Telling members: notifications, and the events that carry them to streams."""

from collections.abc import Sequence
from datetime import datetime

from storage import announcements
from storage.database import Transaction
from storage.events import NewEvent
from storage.notifications import NotificationDraft


async def notified(
    tx: Transaction,
    drafts: Sequence[NotificationDraft],
    now: datetime,
    *,
    news: Sequence[NewEvent] = (),
) -> None:
    """Log what is new, store the notifications that are wanted and announce them: one statement."""
    await announcements.announce(tx, drafts, news, now)
