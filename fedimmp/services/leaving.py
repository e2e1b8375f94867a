"""Members who go for good, and what is removed of any account that is gone."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from fedimmp.app import App
from fedimmp.effects import tokens as token_effects
from fedimmp.effects.accounts import account_deleted, end_follows
from fedimmp.effects.statuses import statuses_deleted
from fedimmp.errors import NotFound
from storage import accounts, audit, interactions, jobs, members, removals
from storage.accounts import Account
from storage.database import Transaction

# A batch is a transaction of its own, and readers wait for none.
_AT_ONCE: Final = 100
_ROWS_AT_ONCE: Final = 1_000


async def delete_member(app: App, account_id: int, *, actor: str) -> None:
    """Delete a member for good, with sessions, tokens, follows and all they ever said.

    What is seen of them goes at once, the rest soon. The user name is never given again, and all
    offices are told. `actor` is who does it, for the audit log. Raises NotFound.
    """

    async def work(tx: Transaction) -> None:
        now = app.now()
        member = await members.find(tx, account_id)
        if member is None:
            raise NotFound("There is no such member")
        await end_account(tx, app, await accounts.get(tx, account_id), now)
        await audit.append(tx, actor=actor, action="member.delete", target=member.username, now=now)

    await app.db.transact(work)


async def end_account(tx: Transaction, app: App, account: Account, now: datetime) -> None:
    """Mark an account as gone for good, with what a member has, and have its traces removed."""
    await account_deleted(tx, app, [account], now)
    await accounts.set_deleted(tx, account.id, now)
    await token_effects.member_shut_out(tx, account.id, now)
    await members.delete(tx, account.id)


async def remove_traces(app: App, payload: Mapping[str, Any]) -> None:
    """Job: remove what a deleted account left behind: follows, posts, files, and the rest."""
    account_id = int(payload["account_id"])
    async with app.db.reader() as conn:
        account = await accounts.find(conn, account_id)
    if account is None or account.deleted_at is None:
        return
    await app.db.transact(lambda tx: removals.clear_description(tx, account_id))
    steps: Sequence[Callable[[Transaction], Awaitable[int]]] = (
        lambda tx: end_follows(tx, account_id),
        lambda tx: _remove_statuses(tx, app, account_id),
        lambda tx: _remove_favourites(tx, account_id),
        lambda tx: _remove_files(tx, app, account_id),
        lambda tx: removals.delete_traces(tx, account_id, limit=_ROWS_AT_ONCE),
    )
    for step in steps:
        while await app.db.transact(step):
            pass


async def _remove_statuses(tx: Transaction, app: App, account_id: int) -> int:
    now = app.now()
    ids = await removals.list_statuses_of(tx, account_id, _AT_ONCE)
    removed = await removals.delete(tx, ids, now)
    await statuses_deleted(tx, app, removed, now, author_gone=True)
    return len(ids)


async def _remove_files(tx: Transaction, app: App, account_id: int) -> int:
    files = await removals.detach_media_of(tx, account_id, app.now(), limit=_AT_ONCE)
    if files:
        await jobs.enqueue(tx, "discard_media", {"media_ids": files})
    return len(files)


async def _remove_favourites(tx: Transaction, account_id: int) -> int:
    pairs = await removals.list_favourites_of(tx, account_id, _AT_ONCE)
    return len(await interactions.delete_favourites(tx, pairs))
