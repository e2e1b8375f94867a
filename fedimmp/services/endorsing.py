"""Recommending people on one's profile."""

from fedimmp.access import access_account
from fedimmp.app import App
from fedimmp.errors import Invalid
from storage import endorsements
from storage.database import Transaction
from storage.ids import new_id


async def endorse(app: App, account_id: int, target_id: int) -> None:
    """Recommend an account on the viewer's profile.

    Raises NotFound, and Invalid for somebody whom the member does not follow.
    """

    async def work(tx: Transaction) -> None:
        await access_account(tx, account_id, target_id)
        now = app.now()
        if not await endorsements.insert(tx, new_id(now), account_id, target_id, now):
            raise Invalid("Validation failed: Only people whom you follow can be recommended")

    await app.db.transact(work)


async def unendorse(app: App, account_id: int, target_id: int) -> None:
    """Recommend an account no longer; no matter when it is not recommended."""
    async with app.db.writer() as tx:
        await access_account(tx, account_id, target_id)
        await endorsements.delete(tx, account_id, target_id)
