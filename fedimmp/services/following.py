"""Following people, and answering those who want to follow."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fedimmp.access import access_account
from fedimmp.app import App
from fedimmp.effects import relationships as effects
from fedimmp.errors import Forbidden, NotFound
from storage import accounts, domain_blocks, relationships
from storage.accounts import Account
from storage.database import Transaction
from storage.ids import new_id
from storage.relationships import NewFollow


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What a follower asks for; None stands for no change. An empty `languages` means all."""

    reblogs: bool | None
    notify: bool | None
    languages: Sequence[str] | None

    def changes(self) -> dict[str, Any]:
        changes: dict[str, Any] = {}
        if self.reblogs is not None:
            changes["reblogs"] = self.reblogs
        if self.notify is not None:
            changes["notify"] = self.notify
        if self.languages is not None:
            changes["languages"] = list(self.languages) or None
        return changes


async def follow(
    app: App,
    account_id: int,
    target_id: int,
    *,
    reblogs: bool | None = None,
    notify: bool | None = None,
    languages: Sequence[str] | None = None,
) -> None:
    """Follow somebody, or change how one follows.

    Somebody here without a lock is followed at once. Who has a lock, everybody at another office,
    and everybody whom somebody limited by staff wants to follow, first has to accept.
    Raises NotFound, and Forbidden for oneself and across a block.
    """
    if account_id == target_id:
        raise Forbidden("Nobody can follow themselves")
    wishes = _Wishes(reblogs, notify, languages)

    async def work(tx: Transaction) -> None:
        target = await access_account(tx, account_id, target_id)
        if target.suspended_at is not None:
            raise NotFound
        changes = wishes.changes()
        if await relationships.update_follow(tx, account_id, target_id, changes) is not None:
            return
        if await relationships.is_blocked_between(tx, account_id, target_id):
            raise Forbidden
        if await domain_blocks.is_blocked(tx, account_id, target_id):
            raise Forbidden("You block the office of this account")
        await _begin(tx, app, account_id, target, changes, app.now())

    await app.db.transact(work)


async def _begin(
    tx: Transaction,
    app: App,
    account_id: int,
    target: Account,
    changes: dict[str, Any],
    now: datetime,
) -> None:
    at_once = target.is_local and not target.locked and not await _is_limited(tx, account_id)
    stored = None
    while stored is None:
        follow_id = new_id(now)
        new = NewFollow(
            id=follow_id,
            account_id=account_id,
            target_id=target.id,
            uri=app.uris.activity(account_id, follow_id),
            state="accepted" if at_once else "pending",
            **changes,
        )
        stored = await relationships.insert_follow(tx, new, now)
        # Another request of the same member was faster, or, once in a lifetime, the id is taken.
        if stored is None and await relationships.update_follow(tx, account_id, target.id, changes):
            return
    if at_once:
        await effects.followed(tx, app, [stored], now)
    else:
        await effects.follow_requested(tx, app, [stored], now)


async def _is_limited(tx: Transaction, account_id: int) -> bool:
    return (await accounts.get(tx, account_id)).silenced_at is not None


async def unfollow(app: App, account_id: int, target_id: int) -> None:
    """End a follow, or take a request back; no matter when there is none. Raises NotFound."""

    async def work(tx: Transaction) -> None:
        await access_account(tx, account_id, target_id)
        ended = await relationships.delete_follow(tx, account_id, target_id)
        if ended is not None:
            await effects.unfollowed(tx, app, [ended], app.now())

    await app.db.transact(work)


async def authorize_request(app: App, account_id: int, requester_id: int) -> None:
    """Let somebody follow who asked. Raises NotFound when they did not."""

    async def work(tx: Transaction) -> None:
        accepted = await relationships.accept_follow(tx, requester_id, account_id)
        if accepted is None:
            raise NotFound
        await effects.followed(tx, app, [accepted], app.now())

    await app.db.transact(work)


async def reject_request(app: App, account_id: int, requester_id: int) -> None:
    """Refuse somebody who asked to follow. Raises NotFound when they did not."""

    async def work(tx: Transaction) -> None:
        refused = await relationships.delete_follow(tx, requester_id, account_id, state="pending")
        if refused is None:
            raise NotFound
        await effects.follow_rejected(tx, app, [refused], app.now())

    await app.db.transact(work)


async def remove_follower(app: App, account_id: int, follower_id: int) -> None:
    """Make somebody stop following; no matter when they do not. Raises NotFound."""

    async def work(tx: Transaction) -> None:
        await access_account(tx, account_id, follower_id)
        ended = await relationships.delete_follow(tx, follower_id, account_id, state="accepted")
        if ended is not None:
            await effects.follow_rejected(tx, app, [ended], app.now())

    await app.db.transact(work)
