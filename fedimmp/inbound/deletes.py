"""Delete: a post, or the actor itself, is gone for good."""

from datetime import datetime

from activitypub.errors import Malformed
from activitypub.objects import Activity
from activitypub.ownership import check_delete
from fedimmp.app import App
from fedimmp.effects.accounts import account_deleted
from fedimmp.effects.statuses import statuses_deleted
from fedimmp.inbound.quotes import withdraw_consent
from fedimmp.inbound.received import Handler, Outcome, Received, object_uri
from storage import accounts, removals, statuses
from storage.database import Transaction


def read_delete(activity: Activity) -> str:
    """Return the id of what is gone, which lies on the actor's own host."""
    uri = object_uri(activity)
    if uri is None:
        raise Malformed("A Delete must have exactly one object.")
    check_delete(activity, uri, None)
    return uri


async def apply_delete(
    tx: Transaction, app: App, received: Received, uri: str, now: datetime
) -> Outcome:
    """Remove it with all that followed from it; its id never comes back, also if it was unknown."""
    actor = received.account
    if uri == actor.uri:
        if await accounts.set_deleted(tx, actor.id, now):
            await account_deleted(tx, app, [actor], now)
        return Outcome.DONE
    status = await statuses.find_by_uri(tx, uri)
    if status is None:
        await withdraw_consent(tx, app, received, uri, now)
        if actor.domain is not None and await accounts.find_by_uri(tx, uri) is None:
            await removals.bury(tx, [uri], actor.domain, now)
        return Outcome.DONE
    author = await accounts.get(tx, status.account_id)
    check_delete(received.activity, uri, author.uri)
    removed = await removals.delete(tx, [status.id], now)
    await statuses_deleted(tx, app, removed, now)
    return Outcome.DONE


DELETE = Handler(read_delete, apply_delete)
