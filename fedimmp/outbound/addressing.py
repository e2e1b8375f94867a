"""Puts an activity on its way: stored with one delivery for each inbox that its audience means."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from activitypub.errors import TooLarge
from activitypub.writing import encode
from fedimmp.app import App
from fedimmp.errors import Invalid
from fedimmp.outbound.proving import is_public, prove_activity
from storage import outbox
from storage.database import Transaction
from storage.events import NewEvent
from storage.ids import new_id
from storage.outbox import NewActivity, Recipients


async def enqueue(
    tx: Transaction,
    app: App,
    *,
    account_id: int,
    activity: dict[str, Any],
    status_id: int | None = None,
    followers: bool = False,
    everyone: bool = False,
    without_feed: bool = False,
    account_ids: Sequence[int] = (),
    now: datetime,
    news: Sequence[NewEvent] = (),
) -> int:
    """Store an activity of one of our accounts and its deliveries, in one statement.

    `everyone` means each allowed peer with the public feed, and `without_feed` the others as well,
    `followers` the accepted followers of the account; local accounts among `account_ids` need no
    delivery and get none. The request is signed when it is sent, the integrity proof of a public
    activity is made here. Streams hear of `news` with it. Returns the number of deliveries; raises
    Invalid for what is too long to be sent.
    """
    return await outbox.enqueue(
        tx,
        NewActivity(
            id=new_id(now),
            account_id=account_id,
            uri=activity["id"],
            type=activity["type"],
            body=_encoded(await prove_activity(tx, app, account_id, activity, now)),
            status_id=status_id,
            for_followers=followers and activity["type"] == "Create" and not is_public(activity),
        ),
        Recipients(everyone, without_feed, followers, account_ids),
        scheme="https" if app.uris.is_secure else "http",
        own_host=app.uris.host,
        now=now,
        news=news,
    )


def _encoded(activity: dict[str, Any]) -> bytes:
    try:
        return encode(activity)
    except TooLarge as error:
        raise Invalid("Validation failed: this is too long for the other offices") from error
