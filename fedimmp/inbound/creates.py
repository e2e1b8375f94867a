"""Create: a new post. Never asks the network, unless the post is only named by its id."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from activitypub.errors import Malformed
from activitypub.objects import Activity, Note
from activitypub.ownership import check_named, check_object
from activitypub.reading import read_note
from fedimmp.app import App
from fedimmp.inbound.received import Handler, Outcome, Received
from fedimmp.ingest.fetched import store_fetched
from fedimmp.ingest.notes import ArrivedNote, create_notes
from fedimmp.remote.budget import Budget
from fedimmp.remote.notes import FetchedNote, fetch_note
from storage import statuses
from storage.database import Transaction

_FETCHES = 3


@dataclass(frozen=True, slots=True)
class NamedNote:
    """A post that is only named; found once it was fetched."""

    uri: str
    found: FetchedNote | None = None


def read_create(activity: Activity) -> Note:
    """Return the embedded post of the actor."""
    if not isinstance(activity.object, dict):
        raise Malformed("A Create must have exactly one object.")
    note = read_note(activity.object)
    check_object(activity, note)
    return addressed(activity, note)


def addressed(activity: Activity, note: Note) -> Note:
    """Return the post with the audience of its activity where it has none of its own."""
    if note.to or note.cc:
        return note
    return replace(note, to=activity.to, cc=activity.cc)


async def apply_creates(
    tx: Transaction, app: App, items: Sequence[tuple[Received, Note]], now: datetime
) -> None:
    """Store posts of any number of authors; known and deleted ones are left out."""
    arrived = [ArrivedNote(note, received.account) for received, note in items]
    await create_notes(tx, app, arrived, now)


async def apply_create(
    tx: Transaction, app: App, received: Received, note: Note, now: datetime
) -> Outcome:
    """Store one post."""
    await apply_creates(tx, app, [(received, note)], now)
    return Outcome.DONE


def read_named(activity: Activity) -> NamedNote:
    """Return which post of the actor's own host was made."""
    if not isinstance(activity.object, str):
        raise Malformed("A Create must have exactly one object.")
    check_named(activity, activity.object)
    return NamedNote(activity.object)


async def gather_named(app: App, received: Received, named: NamedNote) -> NamedNote:
    """Fetch the post from its origin."""
    found = await fetch_note(app, named.uri, Budget(_FETCHES))
    check_object(received.activity, found.note)
    return replace(named, found=found)


async def apply_named(
    tx: Transaction, app: App, _received: Received, named: NamedNote, now: datetime
) -> Outcome:
    """Store the fetched post."""
    if named.found is not None:
        await store_fetched(tx, app, [named.found], now)
        return Outcome.DONE
    known = await statuses.find_by_uri(tx, named.uri)
    gone = await statuses.tombstoned(tx, [named.uri])
    return Outcome.DONE if known is not None or gone else Outcome.GATHER


CREATE = Handler(read_create, apply_create, apply_many=apply_creates)
CREATE_NAMED = Handler(read_named, apply_named, gather=gather_named)
