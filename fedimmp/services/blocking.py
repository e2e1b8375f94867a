"""Keeping people away: blocks, mutes, and private notes about others."""

from datetime import timedelta
from typing import Final

from fedimmp.access import access_account
from fedimmp.app import App
from fedimmp.effects import relationships as effects
from fedimmp.errors import Forbidden
from storage import relationships
from storage.database import Transaction
from storage.ids import new_id
from storage.relationships import Block

LONGEST_MUTE_SECONDS: Final = 10 * 365 * 86400
NOTE_MAXIMUM: Final = 2000


async def block(app: App, account_id: int, target_id: int) -> None:
    """Block somebody and end the follows in both directions. Raises NotFound, Forbidden."""
    if account_id == target_id:
        raise Forbidden("Nobody can block themselves")

    async def work(tx: Transaction) -> None:
        await access_account(tx, account_id, target_id)
        now = app.now()
        block_id = new_id(now)
        new = Block(block_id, account_id, target_id, app.uris.activity(account_id, block_id))
        if not await relationships.block(tx, new, now):
            return
        ended = await relationships.delete_follows_between(tx, account_id, target_id)
        await effects.unfollowed(
            tx, app, [follow for follow in ended if follow.account_id == account_id], now
        )
        await effects.follow_rejected(
            tx, app, [follow for follow in ended if follow.account_id == target_id], now
        )
        await effects.blocked(tx, app, [new], now)

    await app.db.transact(work)


async def unblock(app: App, account_id: int, target_id: int) -> None:
    """End a block; no matter when there is none. Raises NotFound."""

    async def work(tx: Transaction) -> None:
        await access_account(tx, account_id, target_id)
        ended = await relationships.unblock(tx, account_id, target_id)
        if ended is not None:
            await effects.unblocked(tx, app, [ended], app.now())

    await app.db.transact(work)


async def mute(
    app: App,
    account_id: int,
    target_id: int,
    *,
    notifications: bool = True,
    duration_seconds: int = 0,
) -> None:
    """Mute somebody, for a time or, with 0 seconds, for good; again to change how.

    Raises NotFound, Forbidden.
    """
    if account_id == target_id:
        raise Forbidden("Nobody can mute themselves")
    async with app.db.writer() as tx:
        await access_account(tx, account_id, target_id)
        now = app.now()
        seconds = min(duration_seconds, LONGEST_MUTE_SECONDS)
        await relationships.mute(
            tx,
            new_id(now),
            account_id,
            target_id,
            hide_notifications=notifications,
            expires_at=now + timedelta(seconds=seconds) if seconds > 0 else None,
            now=now,
        )


async def unmute(app: App, account_id: int, target_id: int) -> None:
    """End a mute; no matter when there is none. Raises NotFound."""
    async with app.db.writer() as tx:
        await access_account(tx, account_id, target_id)
        await relationships.unmute(tx, account_id, target_id)


async def set_note(app: App, account_id: int, target_id: int, comment: str) -> None:
    """Keep a private note about somebody; a blank one removes it. Raises NotFound."""
    async with app.db.writer() as tx:
        await access_account(tx, account_id, target_id)
        await relationships.set_note(tx, account_id, target_id, comment.strip())
