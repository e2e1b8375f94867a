"""News of the manifest: nothing of it is believed, but its source is asked at once."""

from datetime import datetime

from activitypub.objects import Activity
from activitypub.ownership import check_named
from fedimmp.app import App
from fedimmp.effects.organisation import pull_soon
from fedimmp.inbound.received import Handler, Outcome, Received, object_uri
from storage.database import Transaction


def read_news(activity: Activity) -> str | None:
    """Return what there is news of: something at the office that says so."""
    uri = object_uri(activity)
    if uri is not None:
        check_named(activity, uri)
    return uri


async def apply_news(
    tx: Transaction, _app: App, received: Received, _uri: str | None, now: datetime
) -> Outcome:
    """Have the source asked, if it is the one that says so."""
    await pull_soon(tx, now, heard_from=received.account.domain)
    return Outcome.DONE


MANIFEST_NEWS = Handler(read_news, apply_news)
