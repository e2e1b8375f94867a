"""Polls as their entity."""

from collections.abc import Iterable
from typing import Any

from fedimmp.app import App
from fedimmp.entities.emojis import emoji_entities, emojis_in
from fedimmp.entities.times import maybe_timestamp
from storage.emojis import Emoji
from storage.polls import Ballot


def poll_entity(
    app: App, ballot: Ballot, viewer_id: int | None, emojis: Iterable[Emoji]
) -> dict[str, Any]:
    """Return the Poll entity as this viewer sees it; counts may be hidden until the end.

    `emojis` are those that its status names; the poll shows its own part of them.
    """
    poll = ballot.poll
    ended = poll.has_ended(app.now())
    titles = [option["title"] for option in poll.options]
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
        "emojis": emoji_entities(app, emojis_in(emojis, *titles)),
    }
    if viewer_id is not None:
        entity["voted"] = bool(ballot.own_votes) or viewer_id == poll.account_id
        entity["own_votes"] = list(ballot.own_votes)
    return entity
