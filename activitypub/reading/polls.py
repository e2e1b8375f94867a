"""Polls of peers: a Question with its answers and their counts."""

from typing import Any

from activitypub.objects import Poll, PollOption
from activitypub.properties import count_of, first, flag_of, listed, text_of, time_of

MAX_OPTIONS = 500
MAX_OPTION = 500


def read_poll(document: dict[str, Any]) -> Poll | None:
    """Return the poll of a Question; None where it has no answer that could be chosen."""
    multiple = bool(listed(document.get("anyOf")))
    items = listed(document.get("anyOf") if multiple else document.get("oneOf"))[:MAX_OPTIONS]
    options = [
        PollOption(name, _read_votes(item))
        for item in items
        if isinstance(item, dict) and (name := text_of(item, "name", MAX_OPTION))
    ]
    if not options:
        return None
    return Poll(
        options=tuple(options),
        multiple=multiple,
        end_time=time_of(document.get("endTime")),
        closed=flag_of(document.get("closed")) or time_of(document.get("closed")),
        voters_count=_read_voters(document, options, multiple),
    )


def _read_votes(item: dict[str, Any]) -> int:
    replies = first(item.get("replies"))
    return count_of(replies.get("totalItems")) or 0 if isinstance(replies, dict) else 0


def _read_voters(document: dict[str, Any], options: list[PollOption], multiple: bool) -> int | None:
    told = count_of(document.get("votersCount"))
    if told is not None or multiple:
        return told
    # Where everybody has one vote, the votes tell how many there were.
    return min(sum(option.votes for option in options), 2**31 - 1)
