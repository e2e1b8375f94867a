"""Where apps want to be told: one subscription of each token."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from storage.database import Connection, Transaction

PushPolicy = Literal["all", "followed", "follower", "none"]


@dataclass(frozen=True, slots=True)
class Subscription:
    """What an app is shown of its subscription."""

    id: int
    endpoint: str
    standard: bool
    alerts: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """A subscription before it is stored; `token_sealed` is the token, encrypted."""

    token_id: int
    account_id: int
    endpoint: str
    p256dh: bytes
    auth: bytes
    standard: bool
    alerts: Mapping[str, bool]
    policy: PushPolicy
    token_sealed: bytes


_COLUMNS = "id, endpoint, standard, alerts"


async def find(conn: Connection, token_id: int) -> Subscription | None:
    """Return the subscription of a token."""
    row = await conn.fetchrow(
        f"SELECT {_COLUMNS} FROM push_subscriptions WHERE token_id = $1", token_id
    )
    return None if row is None else Subscription(**dict(row))


async def replace(tx: Transaction, new: NewSubscription, now: datetime) -> Subscription:
    """Store the subscription of a token in the place of the one before, which is forgotten."""
    await delete_of_token(tx, new.token_id)
    row = await tx.fetchrow(
        f"""
        INSERT INTO push_subscriptions
                    (token_id, account_id, endpoint, p256dh, auth, standard, alerts, policy,
                     token_sealed, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
        ON CONFLICT (token_id) DO UPDATE
           SET endpoint = EXCLUDED.endpoint,
               p256dh = EXCLUDED.p256dh,
               auth = EXCLUDED.auth,
               standard = EXCLUDED.standard,
               alerts = EXCLUDED.alerts,
               policy = EXCLUDED.policy,
               updated_at = EXCLUDED.updated_at
        RETURNING {_COLUMNS}
        """,
        new.token_id,
        new.account_id,
        new.endpoint,
        new.p256dh,
        new.auth,
        new.standard,
        dict(new.alerts),
        new.policy,
        new.token_sealed,
        now,
    )
    if row is None:
        raise RuntimeError("An upsert returns its row.")
    return Subscription(**dict(row))


async def update(
    tx: Transaction,
    token_id: int,
    *,
    alerts: Mapping[str, bool],
    policy: PushPolicy,
    now: datetime,
) -> Subscription | None:
    """Change what an app wants to be told of; None when it has no subscription."""
    row = await tx.fetchrow(
        f"""
        UPDATE push_subscriptions
           SET alerts = $2,
               policy = $3,
               updated_at = $4
         WHERE token_id = $1
        RETURNING {_COLUMNS}
        """,
        token_id,
        dict(alerts),
        policy,
        now,
    )
    return None if row is None else Subscription(**dict(row))


async def delete_of_token(tx: Transaction, token_id: int) -> bool:
    """Forget the subscription of a token, with what waits for it; False when there is none."""
    return bool(await tx.execute("DELETE FROM push_subscriptions WHERE token_id = $1", token_id))


async def delete_of_tokens(tx: Transaction, token_ids: Sequence[int]) -> None:
    """Forget the subscriptions of tokens, with what waits for them."""
    await tx.execute(
        "DELETE FROM push_subscriptions WHERE token_id = ANY($1::bigint[])", list(token_ids)
    )


async def delete(tx: Transaction, subscription_id: int) -> None:
    """Forget a subscription, with what waits for it."""
    await tx.execute("DELETE FROM push_subscriptions WHERE id = $1", subscription_id)
