"""Votes of other offices' people in our polls: each comes as the Create of a Note with a name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from activitypub.errors import Malformed
from activitypub.objects import Activity
from activitypub.ownership import check_vote
from activitypub.properties import id_of, text_of, uri_of
from fedimmp.app import App
from fedimmp.effects.interactions import voted
from fedimmp.inbound.received import Handler, Outcome, Received
from storage import polls, statuses
from storage.database import Transaction
from storage.polls import NewVote, Poll

_MAX_CHOICES = 20
_MAX_OPTION = 500


@dataclass(frozen=True, slots=True)
class Vote:
    """What somebody chose: the poll's post, and the names of options with the votes' ids."""

    status_uri: str
    choices: tuple[tuple[str, str | None], ...]


def is_vote(document: object) -> bool:
    """Tell whether an object is a vote rather than a post (as Mastodon tells them apart)."""
    return (
        isinstance(document, dict)
        and bool(document.get("name"))
        and not document.get("content")
        and not document.get("contentMap")
        and uri_of(document.get("inReplyTo")) is not None
    )


def read_vote(activity: Activity) -> Vote:
    """Return what the actor chose; GoToSocial sends several choices as one list."""
    objects: list[Any] = activity.object if isinstance(activity.object, list) else [activity.object]
    targets = {uri_of(each.get("inReplyTo")) for each in objects if isinstance(each, dict)}
    target = targets.pop() if len(targets) == 1 else None
    if target is None or not all(is_vote(each) for each in objects):
        raise Malformed("The votes are not all for one poll.")
    for each in objects:
        check_vote(activity, id_of(each), uri_of(each.get("attributedTo")))
    return Vote(
        target,
        tuple((text_of(each, "name", _MAX_OPTION), id_of(each)) for each in objects[:_MAX_CHOICES]),
    )


async def apply_vote(
    tx: Transaction, app: App, received: Received, vote: Vote, now: datetime
) -> Outcome:
    """Count votes for known options of a poll of ours that runs and that the actor may see."""
    status = await statuses.find_by_uri(tx, vote.status_uri)
    if status is None or not status.local:
        return Outcome.DONE
    voter_id = received.account.id
    if status.id not in await statuses.list_visible(tx, voter_id, [status.id]):
        return Outcome.DONE
    found = await polls.find_of_status(tx, status.id)
    poll = None if found is None else await polls.lock(tx, found.id)
    if poll is None or poll.has_ended(now):
        return Outcome.DONE
    before = await polls.list_choices(tx, poll.id, voter_id)
    votes = _new_votes(poll, vote, voter_id, before)
    stored = await polls.insert_votes(tx, poll, votes)
    if stored:
        await voted(tx, app, poll, stored, now)
    return Outcome.DONE


def _new_votes(poll: Poll, vote: Vote, voter_id: int, before: Sequence[int]) -> list[NewVote]:
    titles = [option["title"] for option in poll.options]
    chosen: dict[int, str | None] = {}
    for name, uri in vote.choices:
        if name in titles:
            chosen.setdefault(titles.index(name), uri)
    if not poll.multiple:
        # The first choice counts, and a second one never does.
        chosen = {} if before else dict(list(chosen.items())[:1])
    return [NewVote(voter_id, choice, uri) for choice, uri in chosen.items()]


VOTE = Handler(read_vote, apply_vote)
