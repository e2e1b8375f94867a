"""Announce: a boost. What it boosts is fetched from its own origin, never taken from the boost.

The one exception is a post of the booster's own, which no other server shows where it is private.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from activitypub.errors import Malformed, ProtocolError
from activitypub.objects import Activity, Note
from activitypub.ownership import check_object
from activitypub.properties import type_of
from activitypub.reading import read_note
from activitypub.vocabulary import NOTE_TYPES
from fedimmp.app import App
from fedimmp.inbound.received import Handler, Outcome, Received, object_uri
from fedimmp.ingest.boosts import ArrivedBoost, create_boost
from fedimmp.ingest.fetched import store_fetched
from fedimmp.ingest.notes import ArrivedNote, create_notes
from fedimmp.remote.budget import Budget
from fedimmp.remote.notes import FetchedNote, fetch_note
from storage import readership, statuses
from storage.database import Transaction

_FETCHES = 3


@dataclass(frozen=True, slots=True)
class Boosting:
    """Which post is boosted (None: no post at all); found once it was fetched.

    own is the embedded copy of a post that the booster wrote.
    """

    uri: str | None
    own: Note | None = None
    found: FetchedNote | None = None


def read_announce(activity: Activity) -> Boosting:
    """Return which post the actor boosts; an embedded copy of somebody else's is ignored."""
    uri = object_uri(activity)
    if uri is None:
        raise Malformed("An Announce must have exactly one object.")
    if not isinstance(activity.object, dict) or "type" not in activity.object:
        return Boosting(uri)
    if type_of(activity.object, NOTE_TYPES) not in NOTE_TYPES:
        # Groups pass on what is nothing to us, such as votes against a post.
        return Boosting(None)
    return Boosting(uri, own=_own(activity, activity.object))


async def apply_announce(
    tx: Transaction, app: App, received: Received, boosting: Boosting, now: datetime
) -> Outcome:
    """Store the boost of a post that the actor may see."""
    if boosting.uri is None:
        return Outcome.DONE
    if boosting.found is not None:
        await store_fetched(tx, app, [boosting.found], now, backfill=True)
    gone = await statuses.tombstoned(tx, [received.activity.id, boosting.uri])
    if gone:
        return Outcome.DONE
    actor = received.account
    original = await statuses.find_by_uri(tx, boosting.uri)
    if original is None and boosting.own is not None:
        await create_notes(tx, app, [ArrivedNote(boosting.own, actor)], now, backfill=True)
        original = await statuses.find_by_uri(tx, boosting.uri)
    if original is None:
        if boosting.own or boosting.found or app.uris.is_local(boosting.uri):
            return Outcome.DONE
        # Nothing is fetched for a boost that nobody here would read.
        followed = await readership.followed_here(tx, [actor.id])
        return Outcome.GATHER if followed else Outcome.DONE
    if original.id in await statuses.list_visible(tx, actor.id, [original.id]):
        await create_boost(tx, app, ArrivedBoost(received.activity, actor, original), now)
    return Outcome.DONE


async def gather_announce(app: App, _received: Received, boosting: Boosting) -> Boosting:
    """Fetch the boosted post, and its author if need be."""
    if boosting.uri is None:
        return boosting
    return replace(boosting, found=await fetch_note(app, boosting.uri, Budget(_FETCHES)))


def _own(activity: Activity, document: dict[str, object]) -> Note | None:
    try:
        note = read_note(document)
        check_object(activity, note)
    except ProtocolError:
        return None
    return note


ANNOUNCE = Handler(read_announce, apply_announce, gather=gather_announce)
