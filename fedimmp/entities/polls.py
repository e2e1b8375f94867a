"""Polls as their entity."""

from datetime import datetime
from typing import Any

from fedimmp.entities.times import maybe_timestamp
from storage.polls import Ballot


def poll_entity(ballot: Ballot, viewer_id: int | None, now: datetime) -> dict[str, Any]:
    """Return the Poll entity as this viewer sees it; counts may be hidden until the end."""
    poll = ballot.poll
    ended = poll.has_ended(now)
    shown = ended or not poll.hide_totals
    entity: dict[str, Any] = {
        "id": str(poll.id),
        "expires_at": maybe_timestamp(poll.expires_at),
        "expired": ended,
        "multiple": poll.multiple,
        "votes_count": sum(option["votes"] for option in poll.options),
        "voters_count": poll.voters_count,
        "options": [
            {"title": option["title"], "votes_count": option["votes"] if shown else None}
            for option in poll.options
        ],
        "emojis": [],
    }
    if viewer_id is not None:
        entity["voted"] = bool(ballot.own_votes) or viewer_id == poll.account_id
        entity["own_votes"] = list(ballot.own_votes)
    return entity
