"""Votes of our members, and what the clock does to polls."""

from collections.abc import Mapping, Sequence

from fedimmp.access import access_status
from fedimmp.app import App
from fedimmp.effects.interactions import poll_ended, voted
from fedimmp.effects.statuses import statuses_edited
from fedimmp.errors import Invalid, NotFound
from storage import jobs, polls, statuses
from storage.database import Transaction
from storage.ids import new_id
from storage.polls import NewPoll, NewVote, Poll


async def vote(app: App, account_id: int, poll_id: int, choices: Sequence[int]) -> None:
    """Vote in a poll by the indexes of its options.

    Raises NotFound for a poll that the member may not see, Invalid for an own or ended poll, a
    second vote, and choices that there are not.
    """

    async def work(tx: Transaction) -> None:
        now = app.now()
        poll = await polls.lock(tx, poll_id)
        if poll is None:
            raise NotFound
        status = await access_status(tx, account_id, poll.status_id)
        wanted = sorted(set(choices))
        if poll.account_id == account_id:
            raise Invalid("Validation failed: You can't vote in your own poll")
        if poll.has_ended(now):
            raise Invalid("Validation failed: The poll has already ended")
        earlier = await polls.list_choices(tx, poll_id, account_id)
        _check_choices(poll, wanted, earlier)
        votes = [
            NewVote(
                account_id,
                choice,
                None if status.local else app.uris.activity(account_id, new_id(now)),
            )
            for choice in wanted
        ]
        await voted(tx, app, poll, await polls.insert_votes(tx, poll, votes), now)
        if poll.expires_at is not None:
            await schedule_end(tx, poll)

    await app.db.transact(work)


async def end_poll(app: App, payload: Mapping[str, int]) -> None:
    """Job: tell author and voters that a poll has ended; one that was prolonged waits again."""

    async def work(tx: Transaction) -> None:
        now = app.now()
        poll = await polls.find(tx, payload["poll_id"])
        if poll is None:
            return
        if not poll.has_ended(now):
            await schedule_end(tx, poll)
            return
        ended = await polls.take_ended(tx, poll.id, now)
        if ended is None:
            return
        await poll_ended(tx, ended, now)
        await _spread_counts(tx, app, ended)

    await app.db.transact(work)


async def send_counts(app: App, payload: Mapping[str, int]) -> None:
    """Job: let other offices and open apps see the present counts of a poll of ours."""

    async def work(tx: Transaction) -> None:
        poll = await polls.find(tx, payload["poll_id"])
        if poll is not None:
            await _spread_counts(tx, app, poll)

    await app.db.transact(work)


def _check_choices(poll: Poll, wanted: Sequence[int], earlier: Sequence[int]) -> None:
    if not wanted or wanted[0] < 0 or wanted[-1] >= len(poll.options):
        raise Invalid("Validation failed: The chosen vote option does not exist")
    if not poll.multiple and (len(wanted) > 1 or earlier):
        raise Invalid("Validation failed: You have already voted on this poll")
    if set(wanted) & set(earlier):
        raise Invalid("Validation failed: You have already voted on this poll")


async def _spread_counts(tx: Transaction, app: App, poll: Poll) -> None:
    status = await statuses.get(tx, poll.status_id)
    if status.local:
        await statuses_edited(tx, app, [status], app.now(), quietly=True)


async def schedule_end(tx: Transaction, poll: NewPoll | Poll) -> None:
    """Have `end_poll` run when the poll's time is over."""
    await jobs.enqueue(
        tx, "poll_end", {"poll_id": poll.id}, key=str(poll.id), due_at=poll.expires_at
    )
