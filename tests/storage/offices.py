"""A small world for the delivery tests: two of our people, and offices that they know."""

from datetime import datetime

import orjson

from storage import accounts, outbox, trust
from storage.accounts import NewAccount
from storage.database import Transaction
from storage.ids import new_id
from storage.outbox import NewActivity, Recipients
from storage.trust_entries import Terms

ORIGIN = "https://hq.example"


async def add_member(tx: Transaction, name: str, now: datetime) -> int:
    """Store one of our own people; returns the id."""
    account_id = new_id(now)
    actor = f"{ORIGIN}/ap/users/{account_id}"
    await accounts.insert_local(
        tx,
        NewAccount(
            id=account_id,
            username=name,
            uri=actor,
            url=f"{ORIGIN}/@{name}",
            inbox_url=f"{actor}/inbox",
            shared_inbox_url=f"{ORIGIN}/inbox",
            outbox_url=f"{actor}/outbox",
            followers_url=f"{actor}/followers",
            following_url=f"{actor}/following",
            featured_url=f"{actor}/featured",
        ),
        now,
    )
    return account_id


async def add_stranger(
    tx: Transaction, name: str, host: str, now: datetime, *, shared: bool = True
) -> int:
    """Store somebody of another office; returns the id."""
    account_id = new_id(now)
    actor = f"https://{host}/users/{name}"
    await tx.execute(
        """
        INSERT INTO accounts (id, username, username_key, domain, uri, url, inbox_url,
                              shared_inbox_url, created_at)
        VALUES ($1, $2, $2, $3, $4, $4, $5, $6, $7)
        """,
        account_id,
        name,
        host,
        actor,
        f"{actor}/inbox",
        f"https://{host}/inbox" if shared else None,
        now,
    )
    return account_id


async def add_follower(tx: Transaction, follower_id: int, target_id: int, now: datetime) -> None:
    """Let one account follow another."""
    follow_id = new_id(now)
    await tx.execute(
        """
        INSERT INTO follows (id, account_id, target_id, uri, state)
        VALUES ($1, $2, $3, $4, 'accepted')
        """,
        follow_id,
        follower_id,
        target_id,
        f"https://anywhere.example/follows/{follow_id}",
    )


async def allow(tx: Transaction, host: str, now: datetime, *, public_feed: bool = True) -> None:
    """Put an office on the allowlist."""
    await trust.establish(tx, host, "allowed", Terms(public_feed=public_feed), by="tests", now=now)


async def post(
    tx: Transaction,
    account_id: int,
    now: datetime,
    recipients: Recipients | None = None,
    *,
    name: str = "",
) -> int:
    """Enqueue an activity of a member; returns the number of deliveries."""
    number = new_id(now)
    uri = f"{ORIGIN}/activities/{name or number}"
    activity = NewActivity(number, account_id, uri, "Create", orjson.dumps({"id": uri}))
    return await outbox.enqueue(
        tx,
        activity,
        recipients or Recipients(everyone=True),
        scheme="https",
        own_host="hq.example",
        now=now,
    )
