"""What happens when somebody favourites a status, votes in a poll, or a poll ends."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from fedimmp.app import App
from fedimmp.effects import notices
from fedimmp.outbound import activities, addressing
from storage import jobs, notifications, polls, statuses
from storage.database import Transaction
from storage.interactions import Favourite
from storage.notifications import NotificationDraft
from storage.polls import NewVote, Poll
from storage.statuses import Status

# Votes come in bursts: other offices learn the counts of all of them at once.
_COUNT_DELAY = timedelta(seconds=15)


async def favourited(
    tx: Transaction, app: App, favourites: Sequence[Favourite], now: datetime
) -> None:
    """Tell the authors of new favourites, and other offices of ours."""
    liked = await statuses.get_many(tx, [each.status_id for each in favourites])
    await notices.notified(tx, _drafts(favourites, liked), now)
    for each in favourites:
        if (status := liked.get(each.status_id)) and _goes_out(app, each, status):
            await addressing.enqueue(
                tx,
                app,
                account_id=each.account_id,
                activity=await activities.like(tx, app, each, status),
                account_ids=[status.account_id],
                now=now,
            )


async def unfavourited(
    tx: Transaction, app: App, favourites: Sequence[Favourite], now: datetime
) -> None:
    """Take back what favourites led to."""
    liked = await statuses.get_many(tx, [each.status_id for each in favourites])
    await notifications.delete_matching(tx, _drafts(favourites, liked))
    for each in favourites:
        if (status := liked.get(each.status_id)) and _goes_out(app, each, status):
            await addressing.enqueue(
                tx,
                app,
                account_id=each.account_id,
                activity=await activities.undo_like(tx, app, each, status),
                account_ids=[status.account_id],
                now=now,
            )


async def voted(
    tx: Transaction, app: App, poll: Poll, votes: Sequence[NewVote], now: datetime
) -> None:
    """Send our members' votes to the poll's office, or the new counts to everybody."""
    status = await statuses.get(tx, poll.status_id)
    if status.local:
        await jobs.enqueue(
            tx, "poll_counts", {"poll_id": poll.id}, key=str(poll.id), due_at=now + _COUNT_DELAY
        )
        return
    for vote in votes:
        await addressing.enqueue(
            tx,
            app,
            account_id=vote.account_id,
            activity=await activities.vote(tx, app, vote, poll, status),
            account_ids=[status.account_id],
            now=now,
        )


async def poll_ended(tx: Transaction, poll: Poll, now: datetime) -> None:
    """Tell the author and everybody here who voted that the result is there."""
    people = {poll.account_id, *await polls.list_voters(tx, poll.id)}
    drafts = [
        NotificationDraft(account_id, "poll", poll.account_id, poll.status_id)
        for account_id in sorted(people)
    ]
    await notices.notified(tx, drafts, now)


def _drafts(favourites: Sequence[Favourite], liked: dict[int, Status]) -> list[NotificationDraft]:
    return [
        NotificationDraft(status.account_id, "favourite", each.account_id, status.id)
        for each in favourites
        if (status := liked.get(each.status_id))
    ]


def _goes_out(app: App, favourite: Favourite, status: Status) -> bool:
    if status.local:
        return False
    # A favourite of somebody here carries the id that we made for it.
    return favourite.uri is not None and app.uris.is_local(favourite.uri)
