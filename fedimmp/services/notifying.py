"""What members do with their notifications. How these come to be is in `effects`."""

from fedimmp.app import App
from fedimmp.errors import NotFound
from storage import notifications


async def dismiss(app: App, account_id: int, notification_id: int) -> None:
    """Remove one notification. Raises NotFound."""
    async with app.db.writer() as tx:
        if not await notifications.delete(tx, account_id, notification_id):
            raise NotFound


async def clear(app: App, account_id: int) -> None:
    """Remove all notifications of a member."""
    async with app.db.writer() as tx:
        await notifications.delete_all(tx, account_id)
