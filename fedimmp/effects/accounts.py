"""What happens when an account changes or goes away."""

from collections.abc import Sequence
from datetime import datetime

from fedimmp.app import App
from fedimmp.effects import relationships as relationship_effects
from fedimmp.outbound import activities, addressing
from storage import events, relationships
from storage.accounts import Account
from storage.database import Transaction
from storage.events import NewEvent


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


async def account_deleted(
    tx: Transaction, app: App, accounts: Sequence[Account], now: datetime
) -> None:
    """End all follows of accounts that went away, so that counters and home timelines are right.

    What they said is hidden by the mark on their row, which also keeps them from coming back.
    """
    await _changed(tx, accounts)
    for account in accounts:
        ended = await relationships.delete_follows_of(tx, account.id)
        await relationship_effects.unfollowed(
            tx, app, [follow for follow in ended if follow.account_id == account.id], now
        )
        await relationship_effects.follow_rejected(
            tx, app, [follow for follow in ended if follow.target_id == account.id], now
        )


async def _changed(tx: Transaction, accounts: Sequence[Account]) -> None:
    await events.append_many(
        tx, [NewEvent("account.changed", subject_id=account.id) for account in accounts]
    )
