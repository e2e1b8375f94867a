"""Who is proposed to a member, and who no more."""

from fedimmp.app import App
from storage import directory


async def dismiss(app: App, account_id: int, target_id: int) -> None:
    """Suggest somebody to a member no more; no matter when there is no such account."""
    async with app.db.writer() as tx:
        await directory.dismiss(tx, account_id, target_id, app.now())
