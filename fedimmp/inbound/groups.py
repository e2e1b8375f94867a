"""Announce of an activity: a group passes on what its members posted (FEP-1b12).

Nothing that the group embeds is believed: the post is fetched from its author's host, and what is
not found there did not happen. Favourites that a group passes on are left out: one that was taken
back could be passed on again.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime

from activitypub.errors import Gone, Malformed
from activitypub.objects import Activity
from activitypub.ownership import check_known
from activitypub.properties import first, type_of, uri_of
from activitypub.vocabulary import ACTIVITY_TYPES
from fedimmp.app import App
from fedimmp.effects.statuses import statuses_deleted
from fedimmp.inbound.received import Handler, Outcome, Received
from fedimmp.ingest.boosts import ArrivedBoost, create_boost
from fedimmp.ingest.edits import update_note
from fedimmp.ingest.fetched import store_fetched
from fedimmp.ingest.notes import ArrivedNote
from fedimmp.remote.budget import Budget
from fedimmp.remote.notes import FetchedNote, fetch_note
from storage import accounts, readership, removals, statuses
from storage.database import Transaction
from storage.statuses import Status

_FETCHES = 3


@dataclass(frozen=True, slots=True)
class Relayed:
    """What a group passes on: the activity's type, and the post that it is about (None: nothing).

    Once gathered: `found` is the post as its author's host shows it, `is_gone` that it shows none.
    """

    type: str | None
    uri: str | None
    found: FetchedNote | None = None
    is_gone: bool = False


def read_relayed(activity: Activity) -> Relayed:
    """Return what a group passes on."""
    if not isinstance(activity.object, dict):
        raise Malformed("An Announce must have exactly one object.")
    about = uri_of(first(activity.object.get("object")))
    return Relayed(type_of(activity.object, ACTIVITY_TYPES), about)


async def apply_relayed(
    tx: Transaction, app: App, received: Received, relayed: Relayed, now: datetime
) -> Outcome:
    """Apply what a group passes on, once it is verified; from anybody else it is ignored."""
    kinds: dict[str | None, Callable[[_Relay], Awaitable[Outcome]]] = {
        "Create": _Relay.post,
        "Update": _Relay.edit,
        "Delete": _Relay.removal,
    }
    if received.account.actor_type != "Group" or relayed.type not in kinds:
        return Outcome.DONE
    if relayed.uri is None:
        raise Malformed("The activity that is passed on is about nothing.")
    return await kinds[relayed.type](_Relay(tx, app, received, relayed, relayed.uri, now))


async def gather_relayed(app: App, _received: Received, relayed: Relayed) -> Relayed:
    """Fetch the post, and its author if need be, from their own host."""
    if relayed.uri is None:
        return relayed
    try:
        return replace(relayed, found=await fetch_note(app, relayed.uri, Budget(_FETCHES)))
    except Gone:
        return replace(relayed, is_gone=True)


@dataclass(frozen=True, slots=True)
class _Relay:
    """The ways to apply something that a group passes on."""

    tx: Transaction
    app: App
    received: Received
    relayed: Relayed
    uri: str
    now: datetime

    async def post(self) -> Outcome:
        """Show a new post; one that begins a thread is boosted by the group."""
        tx, group = self.tx, self.received.account
        if await statuses.tombstoned(tx, [self.uri, self.received.activity.id]):
            return Outcome.DONE
        if self.relayed.found is not None:
            await store_fetched(tx, self.app, [self.relayed.found], self.now, backfill=True)
        status = await statuses.find_by_uri(tx, self.uri)
        if status is None:
            if self.relayed.found or self.relayed.is_gone or self.app.uris.is_local(self.uri):
                return Outcome.DONE
            followed = await readership.followed_here(tx, [group.id])
            return Outcome.GATHER if followed else Outcome.DONE
        # Every comment would be too much for those who follow the group.
        if status.in_reply_to_uri is None and status.in_reply_to_id is None:
            boost = ArrivedBoost(self.received.activity, group, status)
            await create_boost(tx, self.app, boost, self.now)
        return Outcome.DONE

    async def edit(self) -> Outcome:
        """Take over the present form of a known post."""
        status = await self._known_post()
        if status is None or self.relayed.is_gone:
            return Outcome.DONE
        if self.relayed.found is None:
            return Outcome.GATHER
        author = await accounts.get(self.tx, status.account_id)
        note = self.relayed.found.note
        check_known(note, self.uri, author.uri)
        await update_note(self.tx, self.app, status, ArrivedNote(note, author), self.now)
        return Outcome.DONE

    async def removal(self) -> Outcome:
        """Remove a known post that its author's host shows to nobody any more.

        A post that is not for everybody is never shown to us, which proves nothing.
        """
        status = await self._known_post()
        if status is None or status.visibility not in ("public", "unlisted"):
            return Outcome.DONE
        if not self.relayed.is_gone:
            return Outcome.GATHER if self.relayed.found is None else Outcome.DONE
        removed = await removals.delete(self.tx, [status.id], self.now)
        await statuses_deleted(self.tx, self.app, removed, self.now)
        return Outcome.DONE

    async def _known_post(self) -> Status | None:
        status = await statuses.find_by_uri(self.tx, self.uri)
        return None if status is None or status.local else status


RELAYED = Handler(read_relayed, apply_relayed, gather=gather_relayed)
