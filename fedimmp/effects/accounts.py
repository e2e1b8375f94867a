"""What happens when an account changes, goes on as another one, or goes away."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from fedimmp.app import App
from fedimmp.effects import relationships as relationship_effects
from fedimmp.outbound import activities, addressing, people
from storage import events, jobs, relationships
from storage.accounts import Account
from storage.database import Transaction
from storage.events import NewEvent

# So many follows end together, within the time of a transaction.
_AT_ONCE: Final = 500
# How long an account that has moved stays: followers are no ball to be played with.
MOVE_PAUSE: Final = timedelta(days=7)


async def account_updated(
    tx: Transaction, app: App, accounts: Sequence[Account], now: datetime
) -> None:
    """Make every process show the accounts anew; those of our members are sent to all offices."""
    await _changed(tx, accounts)
    for account in accounts:
        if account.is_local:
            await addressing.enqueue(
                tx,
                app,
                account_id=account.id,
                activity=await activities.update_actor(tx, app, account.id),
                followers=True,
                everyone=True,
                now=now,
            )


async def account_moved(
    tx: Transaction, app: App, account: Account, target: Account, now: datetime
) -> None:
    """Let our people who follow an account follow the one as which it goes on.

    Of a member of ours everybody learns it, and the followers at other offices are called along.
    """
    await account_updated(tx, app, [account], now)
    if account.is_local:
        await addressing.enqueue(
            tx,
            app,
            account_id=account.id,
            activity=people.move(app, account.id, target.uri),
            followers=True,
            now=now,
        )
    payload = {"account_id": account.id, "target_id": target.id}
    await jobs.enqueue(tx, "move_followers", payload, key=str(account.id))


async def account_deleted(
    tx: Transaction, app: App, accounts: Sequence[Account], now: datetime
) -> None:
    """Have what accounts that went away left behind removed; their follows end first.

    What they said is hidden at once by the mark on their row, which also keeps them from coming
    back. All offices learn of a member who goes.
    """
    await _changed(tx, accounts)
    for account in accounts:
        if account.is_local:
            await addressing.enqueue(
                tx,
                app,
                account_id=account.id,
                activity=people.delete_actor(app, account.id),
                followers=True,
                everyone=True,
                without_feed=True,
                now=now,
            )
        await end_follows(tx, account.id)
        await jobs.enqueue(tx, "remove_traces", {"account_id": account.id}, key=str(account.id))


async def end_follows(tx: Transaction, account_id: int) -> int:
    """End some follows of and to an account that went away; returns how many there were."""
    ended = await relationships.delete_follows_of(tx, account_id, limit=_AT_ONCE)
    await relationship_effects.follows_ended(tx, ended)
    return len(ended)


async def _changed(tx: Transaction, accounts: Sequence[Account]) -> None:
    await events.append_many(
        tx, [NewEvent("account.changed", subject_id=account.id) for account in accounts]
    )
