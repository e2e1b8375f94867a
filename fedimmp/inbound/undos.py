"""Undo: a follow, favourite, boost, block or acceptance is taken back by the one who gave it.

What is not known is remembered as taken back, in case it comes late.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from activitypub.errors import Malformed
from activitypub.objects import Activity
from activitypub.ownership import check_undone
from activitypub.properties import first, type_of, uri_of
from activitypub.vocabulary import ACTIVITY_TYPES
from fedimmp.app import App
from fedimmp.effects import relationships as effects
from fedimmp.effects.interactions import unfavourited
from fedimmp.effects.statuses import statuses_deleted
from fedimmp.inbound.follows import find_member
from fedimmp.inbound.received import Handler, Outcome, Received
from storage import accounts, interactions, relationships, removals, statuses
from storage.accounts import Account
from storage.database import Transaction


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What is undone: its id, its type where it is embedded, and what it was about.

    follower_uri is set for an Accept: whose follow was accepted.
    """

    uri: str | None
    type: str | None
    object_uri: str | None
    follower_uri: str | None = None


def read_undo(activity: Activity) -> TakenBack:
    """Return what the actor takes back of its own."""
    actor = None
    match activity.object:
        case str(uri):
            inner = TakenBack(uri, None, None)
        case dict() as embedded:
            actor = uri_of(embedded.get("actor"))
            about = first(embedded.get("object"))
            inner = TakenBack(
                uri_of(embedded.get("id")),
                type_of(embedded, ACTIVITY_TYPES),
                uri_of(about),
                uri_of(about.get("actor")) if isinstance(about, dict) else None,
            )
        case _:
            raise Malformed("An Undo must have exactly one object.")
    check_undone(activity, inner.uri, actor)
    return inner


async def apply_undo(
    tx: Transaction, app: App, received: Received, undone: TakenBack, now: datetime
) -> Outcome:
    """Take it back, whatever it is; a bare id is looked for among all that it may be."""
    undo = _Undo(tx, app, received.account, undone, now)
    kinds: dict[str, Callable[[], Awaitable[bool]]] = {
        "Follow": undo.follow,
        "Like": undo.like,
        "EmojiReact": undo.like,
        "Announce": undo.boost,
        "Block": undo.block,
        "Accept": undo.acceptance,
    }
    if undone.type is not None and undone.type not in kinds:
        return Outcome.DONE
    chosen = [kinds[undone.type]] if undone.type is not None else list(kinds.values())
    for take_back in chosen:
        if await take_back():
            return Outcome.DONE
    if undone.uri is None or received.account.domain is None:
        return Outcome.DONE
    # A post that is stored under this id, yet was not found above, belongs to a neighbour.
    if await statuses.find_by_uri(tx, undone.uri) is None:
        await removals.bury(tx, [undone.uri], received.account.domain, now)
    return Outcome.DONE


@dataclass(frozen=True, slots=True)
class _Undo:
    """The ways to take back; each returns whether it found something."""

    tx: Transaction
    app: App
    actor: Account
    undone: TakenBack
    now: datetime

    async def follow(self) -> bool:
        target_id = None
        if self.undone.object_uri is not None:
            target = await find_member(self.tx, self.undone.object_uri)
            target_id = None if target is None else target.id
        elif self.undone.uri is not None:
            known = await relationships.find_follow_by_uri(self.tx, self.undone.uri)
            if known is not None and known.account_id == self.actor.id:
                target_id = known.target_id
        if target_id is None:
            return False
        ended = await relationships.delete_follow(self.tx, self.actor.id, target_id)
        if ended is not None:
            await effects.unfollowed(self.tx, self.app, [ended], self.now)
        return ended is not None

    async def like(self) -> bool:
        """Take back one reaction; the favourite goes with the last of them."""
        uri, actor_id = self.undone.uri, self.actor.id
        if uri is not None and await interactions.delete_further_reaction(self.tx, actor_id, uri):
            return True
        status_id = await self._liked_id()
        if status_id is None:
            return False
        if await interactions.take_further_reaction(self.tx, actor_id, status_id):
            return True
        ended = await interactions.delete_favourites(self.tx, [(self.actor.id, status_id)])
        if ended:
            await unfavourited(self.tx, self.app, ended, self.now)
        return bool(ended)

    async def _liked_id(self) -> int | None:
        known = None
        if self.undone.uri is not None:
            known = await interactions.find_favourite_by_uri(
                self.tx, self.actor.id, self.undone.uri
            )
        # Lemmy and Pleroma write other ids of a Like into its Undo, never into that of a reaction.
        if known is not None or self.undone.object_uri is None or self.undone.type == "EmojiReact":
            return None if known is None else known.status_id
        status = await statuses.find_by_uri(self.tx, self.undone.object_uri)
        return None if status is None else status.id

    async def boost(self) -> bool:
        boost = None
        if self.undone.uri is not None:
            boost = await statuses.find_by_uri(self.tx, self.undone.uri)
        if boost is None and self.undone.object_uri is not None:
            original = await statuses.find_by_uri(self.tx, self.undone.object_uri)
            if original is not None:
                boost = await statuses.find_boost(self.tx, self.actor.id, original.id)
        if boost is None or boost.reblog_of_id is None or boost.account_id != self.actor.id:
            return False
        removed = await removals.delete(self.tx, [boost.id], self.now)
        await statuses_deleted(self.tx, self.app, removed, self.now)
        return True

    async def block(self) -> bool:
        target = None
        if self.undone.object_uri is not None:
            target = await find_member(self.tx, self.undone.object_uri)
        elif self.undone.uri is not None:
            known = await relationships.find_block_by_uri(self.tx, self.actor.id, self.undone.uri)
            target = None if known is None else await accounts.get(self.tx, known.target_id)
        if target is None:
            return False
        ended = await relationships.unblock(self.tx, self.actor.id, target.id)
        if ended is not None:
            await effects.unblocked(self.tx, self.app, [ended], self.now)
        return ended is not None

    async def acceptance(self) -> bool:
        """End a follow of one of ours that the actor had accepted."""
        follow = None
        if self.undone.object_uri is not None:
            follow = await relationships.find_follow_by_uri(self.tx, self.undone.object_uri)
        if follow is None and self.undone.follower_uri is not None:
            follower = await find_member(self.tx, self.undone.follower_uri)
            if follower is not None:
                follow = await relationships.find_follow(self.tx, follower.id, self.actor.id)
        if follow is None or follow.target_id != self.actor.id:
            return False
        ended = await relationships.delete_follow(self.tx, follow.account_id, self.actor.id)
        if ended is not None:
            await effects.follow_rejected(self.tx, self.app, [ended], self.now)
        return ended is not None


UNDO = Handler(read_undo, apply_undo)
