"""Looks again at people of other offices who do something here and were not looked at for a day."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from fedimmp.app import App
from storage import jobs
from storage.accounts import Account
from storage.database import Transaction

_STALE: Final = timedelta(days=1)


async def request_refreshes(app: App, people: Iterable[Account]) -> None:
    """Have those fetched anew who are stale, each at most once in an hour."""
    now = app.now()
    stale = {each.id: each.domain or "" for each in people if _is_due(app, each, now)}
    if not stale:
        return

    async def work(tx: Transaction) -> None:
        for account_id, host in stale.items():
            payload = {"account_id": account_id}
            await jobs.enqueue(tx, "refresh_account", payload, key=str(account_id), host=host)

    await app.db.transact(work)
    for account_id in stale:
        app.people.refreshed.put(account_id, True)


def _is_due(app: App, account: Account, now: datetime) -> bool:
    if account.domain is None or account.deleted_at is not None:
        return False
    if account.fetched_at is not None and now - account.fetched_at < _STALE:
        return False
    return not app.people.refreshed.get(account.id)
