"""What members do with their notifications. How these come to be is in `effects`."""

from collections.abc import Mapping, Sequence
from typing import Any

from fedimmp.app import App
from fedimmp.effects import notices
from fedimmp.errors import NotFound
from storage import notification_groups, notification_policies, notification_requests, notifications
from storage.database import Transaction
from storage.notification_policies import Policy


async def dismiss(app: App, account_id: int, notification_id: int) -> None:
    """Remove one notification. Raises NotFound."""
    async with app.db.writer() as tx:
        if not await notifications.delete(tx, account_id, notification_id):
            raise NotFound


async def dismiss_group(app: App, account_id: int, key: str) -> None:
    """Remove the notifications of a group, if there is one."""
    async with app.db.writer() as tx:
        await notification_groups.delete(tx, account_id, key)


async def clear(app: App, account_id: int) -> None:
    """Remove all notifications of a member."""
    async with app.db.writer() as tx:
        await notifications.delete_all(tx, account_id)


async def change_policy(app: App, account_id: int, words: Mapping[str, Any]) -> None:
    """Change what a member says of some classes of senders; what is stored already stays."""

    async def work(tx: Transaction) -> None:
        old = await notification_policies.load(tx, account_id)
        await notification_policies.upsert(tx, account_id, Policy({**old.words, **words}))

    await app.db.transact(work)


async def accept_request(app: App, account_id: int, request_id: int) -> None:
    """Hear somebody from now on, and show what was filtered of them. Raises NotFound."""
    if not await accept_requests(app, account_id, [request_id]):
        raise NotFound


async def accept_requests(app: App, account_id: int, request_ids: Sequence[int]) -> int:
    """Hear several people from now on; unknown requests are left out. Returns how many."""

    async def work(tx: Transaction) -> int:
        senders = await notification_requests.remove(tx, account_id, request_ids)
        if senders:
            shown = await notification_requests.release(tx, account_id, senders, app.now())
            await notices.notifications_merged(tx, account_id, shown)
        return len(senders)

    return await app.db.transact(work)


async def dismiss_request(app: App, account_id: int, request_id: int) -> None:
    """Remove what was filtered of somebody. Raises NotFound."""
    if not await dismiss_requests(app, account_id, [request_id]):
        raise NotFound


async def dismiss_requests(app: App, account_id: int, request_ids: Sequence[int]) -> int:
    """Remove what was filtered of several people; unknown requests are left out."""

    async def work(tx: Transaction) -> int:
        senders = await notification_requests.remove(tx, account_id, request_ids)
        await notification_requests.discard(tx, account_id, senders)
        return len(senders)

    return await app.db.transact(work)
