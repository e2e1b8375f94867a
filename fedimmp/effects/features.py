"""What happens when a member shows posts or hashtags on the profile, or no longer."""

from datetime import datetime
from typing import Any

from fedimmp.app import App
from fedimmp.outbound import addressing, people
from storage.database import Transaction
from storage.statuses import Status
from storage.tags import Tag


async def status_pinned(tx: Transaction, app: App, status: Status, now: datetime) -> None:
    """Tell the offices that may know the post."""
    await _send_pin(tx, app, status, people.add_pin(app, status), now)


async def status_unpinned(tx: Transaction, app: App, status: Status, now: datetime) -> None:
    """Tell the offices that may know the post."""
    await _send_pin(tx, app, status, people.remove_pin(app, status), now)


async def tag_featured(tx: Transaction, app: App, account_id: int, tag: Tag, now: datetime) -> None:
    """Tell all offices."""
    await _send_tag(tx, app, account_id, people.add_tag(app, account_id, tag), now)


async def tag_unfeatured(
    tx: Transaction, app: App, account_id: int, tag: Tag, now: datetime
) -> None:
    """Tell all offices."""
    await _send_tag(tx, app, account_id, people.remove_tag(app, account_id, tag), now)


async def _send_pin(
    tx: Transaction, app: App, status: Status, activity: dict[str, Any], now: datetime
) -> None:
    await addressing.enqueue(
        tx,
        app,
        account_id=status.account_id,
        activity=activity,
        followers=True,
        everyone=status.visibility == "public",
        now=now,
    )


async def _send_tag(
    tx: Transaction, app: App, account_id: int, activity: dict[str, Any], now: datetime
) -> None:
    await addressing.enqueue(
        tx,
        app,
        account_id=account_id,
        activity=activity,
        followers=True,
        everyone=True,
        now=now,
    )
