"""Messages that wait to be pushed. `announcements` writes them with the notifications."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.database import Transaction
from storage.fragments import account_is_present


@dataclass(frozen=True, slots=True)
class PushDelivery:
    """A claimed message and the app that it is for."""

    id: int
    subscription_id: int
    notification_id: int
    attempts: int
    created_at: datetime
    account_id: int
    locale: str
    endpoint: str
    p256dh: bytes
    auth: bytes
    standard: bool
    token_sealed: bytes


_CLAIM = f"""
    WITH due AS (
        SELECT d.id
          FROM push_deliveries d
         WHERE d.due_at <= $2
         ORDER BY d.due_at, d.id
         LIMIT $1
           FOR UPDATE SKIP LOCKED
    ), live AS (
        SELECT d.id, d.subscription_id, d.notification_id, d.attempts, d.created_at,
               s.account_id, m.locale, s.endpoint, s.p256dh, s.auth, s.standard, s.token_sealed
          FROM due
          JOIN push_deliveries d ON d.id = due.id
          JOIN push_subscriptions s ON s.id = d.subscription_id
          JOIN tokens t ON t.id = s.token_id AND t.revoked_at IS NULL
          JOIN members m ON m.account_id = s.account_id AND m.disabled_at IS NULL
          JOIN accounts owner ON owner.id = s.account_id AND {account_is_present("owner")}
          JOIN notifications n ON n.id = d.notification_id AND NOT n.filtered
          JOIN accounts sender ON sender.id = n.from_account_id
           AND {account_is_present("sender")}
    ), silenced AS (
        DELETE FROM push_deliveries
         WHERE id IN (SELECT id FROM due EXCEPT SELECT id FROM live)
    ), leased AS (
        UPDATE push_deliveries d
           SET due_at = $3,
               attempts = d.attempts + 1
          FROM live
         WHERE d.id = live.id
    )
    SELECT * FROM live ORDER BY id
"""


async def claim(tx: Transaction, limit: int, now: datetime, lease: timedelta) -> list[PushDelivery]:
    """Claim due messages for as long as the lease lasts, in one statement and the oldest first.

    Those that nobody may be told of any more are removed instead: the token was revoked, the
    member is suspended or disabled, the sender is gone, or the notification is hidden meanwhile.
    """
    rows = await tx.fetch(_CLAIM, limit, now, now + lease)
    return [PushDelivery(**dict(row)) for row in rows]


async def delete(tx: Transaction, ids: Sequence[int]) -> None:
    """Remove messages that were sent, or that will never be."""
    await tx.execute("DELETE FROM push_deliveries WHERE id = ANY($1::bigint[])", list(ids))


async def postpone(tx: Transaction, delivery_id: int, due_at: datetime) -> None:
    """Let a message wait until then."""
    await tx.execute("UPDATE push_deliveries SET due_at = $2 WHERE id = $1", delivery_id, due_at)
