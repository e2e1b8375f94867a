"""A member's lists of people."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fedimmp.app import App
from fedimmp.errors import Invalid, NotFound
from storage import accounts, lists
from storage.database import Transaction
from storage.ids import new_id
from storage.lists import AccountList, RepliesPolicy

MOST_LISTS: Final = 50


async def create(
    app: App,
    account_id: int,
    *,
    title: str,
    replies_policy: RepliesPolicy = "list",
    exclusive: bool = False,
) -> AccountList:
    """Make a list. Raises Invalid for one too many."""
    now = app.now()
    new = AccountList(new_id(now), account_id, title, replies_policy, exclusive, now)
    async with app.db.writer() as tx:
        if not await lists.insert(tx, new, MOST_LISTS):
            raise Invalid(f"Nobody can have more than {MOST_LISTS} lists")
    return new


async def update(
    app: App, account_id: int, list_id: int, changes: Mapping[str, Any]
) -> AccountList:
    """Change `title`, `replies_policy` or `exclusive` of a list. Raises NotFound."""
    async with app.db.writer() as tx:
        changed = await lists.update(tx, account_id, list_id, changes)
        if changed is None:
            raise NotFound
    return changed


async def delete(app: App, account_id: int, list_id: int) -> None:
    """Remove a list. Raises NotFound."""
    async with app.db.writer() as tx:
        if not await lists.delete(tx, account_id, list_id):
            raise NotFound


async def add(app: App, account_id: int, list_id: int, target_ids: Sequence[int]) -> None:
    """Put people on a list, all or none.

    Raises NotFound for an unknown list or account, Invalid for somebody who is not followed or is
    on the list already.
    """
    async with app.db.writer() as tx:
        await _get(tx, account_id, list_id)
        known = await accounts.get_many(tx, target_ids)
        if len(known) < len(set(target_ids)):
            raise NotFound
        if await lists.unfollowed_among(tx, account_id, target_ids):
            raise Invalid("Only people whom you follow can be on a list")
        now = app.now()
        added = await lists.add_accounts(tx, list_id, target_ids, [new_id(now) for _ in target_ids])
        if added < len(target_ids):
            raise Invalid("Validation failed: Account has already been taken")


async def remove(app: App, account_id: int, list_id: int, target_ids: Sequence[int]) -> None:
    """Take people off a list. Raises NotFound for an unknown list."""
    async with app.db.writer() as tx:
        await _get(tx, account_id, list_id)
        await lists.remove_accounts(tx, list_id, target_ids)


async def _get(tx: Transaction, account_id: int, list_id: int) -> AccountList:
    found = await lists.find(tx, account_id, list_id)
    if found is None:
        raise NotFound
    return found
