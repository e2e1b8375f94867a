"""What happens when accounts follow, leave, refuse or block one another, here or elsewhere.

The rows and counters are changed already (`storage.relationships`). Each function takes a batch, in
the transaction that changed them.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from fedimmp.app import App
from fedimmp.effects import notices
from fedimmp.outbound import activities, addressing
from storage import accounts, endorsements, home_feeds, jobs, lists, notifications
from storage.accounts import Account
from storage.database import Connection, Transaction
from storage.notifications import NotificationDraft
from storage.relationships import Block, Follow


async def follow_requested(
    tx: Transaction, app: App, follows: Sequence[Follow], now: datetime, *, quietly: bool = False
) -> None:
    """Tell our members who asks to follow them, and ask the office of whom ours want to follow.

    On the way, what that office has published of the target is fetched once. With `quietly` nobody
    here is told, as when followers come along with somebody who moved.
    """
    people = await _people(tx, follows)
    if not quietly:
        await notices.notified(tx, [_draft(follow, "follow_request") for follow in follows], now)
    for follow, target in _outgoing(follows, people):
        activity = activities.follow(app, follow.account_id, uri=follow.uri, target_uri=target.uri)
        await _send(tx, app, follow.account_id, activity, target, now)
        if target.backfilled_at is None:
            await jobs.enqueue(
                tx,
                "backfill",
                {"account_id": target.id},
                key=str(target.id),
                host=target.domain or "",
            )


async def followed(
    tx: Transaction, app: App, follows: Sequence[Follow], now: datetime, *, quietly: bool = False
) -> None:
    """Tell our members who follows them, fill home timelines, accept people of other offices.

    With `quietly` nobody here is told.
    """
    if not follows:
        return
    # A request that was granted is no news any more.
    await notifications.delete_matching(
        tx, [_draft(follow, "follow_request") for follow in follows]
    )
    if not quietly:
        await notices.notified(tx, [_draft(follow, "follow") for follow in follows], now)
    await home_feeds.merge(tx, _pairs(follows))
    await acceptance_repeated(tx, app, follows, now)


async def acceptance_repeated(
    tx: Transaction, app: App, follows: Sequence[Follow], now: datetime
) -> None:
    """Tell the offices of people who follow ours that they do, also when they ask again."""
    for follow, follower in _incoming(follows, await _people(tx, follows)):
        activity = activities.accept_follow(
            app, follow.target_id, follow_uri=follow.uri, follower_uri=follower.uri
        )
        await _send(tx, app, follow.target_id, activity, follower, now)


async def follow_rejected(
    tx: Transaction, app: App, follows: Sequence[Follow], now: datetime
) -> None:
    """Undo what follows led to that their targets ended or refused, and tell their offices."""
    if not follows:
        return
    await _end(tx, follows)
    for follow, follower in _incoming(follows, await _people(tx, follows)):
        activity = activities.reject_follow(
            app, follow.target_id, follow_uri=follow.uri, follower_uri=follower.uri
        )
        await _send(tx, app, follow.target_id, activity, follower, now)


async def unfollowed(tx: Transaction, app: App, follows: Sequence[Follow], now: datetime) -> None:
    """Undo what follows led to that their owners ended, and tell the targets' offices."""
    if not follows:
        return
    await _end(tx, follows)
    for follow, target in _outgoing(follows, await _people(tx, follows)):
        activity = activities.undo_follow(
            app, follow.account_id, follow_uri=follow.uri, target_uri=target.uri
        )
        await _send(tx, app, follow.account_id, activity, target, now)


async def follows_ended(tx: Transaction, follows: Sequence[Follow]) -> None:
    """Undo what follows led to whose one side has gone away; no office needs to be told."""
    if follows:
        await _end(tx, follows)


async def blocked(tx: Transaction, app: App, blocks: Sequence[Block], now: datetime) -> None:
    """Take both people out of each other's home timelines and notifications; tell the office.

    The office is told unless the configuration says otherwise. Follows between the two are ended by
    the caller, with effects of their own.
    """
    pairs = [(block.account_id, block.target_id) for block in blocks]
    pairs += [(target_id, owner_id) for owner_id, target_id in pairs]
    await home_feeds.expel(tx, pairs)
    await notifications.delete_between(tx, pairs)
    for block, target in await _going_out(tx, app, blocks):
        activity = activities.block(
            app, block.account_id, uri=_block_uri(app, block), target_uri=target.uri
        )
        await _send(tx, app, block.account_id, activity, target, now)


async def unblocked(tx: Transaction, app: App, blocks: Sequence[Block], now: datetime) -> None:
    """Tell the office of somebody whom one of ours no longer blocks."""
    for block, target in await _going_out(tx, app, blocks):
        activity = activities.undo_block(
            app, block.account_id, block_uri=_block_uri(app, block), target_uri=target.uri
        )
        await _send(tx, app, block.account_id, activity, target, now)


async def _end(tx: Transaction, follows: Sequence[Follow]) -> None:
    pairs = _pairs(follows)
    await home_feeds.unmerge(tx, pairs)
    await lists.drop_followed(tx, pairs)
    await endorsements.drop_followed(tx, pairs)
    await notifications.delete_matching(
        tx,
        [_draft(follow, kind) for follow in follows for kind in ("follow", "follow_request")],
    )


async def _send(
    tx: Transaction,
    app: App,
    sender_id: int,
    activity: dict[str, Any],
    recipient: Account,
    now: datetime,
) -> None:
    await addressing.enqueue(
        tx,
        app,
        account_id=sender_id,
        activity=activity,
        account_ids=[recipient.id],
        now=now,
    )


async def _people(conn: Connection, rows: Sequence[Follow | Block]) -> dict[int, Account]:
    return await accounts.get_many(
        conn, [each for row in rows for each in (row.account_id, row.target_id)]
    )


def _outgoing(
    follows: Sequence[Follow], people: dict[int, Account]
) -> Iterable[tuple[Follow, Account]]:
    """Those of our members towards people of other offices, who come along."""
    for follow in follows:
        if people[follow.account_id].is_local and not people[follow.target_id].is_local:
            yield follow, people[follow.target_id]


def _incoming(
    follows: Sequence[Follow], people: dict[int, Account]
) -> Iterable[tuple[Follow, Account]]:
    """Those of people of other offices, who come along, towards our members."""
    for follow in follows:
        if not people[follow.account_id].is_local and people[follow.target_id].is_local:
            yield follow, people[follow.account_id]


async def _going_out(
    conn: Connection, app: App, blocks: Sequence[Block]
) -> list[tuple[Block, Account]]:
    """Those of our members towards people of other offices, who come along."""
    if not app.config.federation.send_blocks:
        return []
    people = await _people(conn, blocks)
    return [
        (block, people[block.target_id])
        for block in blocks
        if people[block.account_id].is_local and not people[block.target_id].is_local
    ]


def _block_uri(app: App, block: Block) -> str:
    return block.uri or app.uris.activity(block.account_id, block.id)


def _pairs(follows: Sequence[Follow]) -> list[tuple[int, int]]:
    return [(follow.account_id, follow.target_id) for follow in follows]


def _draft(follow: Follow, kind: str) -> NotificationDraft:
    return NotificationDraft(follow.target_id, kind, follow.account_id)
