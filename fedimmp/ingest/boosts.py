"""A verified Announce becomes a boost."""

from dataclasses import dataclass
from datetime import datetime

from activitypub.audience import visibility
from activitypub.errors import NotTrusted
from activitypub.objects import Activity
from fedimmp.app import App
from fedimmp.effects.statuses import statuses_published
from storage import peers, statuses
from storage.accounts import Account
from storage.database import Transaction
from storage.ids import id_for_remote
from storage.statuses import NewStatus, Status


@dataclass(frozen=True, slots=True)
class ArrivedBoost:
    """A verified Announce with its stored actor and the stored status that it boosts."""

    activity: Activity
    actor: Account
    original: Status


async def create_boost(
    tx: Transaction, app: App, boost: ArrivedBoost, now: datetime
) -> Status | None:
    """Store a boost with all that follows; None when it is known or was taken back already.

    Of a group of an office whose groups nobody here wants, nothing is stored either.

    Raises NotTrusted for a boost of somebody else's post that is not for everybody.
    """
    activity, actor, original = boost.activity, boost.actor, boost.original
    if actor.actor_type == "Group" and await _refuses_groups(tx, actor):
        return None
    if original.reblog_of_id is not None:
        raise NotTrusted("A boost cannot be boosted.")
    if original.visibility == "direct" or (
        original.visibility == "private" and original.account_id != actor.id
    ):
        raise NotTrusted("Only posts that are for everybody can be boosted.")
    audience = visibility(activity.to, activity.cc, actor.followers_url)
    if audience == "direct" or original.visibility == "private":
        # Some servers do not address their boosts at all; followers are the least they mean.
        audience = "private"
    published = min(activity.published or now, now)
    new = NewStatus(
        id=id_for_remote(published, activity.id, now),
        uri=activity.id,
        account_id=actor.id,
        local=False,
        visibility=audience,
        created_at=published,
        fetched_at=now,
        reblog_of_id=original.id,
    )
    stored = await statuses.insert_many(tx, [new])
    await statuses_published(tx, app, stored, now)
    return stored[0] if stored else None


async def _refuses_groups(tx: Transaction, group: Account) -> bool:
    return group.domain is not None and "groups" in await peers.refuses(tx, group.domain)
