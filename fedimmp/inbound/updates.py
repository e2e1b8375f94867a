"""Update: a post was edited, or an actor describes itself anew."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from activitypub.errors import Malformed, NotTrusted
from activitypub.objects import Activity, Actor, Note
from activitypub.ownership import check_actor_update, check_named, check_object
from activitypub.reading import read_actor, read_note
from fedimmp.app import App
from fedimmp.effects.accounts import account_updated
from fedimmp.inbound.creates import addressed
from fedimmp.inbound.received import Handler, Outcome, Received
from fedimmp.ingest.accounts import upsert_actor
from fedimmp.ingest.edits import update_note
from fedimmp.ingest.notes import ArrivedNote, create_notes
from fedimmp.remote.actors import fetch_actor
from fedimmp.remote.budget import Budget
from fedimmp.remote.notes import fetch_note
from storage import accounts, jobs, statuses
from storage.database import Transaction

# An edit of a post that never came stands for the post while it is fresh.
_STANDS_FOR_CREATE = timedelta(days=1)
_FETCHES = 2
_PATIENCE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class NamedUpdate:
    """Something that is only named; found once it was fetched."""

    uri: str
    note: Note | None = None
    actor: Actor | None = None


def read_note_update(activity: Activity) -> Note:
    """Return the present form of the actor's post."""
    if not isinstance(activity.object, dict):
        raise Malformed("An Update must have exactly one object.")
    note = read_note(activity.object)
    check_object(activity, note)
    return addressed(activity, note)


async def apply_note_update(
    tx: Transaction, app: App, received: Received, note: Note, now: datetime
) -> Outcome:
    """Change the stored post, or store it where its Create never came."""
    status = await statuses.find_by_uri(tx, note.id)
    if status is not None:
        await update_note(tx, app, status, ArrivedNote(note, received.account), now)
    elif note.published is None or note.published > now - _STANDS_FOR_CREATE:
        await create_notes(tx, app, [ArrivedNote(note, received.account)], now)
    return Outcome.DONE


def read_actor_update(activity: Activity) -> Actor:
    """Return how the actor describes itself now."""
    if not isinstance(activity.object, dict):
        raise Malformed("An Update must have exactly one object.")
    actor = read_actor(activity.object)
    check_actor_update(activity, actor)
    return actor


async def apply_actor_update(
    tx: Transaction, app: App, received: Received, actor: Actor, now: datetime
) -> Outcome:
    """Store the description; the handle of somebody else is refused.

    Of an actor that describes itself all the time the latest word is fetched once, later.
    """
    if not app.people.updates.spend(received.account.id):
        payload = {"account_id": received.account.id, "anyway": True}
        later = now + _PATIENCE
        await jobs.enqueue(
            tx,
            "refresh_account",
            payload,
            key=str(received.account.id),
            due_at=later,
            host=received.account.domain or "",
        )
        return Outcome.DONE
    holder = await accounts.find_by_handle(tx, actor.username, received.account.domain)
    if holder is not None and holder.id != received.account.id:
        raise NotTrusted("The handle belongs to another actor.")
    account_id = await upsert_actor(tx, app, actor, now)
    await account_updated(tx, app, [await accounts.get(tx, account_id)], now)
    return Outcome.DONE


def read_named(activity: Activity) -> NamedUpdate:
    """Return what of the actor's own host has changed."""
    if not isinstance(activity.object, str):
        raise Malformed("An Update must have exactly one object.")
    check_named(activity, activity.object)
    return NamedUpdate(activity.object)


async def gather_named(app: App, received: Received, named: NamedUpdate) -> NamedUpdate:
    """Fetch its present form from its origin."""
    budget = Budget(_FETCHES)
    if named.uri == received.activity.actor:
        actor = await fetch_actor(app, named.uri, budget)
        check_actor_update(received.activity, actor)
        return replace(named, actor=actor)
    note = (await fetch_note(app, named.uri, budget)).note
    check_object(received.activity, note)
    return replace(named, note=note)


async def apply_named(
    tx: Transaction, app: App, received: Received, named: NamedUpdate, now: datetime
) -> Outcome:
    """Apply what was fetched; what is unknown here needs no update."""
    if named.actor is not None:
        return await apply_actor_update(tx, app, received, named.actor, now)
    if named.note is not None:
        return await apply_note_update(tx, app, received, named.note, now)
    if named.uri == received.account.uri:
        return Outcome.GATHER
    known = await statuses.find_by_uri(tx, named.uri)
    return Outcome.DONE if known is None else Outcome.GATHER


UPDATE_NOTE = Handler(read_note_update, apply_note_update)
UPDATE_ACTOR = Handler(read_actor_update, apply_actor_update)
UPDATE_NAMED = Handler(read_named, apply_named, gather=gather_named)
