"""Follow, and the answers to ours: Accept and Reject."""

from dataclasses import dataclass
from datetime import datetime

from activitypub.errors import Malformed, NotTrusted
from activitypub.objects import Activity
from activitypub.ownership import check_answer
from activitypub.properties import uri_of
from fedimmp.app import App
from fedimmp.effects import relationships as effects
from fedimmp.inbound.received import Handler, Outcome, Received, object_uri
from storage import accounts, domain_blocks, peers, relationships, statuses
from storage.accounts import INSTANCE_ACCOUNT_ID, Account
from storage.database import Connection, Transaction
from storage.ids import new_id
from storage.relationships import Follow, NewFollow


@dataclass(frozen=True, slots=True)
class FollowAnswer:
    """An Accept or Reject: the Follow's id, and its two ends where it is embedded."""

    follow_uri: str | None
    follower_uri: str | None
    target_uri: str | None


def read_follow(activity: Activity) -> str:
    """Return whom the actor wants to follow."""
    target = object_uri(activity)
    if target is None:
        raise Malformed("A Follow must have exactly one object.")
    return target


async def apply_follow(
    tx: Transaction, app: App, received: Received, target_uri: str, now: datetime
) -> Outcome:
    """Store a follow or a request, and answer what can be answered at once."""
    follower = received.account
    target = await find_member(tx, target_uri)
    if target is None:
        return Outcome.DONE
    uri = received.activity.id
    if uri in await statuses.tombstoned(tx, [uri]):
        # It was taken back before it came.
        return Outcome.DONE
    if await relationships.is_blocked_between(
        tx, follower.id, target.id
    ) or await domain_blocks.is_blocked(tx, target.id, follower.id):
        await effects.follow_rejected(tx, app, [_refused(follower, target, uri, now)], now)
        return Outcome.DONE
    # Whom staff limits, or whose office, has to ask, as has everybody where there is a lock.
    at_once = (
        not target.locked
        and follower.silenced_at is None
        and not await peers.is_limited(tx, follower.domain)
    )
    known = await relationships.find_follow(tx, follower.id, target.id)
    if known is not None:
        await _repeat(tx, app, known, uri, now, at_once=at_once)
        return Outcome.DONE
    new = NewFollow(
        id=new_id(now),
        account_id=follower.id,
        target_id=target.id,
        uri=uri,
        state="accepted" if at_once else "pending",
    )
    follow = await relationships.insert_follow(tx, new, now)
    if follow is not None:
        effect = effects.followed if follow.state == "accepted" else effects.follow_requested
        await effect(tx, app, [follow], now)
    return Outcome.DONE


def read_answer(activity: Activity) -> FollowAnswer:
    """Return which Follow is answered."""
    match activity.object:
        case str(uri):
            return FollowAnswer(uri, None, None)
        case dict() as follow:
            return FollowAnswer(
                uri_of(follow.get("id")), uri_of(follow.get("actor")), uri_of(follow.get("object"))
            )
        case _:
            raise Malformed("An answer must have exactly one object.")


async def apply_accept(
    tx: Transaction, app: App, received: Received, answer: FollowAnswer, now: datetime
) -> Outcome:
    """Let a pending follow of one of ours count."""
    follow = await _find_answered(tx, received, answer)
    if follow is not None:
        accepted = await relationships.accept_follow(tx, follow.account_id, follow.target_id)
        if accepted is not None:
            await effects.followed(tx, app, [accepted], now)
    return Outcome.DONE


async def apply_reject(
    tx: Transaction, app: App, received: Received, answer: FollowAnswer, now: datetime
) -> Outcome:
    """End a follow or a request of one of ours, whether it was accepted before or not."""
    follow = await _find_answered(tx, received, answer)
    if follow is not None:
        ended = await relationships.delete_follow(tx, follow.account_id, follow.target_id)
        if ended is not None:
            await effects.follow_rejected(tx, app, [ended], now)
    return Outcome.DONE


async def find_member(conn: Connection, uri: str) -> Account | None:
    """Return one of our people by the actor's URI; None for others and for the instance actor."""
    account = await accounts.find_by_uri(conn, uri)
    if account is None or not account.is_local or account.id == INSTANCE_ACCOUNT_ID:
        return None
    if account.suspended_at is not None or account.deleted_at is not None:
        return None
    return account


async def _repeat(
    tx: Transaction, app: App, known: Follow, uri: str, now: datetime, *, at_once: bool
) -> None:
    """Take over the id of a Follow that came again, and answer again what was answered before.

    The other office may have lost our answer, or its database. A request that waits is granted if
    the lock is gone.
    """
    if known.uri != uri:
        if await relationships.find_follow_by_uri(tx, uri) is not None:
            raise NotTrusted("The id of this Follow belongs to another one.")
        changed = await relationships.update_follow(
            tx, known.account_id, known.target_id, {"uri": uri}
        )
        known = changed or known
    if known.state == "accepted":
        await effects.acceptance_repeated(tx, app, [known], now)
    elif at_once:
        accepted = await relationships.accept_follow(tx, known.account_id, known.target_id)
        if accepted is not None:
            await effects.followed(tx, app, [accepted], now)


async def _find_answered(
    tx: Transaction, received: Received, answer: FollowAnswer
) -> Follow | None:
    """Return the answered follow of one of ours; None if there is none.

    Some servers (Pleroma, Lemmy) rewrite the Follow's id, so its two ends count as well. Raises
    NotTrusted where somebody else was asked.
    """
    follow = None
    if answer.follow_uri is not None:
        follow = await relationships.find_follow_by_uri(tx, answer.follow_uri)
    if follow is not None:
        asked = await accounts.get(tx, follow.target_id)
        check_answer(received.activity, asked.uri)
        return follow
    if answer.follower_uri is None or answer.target_uri is None:
        return None
    check_answer(received.activity, answer.target_uri)
    follower = await find_member(tx, answer.follower_uri)
    if follower is None:
        return None
    return await relationships.find_follow(tx, follower.id, received.account.id)


def _refused(follower: Account, target: Account, uri: str, now: datetime) -> Follow:
    """Make the follow that is not stored, for the answer that refuses it."""
    return Follow(
        id=new_id(now),
        account_id=follower.id,
        target_id=target.id,
        uri=uri,
        state="pending",
        reblogs=True,
        notify=False,
        languages=None,
        created_at=now,
    )


FOLLOW = Handler(read_follow, apply_follow)
ACCEPT = Handler(read_answer, apply_accept)
REJECT = Handler(read_answer, apply_reject)
