"""Announce: a boost. What it boosts is fetched from its own origin, never taken from the boost."""

from dataclasses import dataclass, replace
from datetime import datetime

from activitypub.errors import Malformed
from activitypub.objects import Activity
from fedimmp.app import App
from fedimmp.inbound.received import Handler, Outcome, Received, object_uri
from fedimmp.ingest.boosts import ArrivedBoost, create_boost
from fedimmp.ingest.fetched import store_fetched
from fedimmp.remote.budget import Budget
from fedimmp.remote.notes import FetchedNote, fetch_note
from storage import readership, statuses
from storage.database import Transaction

_FETCHES = 3


@dataclass(frozen=True, slots=True)
class Boosting:
    """Which post is boosted; found once it was fetched."""

    uri: str
    found: FetchedNote | None = None


def read_announce(activity: Activity) -> Boosting:
    """Return which post the actor boosts; an embedded copy is ignored."""
    uri = object_uri(activity)
    if uri is None:
        raise Malformed("An Announce must have exactly one object.")
    return Boosting(uri)


async def apply_announce(
    tx: Transaction, app: App, received: Received, boosting: Boosting, now: datetime
) -> Outcome:
    """Store the boost of a post that the actor may see."""
    if boosting.found is not None:
        await store_fetched(tx, app, [boosting.found], now, backfill=True)
    gone = await statuses.tombstoned(tx, [received.activity.id, boosting.uri])
    if gone:
        return Outcome.DONE
    actor = received.account
    original = await statuses.find_by_uri(tx, boosting.uri)
    if original is None:
        if boosting.found is not None or app.uris.is_local(boosting.uri):
            return Outcome.DONE
        # Nothing is fetched for a boost that nobody here would read.
        followed = await readership.followed_here(tx, [actor.id])
        return Outcome.GATHER if followed else Outcome.DONE
    if original.id in await statuses.list_visible(tx, actor.id, [original.id]):
        await create_boost(tx, app, ArrivedBoost(received.activity, actor, original), now)
    return Outcome.DONE


async def gather_announce(app: App, _received: Received, boosting: Boosting) -> Boosting:
    """Fetch the boosted post, and its author if need be."""
    return replace(boosting, found=await fetch_note(app, boosting.uri, Budget(_FETCHES)))


ANNOUNCE = Handler(read_announce, apply_announce, gather=gather_announce)
