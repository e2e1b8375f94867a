"""Posts of peers become typed values."""

import html
from typing import Any

from activitypub.errors import Malformed
from activitypub.objects import Mention, Note
from activitypub.properties import (
    audience_of,
    first,
    flag_of,
    id_of,
    language_of,
    localised,
    media_type_of,
    text_of,
    time_of,
    uri_of,
)
from activitypub.reading.attachments import has_sensitive_file, read_attachments, read_pages
from activitypub.reading.consent import read_quote_policy, read_quoting
from activitypub.reading.parts import (
    MAX_NAME,
    MAX_SUMMARY,
    own_page,
    read_emojis,
    read_hashtag,
    required_id,
    tags,
    type_among,
)
from activitypub.reading.polls import read_poll
from activitypub.uris import shown
from activitypub.vocabulary import NOTE_TYPES

# Mastodon's limits (its FEDERATION.md), and ours where it names none.
MAX_CONTENT = 100_000


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
        content_html=_as_html(document, content),
        summary=text_of(document, "summary", MAX_SUMMARY),
        language=language or language_of(document.get("language")),
        published=time_of(document.get("published")),
        updated=time_of(document.get("updated")),
        in_reply_to=uri_of(document.get("inReplyTo")),
        to=audience_of(document.get("to")),
        cc=audience_of(document.get("cc")),
        direct=flag_of(document.get("directMessage")),
        sensitive=flag_of(document.get("sensitive")) or has_sensitive_file(document),
        attachments=read_attachments(document),
        pages=read_pages(document),
        mentions=_read_mentions(document),
        hashtags=_read_hashtags(document),
        poll=read_poll(document) if kind == "Question" else None,
        conversation=(id_of(document.get("conversation")) or "")[:MAX_NAME] or None,
        context=uri_of(document.get("context")),
        name=text_of(document, "name", MAX_NAME),
        emojis=read_emojis(tags(document, "Emoji")),
        quote=read_quoting(document),
        quote_policy=read_quote_policy(document),
        replies=_read_replies(document),
    )


def _as_html(document: dict[str, Any], content: str) -> str:
    # PeerTube sends Markdown: it is shown as it was written.
    if media_type_of(document.get("mediaType")) in (None, "text/html", "application/xhtml+xml"):
        return content
    return html.escape(content).replace("\n", "<br>")


def _read_replies(document: dict[str, Any]) -> dict[str, Any] | str | None:
    value = first(document.get("replies"))
    return value if isinstance(value, dict) else uri_of(value)


def _read_mentions(document: dict[str, Any]) -> tuple[Mention, ...]:
    found: dict[str, Mention] = {}
    for item in tags(document, "Mention"):
        if (href := uri_of(item.get("href"))) is not None:
            found.setdefault(href, Mention(href, text_of(item, "name", MAX_NAME)))
    return tuple(found.values())


def _read_hashtags(document: dict[str, Any]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for item in tags(document, "Hashtag"):
        if (name := read_hashtag(item)) is not None:
            found.setdefault(name.casefold(), name)
    return tuple(found.values())
