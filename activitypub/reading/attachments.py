"""What posts carry: files of every form that the wire knows, and links."""

import math
import re
from typing import Any

from activitypub.objects import Attachment, LinkedPage
from activitypub.properties import (
    Link,
    count_of,
    flag_of,
    links_of,
    listed,
    media_type_of,
    seconds_of,
    text_of,
    type_of,
)
from activitypub.reading.parts import MAX_NAME, MAX_TAGS, description_of

MAX_ATTACHMENTS = 16
MAX_PAGES = 4

_FILES = ("Document", "Image", "Video", "Audio")
_MEDIA = frozenset({"image", "video", "audio"})
_BASE83 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
_BLURHASH = re.compile(f"[{re.escape(_BASE83)}]{{6,166}}")


def read_attachments(document: dict[str, Any]) -> tuple[Attachment, ...]:
    """Return the files of a post, the first 16 whose address can be asked for.

    What has an address but no type counts as a file.
    """
    found = []
    for item in _items(document):
        if type_of(item, _FILES) in (None, *_FILES):
            links = links_of(item.get("url") or item.get("href"))
            if links:
                found.append(_read_attachment(item, _best(links)))
    return tuple(found[:MAX_ATTACHMENTS])


def read_pages(document: dict[str, Any]) -> tuple[LinkedPage, ...]:
    """Return the web pages that a post has attached as Links: Lemmy's posts about something."""
    found: dict[str, LinkedPage] = {}
    for item in _items(document):
        if type_of(item, ("Link",)) == "Link":
            for link in links_of(item)[:1]:
                found.setdefault(link.href, LinkedPage(link.href, text_of(item, "name", MAX_NAME)))
    return tuple(found.values())[:MAX_PAGES]


def has_sensitive_file(document: dict[str, Any]) -> bool:
    """Say whether a file is to be hidden, as Misskey marks each one by itself."""
    return any(flag_of(item.get("sensitive")) for item in _items(document))


def _items(document: dict[str, Any]) -> list[dict[str, Any]]:
    items = listed(document.get("attachment"))[:MAX_TAGS]
    return [item for item in items if isinstance(item, dict)]


def _best(links: list[Link]) -> Link:
    """Return the first link to a picture, film or sound: PeerTube puts the page before them."""
    for link in links:
        if link.media_type is not None and link.media_type.partition("/")[0] in _MEDIA:
            return link
    return links[0]


def _read_attachment(item: dict[str, Any], link: Link) -> Attachment:
    blurhash = item.get("blurhash")
    return Attachment(
        url=link.href,
        media_type=link.media_type or media_type_of(item.get("mediaType")),
        description=description_of(item),
        blurhash=blurhash if isinstance(blurhash, str) and _is_blurhash(blurhash) else None,
        width=link.width or count_of(item.get("width")) or None,
        height=link.height or count_of(item.get("height")) or None,
        focus=_read_focus(item.get("focalPoint")),
        duration=seconds_of(item.get("duration")),
    )


def _is_blurhash(text: str) -> bool:
    # The first character tells how many components follow; apps crash on a wrong length.
    if not _BLURHASH.fullmatch(text):
        return False
    rows, columns = divmod(_BASE83.index(text[0]), 9)
    return rows < 9 and len(text) == 4 + 2 * (rows + 1) * (columns + 1)


def _read_focus(value: object) -> tuple[float, float] | None:
    if isinstance(value, dict):
        value = value.get("@list")
    match value:
        case [int() | float() as x, int() | float() as y] if math.isfinite(x) and math.isfinite(y):
            return max(-1.0, min(1.0, float(x))), max(-1.0, min(1.0, float(y)))
        case _:
            return None
