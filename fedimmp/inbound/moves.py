"""Move: somebody goes on as another actor, and our people who follow go along."""

from dataclasses import dataclass, replace
from datetime import datetime

from activitypub.errors import Malformed, NotTrusted
from activitypub.objects import Activity, Actor
from activitypub.ownership import check_alias, check_move
from fedimmp.app import App
from fedimmp.effects.accounts import MOVE_PAUSE, account_moved
from fedimmp.inbound.received import Handler, Outcome, Received, object_uri
from fedimmp.ingest.accounts import upsert_actor
from fedimmp.remote.actors import fetch_actor
from fedimmp.remote.budget import Budget
from storage import accounts, moves
from storage.accounts import Account
from storage.database import Transaction

_FETCHES = 2


@dataclass(frozen=True, slots=True)
class Moving:
    """Where the actor goes; found once the target was fetched from its own origin."""

    target_uri: str
    found: Actor | None = None


def read_move(activity: Activity) -> Moving:
    """Return where the actor moves itself to."""
    moved = object_uri(activity)
    if moved is None or activity.target is None:
        raise Malformed("A Move must have exactly one object and a target.")
    check_move(activity, moved)
    if activity.target == activity.actor:
        raise Malformed("An actor cannot move to where it is.")
    return Moving(activity.target)


async def apply_move(
    tx: Transaction, app: App, received: Received, moving: Moving, now: datetime
) -> Outcome:
    """Let our people follow the new account, if that one says as well that both are the same.

    Raises NotTrusted otherwise, and for a second move within a week.
    """
    actor = received.account
    # Its row as it is now: an earlier Move may be in this very transaction.
    place = await moves.lock(tx, actor.id)
    known = await accounts.find_by_uri(tx, moving.target_uri)
    if place.moved_at is not None and known is not None and known.id == place.moved_to_id:
        return Outcome.DONE
    if place.moved_at is not None and place.moved_at > now - MOVE_PAUSE:
        raise NotTrusted(f"This account has moved within the last {MOVE_PAUSE.days} days.")
    if moving.found is None and not app.uris.is_local(moving.target_uri):
        if not app.people.moves.spend(actor.id):
            raise NotTrusted("This account tries to move too often.")
        return Outcome.GATHER
    target = await _target(tx, app, received.activity, moving, now)
    await moves.set_moved(tx, actor.id, target.id, now)
    await account_moved(tx, app, actor, target, now)
    return Outcome.DONE


async def gather_move(app: App, _received: Received, moving: Moving) -> Moving:
    """Fetch the target anew: whom it knows itself as may have changed a minute ago."""
    return replace(moving, found=await fetch_actor(app, moving.target_uri, Budget(_FETCHES)))


async def _target(
    tx: Transaction, app: App, activity: Activity, moving: Moving, now: datetime
) -> Account:
    """Return the stored target if it may be moved to; raises NotTrusted."""
    if moving.found is not None and moving.found.id == moving.target_uri:
        check_alias(activity, moving.found.also_known_as)
        if moving.found.moved_to is not None:
            raise NotTrusted("The target of the move has moved itself.")
        target = await accounts.get(tx, await upsert_actor(tx, app, moving.found, now))
    else:
        local = await accounts.find_by_uri(tx, moving.target_uri)
        if local is None or not local.is_local:
            raise NotTrusted("The target of the move is not what it says to be.")
        check_alias(activity, local.also_known_as)
        target = local
    if target.moved_to_id is not None:
        raise NotTrusted("The target of the move has moved itself.")
    if target.suspended_at is not None or target.deleted_at is not None:
        raise NotTrusted("The target of the move is not available here.")
    return target


MOVE = Handler(read_move, apply_move, gather=gather_move)
