"""Block: somebody at another office wants nothing to do with one of ours."""

from datetime import datetime

from activitypub.errors import Malformed
from activitypub.objects import Activity
from fedimmp.app import App
from fedimmp.effects import relationships as effects
from fedimmp.inbound.follows import find_member
from fedimmp.inbound.received import Handler, Outcome, Received, object_uri
from storage import relationships, statuses
from storage.database import Transaction
from storage.ids import new_id
from storage.relationships import Block


def read_block(activity: Activity) -> str | None:
    """Return whom the actor blocks; None where a group is closed to somebody (Lemmy).

    That has the group as its target, and is nothing between two people.
    """
    uri = object_uri(activity)
    if uri is None:
        raise Malformed("A Block must have exactly one object.")
    return uri if activity.target is None else None


async def apply_block(
    tx: Transaction, app: App, received: Received, uri: str | None, now: datetime
) -> Outcome:
    """Store the block and end follows in both directions; blocks of others are ignored."""
    actor = received.account
    target = None if uri is None else await find_member(tx, uri)
    if target is None or received.activity.id in await statuses.tombstoned(
        tx, [received.activity.id]
    ):
        return Outcome.DONE
    block = Block(
        id=new_id(now), account_id=actor.id, target_id=target.id, uri=received.activity.id
    )
    if not await relationships.block(tx, block, now):
        return Outcome.DONE
    ended = await relationships.delete_follows_between(tx, actor.id, target.id)
    # The actor ends its own follow, and refuses the one towards it.
    await effects.unfollowed(tx, app, [each for each in ended if each.account_id == actor.id], now)
    await effects.follow_rejected(
        tx, app, [each for each in ended if each.target_id == actor.id], now
    )
    await effects.blocked(tx, app, [block], now)
    return Outcome.DONE


BLOCK = Handler(read_block, apply_block)
