"""Add and Remove on an actor's featured collection: pinned posts."""

from dataclasses import dataclass
from datetime import datetime

from activitypub.objects import Activity
from activitypub.ownership import owns_collection
from fedimmp.app import App
from fedimmp.inbound.received import Handler, Outcome, Received, object_uri
from storage import interactions, statuses
from storage.database import Transaction
from storage.ids import new_id
from storage.statuses import Status

_MAX_PINS = 20


@dataclass(frozen=True, slots=True)
class Featuring:
    """Which post, in which collection; None where it is no post, such as a hashtag."""

    status_uri: str | None
    collection: str | None


def read_featuring(activity: Activity) -> Featuring:
    """Return what is added to or removed from which collection."""
    return Featuring(object_uri(activity), activity.target)


async def apply_add(
    tx: Transaction, _app: App, received: Received, featuring: Featuring, now: datetime
) -> Outcome:
    """Pin a known post of the actor."""
    status = await _own_status(tx, received, featuring)
    if status is not None:
        await interactions.insert_pin(
            tx, new_id(now), received.account.id, status.id, now, limit=_MAX_PINS
        )
    return Outcome.DONE


async def apply_remove(
    tx: Transaction, _app: App, received: Received, featuring: Featuring, _now: datetime
) -> Outcome:
    """Unpin a post of the actor."""
    status = await _own_status(tx, received, featuring)
    if status is not None:
        await interactions.delete_pin(tx, received.account.id, status.id)
    return Outcome.DONE


async def _own_status(tx: Transaction, received: Received, featuring: Featuring) -> Status | None:
    account = received.account
    own = [account.featured_url]
    if not owns_collection(received.activity, featuring.collection, named=own):
        return None
    if featuring.status_uri is None:
        return None
    status = await statuses.find_by_uri(tx, featuring.status_uri)
    if status is None or status.account_id != account.id or status.reblog_of_id is not None:
        return None
    return status


ADD = Handler(read_featuring, apply_add)
REMOVE = Handler(read_featuring, apply_remove)
