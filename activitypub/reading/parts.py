"""What actors and posts have in common: ids, types, pages, images, tags."""

import re
import unicodedata
from typing import Any

from activitypub.errors import Malformed
from activitypub.objects import Emoji, Image
from activitypub.properties import (
    first,
    link_of,
    links_of,
    listed,
    text_of,
    time_of,
    type_of,
    uri_of,
)
from activitypub.uris import check_http_uri, same_origin

# Mastodon's limits (its FEDERATION.md), and ours where it names none.
MAX_NAME = 2048
MAX_SUMMARY = 20_000
MAX_DESCRIPTION = 10_000
MAX_TAGS = 500

# Joiners and dots within words, as Mastodon accepts them.
_INSIDE_HASHTAGS = frozenset("_\u00b7\u30fb\u200c\u200d")
_MAX_HASHTAG = 200
_SHORTCODE = re.compile(r"[A-Za-z0-9_]{1,200}")


def required_id(document: dict[str, Any], what: str) -> str:
    """Return the id of a document; raises Malformed unless it is an http(s) URI."""
    try:
        return check_http_uri(document.get("id"))
    except Malformed as error:
        raise Malformed(f"The {what} has no acceptable id: {error}") from error


def required_type(document: dict[str, Any], known: tuple[str, ...]) -> str:
    """Return the type, a known one where there are several; raises Malformed."""
    kind = type_of(document, known)
    if kind is None or len(kind) > 200:
        raise Malformed("The document has no type.")
    return kind


def type_among(document: dict[str, Any], known: tuple[str, ...], what: str) -> str:
    """Return the type, which must be a known one; raises Malformed."""
    kind = required_type(document, known)
    if kind not in known:
        raise Malformed(f"The document is no {what}, but a {kind[:50]!r}.")
    return kind


def own_uri(value: object, owner: str) -> str | None:
    """Return the URI in a value if it lies on the owner's origin, else None."""
    uri = uri_of(value)
    return uri if uri is not None and same_origin(uri, owner) else None


def own_page(document: dict[str, Any], owner: str) -> str:
    """Return the page on the document's own host: another one would lend a false face.

    A Link to HTML comes first, then the first one without a media type; a film is no page.
    """
    links = [
        each for each in links_of(document.get("url")) if each.media_type in (None, "text/html")
    ]
    links.sort(key=lambda link: link.media_type is None)
    return next((each.href for each in links if same_origin(each.href, owner)), owner)


def read_image(value: object) -> Image | None:
    """Return the first image of a value, None where there is none."""
    item = first(value)
    link = link_of(item)
    if link is None:
        return None
    if not isinstance(item, dict):
        return Image(link.href)
    return Image(link.href, link.media_type, description_of(item))


def description_of(item: dict[str, Any]) -> str:
    """Return the alternative text: GoToSocial and Honk write it to summary, others to name."""
    return text_of(item, "summary", MAX_DESCRIPTION) or text_of(item, "name", MAX_DESCRIPTION)


def tags(document: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Return the tags of one type."""
    return [
        item
        for item in listed(document.get("tag"))[:MAX_TAGS]
        if isinstance(item, dict) and type_of(item, (kind,)) == kind
    ]


def read_hashtag(item: object) -> str | None:
    """Return the name of a Hashtag without its #, as it is written; None for anything else."""
    if not isinstance(item, dict) or type_of(item, ("Hashtag",)) != "Hashtag":
        return None
    name = text_of(item, "name", MAX_NAME).removeprefix("#")
    return name if len(name) <= _MAX_HASHTAG and _is_hashtag(name) else None


def _is_hashtag(name: str) -> bool:
    # Many scripts write vowels as marks. A number alone is no topic.
    return any(char.isalpha() for char in name) and all(
        char.isalnum() or char in _INSIDE_HASHTAGS or unicodedata.category(char) in ("Mn", "Mc")
        for char in name
    )


def read_emojis(tags: list[dict[str, Any]]) -> tuple[Emoji, ...]:
    """Return the custom emoji among Emoji tags, each name once."""
    found: dict[str, Emoji] = {}
    for item in tags:
        name = text_of(item, "name", MAX_NAME).strip(":")
        icon = read_image(item.get("icon"))
        if icon is not None and _SHORTCODE.fullmatch(name):
            found[name] = Emoji(name, icon.url, icon.media_type, time_of(item.get("updated")))
    return tuple(found.values())
