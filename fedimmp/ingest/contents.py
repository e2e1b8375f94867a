"""What a reader sees of a remote post: text, warning, tags, files and poll, all made harmless."""

import html
import mimetypes
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from activitypub.objects import Attachment, Note, Poll
from fedimmp.render.sanitise import clean_html, clean_lines, clean_text, plain_text
from storage.ids import new_id
from storage.media import Kind, NewAttachment
from storage.polls import NewPoll, Option
from storage.statuses import NewTag

_MAX_SPOILER = 500
_MAX_TITLE = 500
# An article that is longer than this (characters) is shown by its opening.
_MAX_WHOLE = 1000
_MAX_OPENING = 500
_MAX_TAGS = 60
_MAX_DESCRIPTION = 1500
_MAX_OPTION = 200
# These carry their text as Mastodon does; others are shown by title, summary and link.
_PLAIN_TYPES = frozenset({"Note", "Question"})


@dataclass(frozen=True, slots=True)
class Content:
    """The readable parts of a post, ready to be stored."""

    html: str
    spoiler_text: str
    sensitive: bool
    tags: tuple[NewTag, ...]
    attachments: tuple[NewAttachment, ...]
    poll: NewPoll | None


def distinct_ids(now: datetime) -> Iterator[int]:
    """Make ids that differ from one another, as random ones of one millisecond soon would not."""
    made: set[int] = set()
    while True:
        fresh = new_id(now)
        if fresh not in made:
            made.add(fresh)
            yield fresh


def content_of(note: Note, ids: Iterator[int], now: datetime) -> Content:
    """Sanitise what a post says; every row that it needs takes one of the ids."""
    is_plain = note.type in _PLAIN_TYPES
    spoiler = clean_text(plain_text(note.summary), _MAX_SPOILER) if is_plain else ""
    return Content(
        html=_with_pages(note, _spoken(note) if is_plain else _linked(note)),
        spoiler_text=spoiler,
        sensitive=note.sensitive or bool(spoiler),
        tags=tags_of(note, ids),
        attachments=attachments_of(note, ids),
        poll=poll_of(note.poll, ids, now) if note.poll is not None else None,
    )


def tags_of(note: Note, ids: Iterator[int]) -> tuple[NewTag, ...]:
    """Return a post's hashtags, each with an id in case it is new here."""
    return tuple(NewTag(next(ids), name.casefold(), name) for name in note.hashtags[:_MAX_TAGS])


def attachments_of(note: Note, ids: Iterator[int]) -> tuple[NewAttachment, ...]:
    """Return a post's files as rows that are fetched when somebody looks at them."""
    return tuple(_attachment(next(ids), each) for each in note.attachments)


def poll_of(poll: Poll, ids: Iterator[int], now: datetime) -> NewPoll:
    """Return a poll with the counts that its own office tells."""
    return NewPoll(
        id=next(ids),
        options=options_of(poll),
        multiple=poll.multiple,
        expires_at=poll.end_time,
        voters_count=poll.voters_count or 0,
        closed_at=closed_at_of(poll, now),
    )


def options_of(poll: Poll) -> tuple[Option, ...]:
    """Return the answers of a poll and their counts."""
    return tuple(
        Option(title=clean_text(option.name, _MAX_OPTION), votes=option.votes)
        for option in poll.options
    )


def closed_at_of(poll: Poll, now: datetime) -> datetime | None:
    """Return when a poll ended, as its own office tells; None while it runs."""
    return min(poll.end_time or now, now) if poll.closed is True else poll.closed


def _spoken(note: Note) -> str:
    """Return the text of a Note; a few servers have nothing but a name."""
    return clean_html(note.content_html) or _paragraph(_title(note))


def _linked(note: Note) -> str:
    """Return title, summary and link of what is no Note, with its text where that is short."""
    title = _title(note)
    link = html.escape(note.url or note.id)
    parts = [
        f"<p><strong>{html.escape(title)}</strong></p>" if title else "",
        note.summary or _opening(note.content_html),
        f'<p><a href="{link}">{link}</a></p>',
    ]
    return clean_html("".join(parts))


def _title(note: Note) -> str:
    # Names are text, yet some servers escape them as if they were HTML.
    return clean_text(html.unescape(note.name), _MAX_TITLE)


def _opening(content: str) -> str:
    text = plain_text(clean_html(content))
    if len(text) <= _MAX_WHOLE:
        return content
    return _paragraph(clean_text(text, _MAX_OPENING) + "…")


def _with_pages(note: Note, content: str) -> str:
    """Add the pages that a post has attached, and that its text does not lead to anyway."""
    added = []
    for page in note.pages:
        link = html.escape(page.href)
        if f'"{link}"' not in content:
            label = html.escape(clean_text(page.name, _MAX_TITLE)) or link
            added.append(clean_html(f'<p><a href="{link}">{label}</a></p>'))
    return content + "".join(added)


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>" if text else ""


def _attachment(media_id: int, each: Attachment) -> NewAttachment:
    content_type = each.media_type or _guessed_type(each.url)
    return NewAttachment(
        id=media_id,
        kind=_kind(content_type),
        file_key=secrets.token_hex(16),
        content_type=content_type,
        remote_url=each.url,
        width=each.width,
        height=each.height,
        focus_x=each.focus[0] if each.focus else None,
        focus_y=each.focus[1] if each.focus else None,
        blurhash=each.blurhash,
        duration=each.duration,
        description=clean_lines(each.description, _MAX_DESCRIPTION) or None,
    )


def _guessed_type(url: str) -> str:
    return mimetypes.guess_type(urlsplit(url).path)[0] or "application/octet-stream"


def _kind(content_type: str) -> Kind:
    match content_type.partition("/")[0].lower():
        case "image":
            return "image"
        case "video":
            return "video"
        case "audio":
            return "audio"
        case _:
            return "unknown"
