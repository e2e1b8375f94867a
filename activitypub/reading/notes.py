"""Posts of peers become typed values."""

import math
import re
from datetime import datetime
from typing import Any

from activitypub.errors import Malformed
from activitypub.objects import Attachment, Mention, Note, Poll, PollOption
from activitypub.properties import (
    audience_of,
    count_of,
    first,
    flag_of,
    id_of,
    link_of,
    listed,
    localised,
    text_of,
    time_of,
    type_of,
    uri_of,
)
from activitypub.reading.parts import (
    MAX_DESCRIPTION,
    MAX_NAME,
    MAX_SUMMARY,
    MAX_TAGS,
    own_page,
    read_emojis,
    required_id,
    tags,
    type_among,
)
from activitypub.uris import shown
from activitypub.vocabulary import NOTE_TYPES

# Mastodon's limits (its FEDERATION.md), and ours where it names none.
MAX_CONTENT = 200_000
MAX_ATTACHMENTS = 16
MAX_OPTIONS = 500
MAX_OPTION = 500

_BLURHASH = re.compile(r"[A-Za-z0-9#$%*+,\-.:;=?@\[\]^_{|}~]{6,100}")

_HASHTAG = re.compile(r"\w{1,200}")

_FILES = frozenset({"Document", "Image", "Video", "Audio"})


def read_note(document: dict[str, Any]) -> Note:
    """Read a post of any type; raises Malformed.

    Required are an https id, a known type and an author; whether the author may own this id is
    for ownership.check_object to decide.
    """
    note_id = required_id(document, "post")
    kind = type_among(document, NOTE_TYPES, "post")
    author = uri_of(document.get("attributedTo"))
    if author is None:
        raise Malformed(f"{shown(note_id)} does not say who wrote it.")
    content, language = localised(document, "content", MAX_CONTENT)
    return Note(
        id=note_id,
        type=kind,
        attributed_to=author,
        url=own_page(document, note_id),
        content_html=content,
        summary=text_of(document, "summary", MAX_SUMMARY),
        language=language,
        published=time_of(document.get("published")),
        updated=time_of(document.get("updated")),
        in_reply_to=uri_of(document.get("inReplyTo")),
        to=audience_of(document.get("to")),
        cc=audience_of(document.get("cc")),
        sensitive=flag_of(document.get("sensitive")),
        attachments=_read_attachments(document),
        mentions=_read_mentions(document),
        hashtags=_read_hashtags(document),
        poll=_read_poll(document) if kind == "Question" else None,
        conversation=(id_of(document.get("conversation")) or "")[:MAX_NAME] or None,
        context=uri_of(document.get("context")),
        name=text_of(document, "name", MAX_NAME),
        emojis=read_emojis(tags(document, "Emoji")),
        quote=_read_quote(document),
    )


def _read_mentions(document: dict[str, Any]) -> tuple[Mention, ...]:
    found: dict[str, Mention] = {}
    for item in tags(document, "Mention"):
        if (href := uri_of(item.get("href"))) is not None:
            found.setdefault(href, Mention(href, text_of(item, "name", MAX_NAME)))
    return tuple(found.values())


def _read_hashtags(document: dict[str, Any]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for item in tags(document, "Hashtag"):
        name = text_of(item, "name", MAX_NAME).removeprefix("#")
        if _HASHTAG.fullmatch(name):
            found.setdefault(name.casefold(), name)
    return tuple(found.values())


def _read_attachments(document: dict[str, Any]) -> tuple[Attachment, ...]:
    found = []
    for item in listed(document.get("attachment"))[:MAX_TAGS]:
        if isinstance(item, dict) and type_of(item, tuple(_FILES)) in _FILES:
            link = link_of(item.get("url") or item.get("href"))
            if link is not None:
                found.append(_read_attachment(item, *link))
    return tuple(found[:MAX_ATTACHMENTS])


def _read_attachment(item: dict[str, Any], url: str, link_type: str | None) -> Attachment:
    own_type = item.get("mediaType")
    blurhash = item.get("blurhash")
    return Attachment(
        url=url,
        media_type=own_type if isinstance(own_type, str) and len(own_type) <= 100 else link_type,
        # GoToSocial and Honk describe in summary, the others in name.
        description=text_of(item, "summary", MAX_DESCRIPTION)
        or text_of(item, "name", MAX_DESCRIPTION),
        blurhash=blurhash if isinstance(blurhash, str) and _BLURHASH.fullmatch(blurhash) else None,
        width=count_of(item.get("width")),
        height=count_of(item.get("height")),
        focus=_read_focus(item.get("focalPoint")),
    )


def _read_focus(value: object) -> tuple[float, float] | None:
    if isinstance(value, dict):
        value = value.get("@list")
    match value:
        case [int() | float() as x, int() | float() as y] if math.isfinite(x) and math.isfinite(y):
            return max(-1.0, min(1.0, float(x))), max(-1.0, min(1.0, float(y)))
        case _:
            return None


def _read_poll(document: dict[str, Any]) -> Poll | None:
    multiple = document.get("anyOf") is not None
    items = listed(document.get("anyOf") if multiple else document.get("oneOf"))[:MAX_OPTIONS]
    options = []
    for item in items:
        if isinstance(item, dict) and (name := text_of(item, "name", MAX_OPTION)):
            replies = first(item.get("replies"))
            votes = count_of(replies.get("totalItems")) if isinstance(replies, dict) else 0
            options.append(PollOption(name, votes or 0))
    if not options:
        return None
    end_time = time_of(document.get("endTime"))
    return Poll(
        options=tuple(options),
        multiple=multiple,
        end_time=end_time,
        closed=_read_closed(document, end_time),
        voters_count=count_of(document.get("votersCount")),
    )


def _read_closed(document: dict[str, Any], end_time: datetime | None) -> datetime | None:
    closed = document.get("closed")
    if flag_of(closed):
        return end_time or time_of(document.get("updated")) or time_of(document.get("published"))
    return time_of(closed)


def _read_quote(document: dict[str, Any]) -> str | None:
    for name in ("quote", "quoteUrl", "quoteUri", "_misskey_quote"):
        if (uri := uri_of(document.get(name))) is not None:
            return uri
    return None
