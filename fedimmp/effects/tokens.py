"""What follows when tokens end: their sockets close and every process forgets them."""

from collections.abc import Sequence
from datetime import datetime

from storage import events, oauth, push_subscriptions, sessions
from storage.database import Transaction
from storage.events import NewEvent


async def tokens_revoked(tx: Transaction, token_ids: Sequence[int]) -> None:
    """Tell all processes that these tokens are dead, and their apps nothing more."""
    await push_subscriptions.delete_of_tokens(tx, token_ids)
    owners = await oauth.owners_of_tokens(tx, token_ids)
    await events.append_many(
        tx,
        [
            NewEvent("token.revoked", token_id, None if account_id is None else [account_id], {})
            for token_id, account_id in owners.items()
        ],
    )


async def member_barred(tx: Transaction, account_id: int) -> None:
    """End a member's sessions, waiting codes and streams.

    Tokens stay: their row says that the member is barred, and they work again once that is over.
    """
    await sessions.delete_of_account(tx, account_id)
    await oauth.delete_codes_of_account(tx, account_id)
    held = await oauth.list_live_tokens(tx, account_id)
    await events.append_many(
        tx, [NewEvent("token.revoked", token_id, [account_id], {}) for token_id in held]
    )


async def member_shut_out(tx: Transaction, account_id: int, now: datetime) -> None:
    """End everything that speaks for a member: sessions, waiting codes and tokens."""
    await sessions.delete_of_account(tx, account_id)
    await oauth.delete_codes_of_account(tx, account_id)
    await tokens_revoked(tx, await oauth.revoke_tokens_of_account(tx, account_id, now))
