"""Like and EmojiReact: a favourite of somebody at another office.

Whatever emoji somebody reacts with, and however many, one person counts once for one post.
"""

from datetime import datetime
from typing import Final

from activitypub.errors import Malformed
from activitypub.objects import Activity
from fedimmp.app import App
from fedimmp.effects.interactions import favourited
from fedimmp.inbound.received import Handler, Outcome, Received, object_uri
from storage import interactions, statuses
from storage.database import Transaction
from storage.ids import new_id
from storage.interactions import Favourite

# Pleroma and Akkoma let one person react to one post with many emoji.
_MOST_REACTIONS: Final = 50


def read_like(activity: Activity) -> str:
    """Return which post the actor likes."""
    uri = object_uri(activity)
    if uri is None:
        raise Malformed(f"A {activity.type} must have exactly one object.")
    return uri


async def apply_like(
    tx: Transaction, app: App, received: Received, uri: str, now: datetime
) -> Outcome:
    """Store the favourite of a known post that the actor may see; others are ignored, as boosts."""
    status = await statuses.find_by_uri(tx, uri)
    if status is None or status.reblog_of_id is not None:
        return Outcome.DONE
    like_uri = received.activity.id
    if like_uri in await statuses.tombstoned(tx, [like_uri]):
        # It was taken back before it came.
        return Outcome.DONE
    actor = received.account
    if status.id not in await statuses.list_visible(tx, actor.id, [status.id]):
        return Outcome.DONE
    favourite = Favourite(id=new_id(now), account_id=actor.id, status_id=status.id, uri=like_uri)
    stored = await interactions.insert_favourites(tx, [favourite], now)
    if stored:
        await favourited(tx, app, stored, now)
        return Outcome.DONE
    known = await interactions.find_favourite(tx, actor.id, status.id)
    if known is not None and known.uri != like_uri:
        await interactions.insert_further_reaction(
            tx, actor.id, status.id, like_uri, now, limit=_MOST_REACTIONS
        )
    return Outcome.DONE


LIKE = Handler(read_like, apply_like)
