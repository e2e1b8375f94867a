"""Add and Remove on an actor's collections: pinned posts, and hashtags of the profile."""

from dataclasses import dataclass, replace
from datetime import datetime

from activitypub.objects import Activity
from activitypub.ownership import check_item, owns_collection
from activitypub.reading import read_hashtag
from activitypub.uris import same_origin
from fedimmp.app import App
from fedimmp.inbound.received import Handler, Outcome, Received, object_uri
from fedimmp.ingest.fetched import store_fetched
from fedimmp.remote.budget import Budget
from fedimmp.remote.notes import FetchedNote, fetch_note
from storage import featured_tags, interactions, statuses, tags
from storage.database import Transaction
from storage.ids import new_id
from storage.statuses import Status

_MAX_PINS = 20
_MAX_TAGS = 20
_FETCHES = 2


@dataclass(frozen=True, slots=True)
class Featuring:
    """Which post or hashtag, in which collection; both are None where it is neither.

    A post that was unknown is found once it was fetched.
    """

    status_uri: str | None
    hashtag: str | None
    collection: str | None
    found: FetchedNote | None = None


def read_featuring(activity: Activity) -> Featuring:
    """Return what is added to or removed from which collection."""
    hashtag = read_hashtag(activity.object)
    uri = object_uri(activity) if hashtag is None else None
    return Featuring(uri, hashtag, activity.target)


async def apply_add(
    tx: Transaction, app: App, received: Received, featuring: Featuring, now: datetime
) -> Outcome:
    """Pin a post of the actor, or show a hashtag on the profile; unknown posts are fetched."""
    account_id = received.account.id
    if featuring.found is not None:
        await store_fetched(tx, app, [featuring.found], now, backfill=True, ancestors=0)
    elif await _is_missing(tx, received, featuring):
        return Outcome.GATHER
    if (status := await _own_status(tx, received, featuring)) is not None:
        await interactions.insert_pin(tx, new_id(now), account_id, status.id, now, limit=_MAX_PINS)
    elif (name := _own_hashtag(received, featuring)) is not None:
        tag_id = await tags.ensure(tx, new_id(now), name.casefold(), name)
        await featured_tags.insert(tx, new_id(now), account_id, tag_id, now, limit=_MAX_TAGS)
    return Outcome.DONE


async def gather_pin(app: App, received: Received, featuring: Featuring) -> Featuring:
    """Fetch a pinned post, which must be the actor's."""
    if featuring.status_uri is None:
        return featuring
    found = await fetch_note(app, featuring.status_uri, Budget(_FETCHES))
    check_item(found.note, received.activity.actor)
    return replace(featuring, found=found)


async def apply_remove(
    tx: Transaction, _app: App, received: Received, featuring: Featuring, _now: datetime
) -> Outcome:
    """Unpin a post of the actor, or show a hashtag no longer."""
    account_id = received.account.id
    if (status := await _own_status(tx, received, featuring)) is not None:
        await interactions.delete_pin(tx, account_id, status.id)
    elif (name := _own_hashtag(received, featuring)) is not None:
        await featured_tags.delete_named(tx, account_id, name.casefold())
    return Outcome.DONE


async def _is_missing(tx: Transaction, received: Received, featuring: Featuring) -> bool:
    """Tell whether a pin is about a post that may be the actor's, and is unknown here."""
    account, uri = received.account, featuring.status_uri
    if uri is None or not same_origin(uri, account.uri):
        return False
    if not owns_collection(received.activity, featuring.collection, named=[account.featured_url]):
        return False
    known = await statuses.find_by_uri(tx, uri)
    return known is None and not await statuses.tombstoned(tx, [uri])


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


def _own_hashtag(received: Received, featuring: Featuring) -> str | None:
    # Mastodon names the collection of posts for hashtags as well.
    own = [received.account.featured_tags_url, received.account.featured_url]
    if not owns_collection(received.activity, featuring.collection, named=own):
        return None
    return featuring.hashtag


ADD = Handler(read_featuring, apply_add, gather=gather_pin)
REMOVE = Handler(read_featuring, apply_remove)
